"""A feed's table as its contract describes it: what a record becomes, and which key it has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from totelake.capture.events import EventTable
from totelake.capture.ledger.keys import Key
from totelake.contracts.key_kinds import TEXT, key_kind
from totelake.contracts.model import Column, Table
from totelake.feeds.values import EXACT, MisfitError, as_text, fitted, plain
from totelake.lake.records.batch import BlockedTable, TableState
from totelake.schemas.changes import changed_key
from totelake.schemas.columns import SourceColumn, TableSchema


class RecordError(ValueError):
    """A record that does not fit its table: the rule that it breaks, the column, its value and why.

    `number` is the record's key where that is one number and known all the same.
    """

    def __init__(self, rule: str, column: str, value: str | None, why: str, number: int | None = None) -> None:
        super().__init__(why)
        self.rule, self.column, self.value, self.why, self.number = rule, column, value, why, number


class FeedTable:
    """A table of a feed: schema and key in the lake, and how a record is fitted into it."""

    def __init__(self, table: Table) -> None:
        self.contract, self.name = table, table.name
        columns = tuple(SourceColumn.captured(item.name, item.type, item.required, item.enum) for item in table.columns)
        self.schema = TableSchema.made_of(columns)
        self.arrow = pa.schema([pa.field(column.name, column.arrow) for column in columns])
        kinds = tuple(key_kind(column.type) or TEXT for column in table.key)
        self.key = Key(table.key_names, kinds)
        self._plain = [column for column in table.columns if not column.number_of]
        self._made = [column for column in table.columns if column.number_of]
        self.names = frozenset(column.name for column in self._plain)

    @property
    def events(self) -> EventTable:
        """The table as its events have it."""
        return EventTable(self.name, self.key, self.arrow)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that every record has."""
        return tuple(column.name for column in self._plain if column.required)

    def row(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record's values by column, those that are made of others with them. Raises RecordError."""
        row: dict[str, Any] = {}
        wrong: list[tuple[Column, MisfitError]] = []
        for column in self._plain:
            try:
                row[column.name] = fitted(column, record.get(column.name))
            except MisfitError as error:
                wrong.append((column, error))
        for column in self._made:
            if all(name in row for name in column.number_of):
                row[column.name] = number_of([row[name] for name in column.number_of])
        if wrong:
            column, misfit = wrong[0]
            number = row.get(self.key.name) if self.key.is_number else None
            value = as_text(record.get(column.name))
            raise RecordError(misfit.rule, column.name, value, f"{column.name}: {misfit.why}", number)
        return row

    def blocked_since(self, before: TableState | None) -> BlockedTable | None:
        """Why nothing can be taken after that state: its records are known by another key. None where they are not.

        A key whose column is gone was renamed, and goes on.
        """
        if before is None:
            return None
        known = Key.recorded(before.key, before.key_kind)
        is_kept = known.names == self.key.names or not set(self.arrow.names).issuperset(known.names)
        if is_kept and known.kinds == self.key.kinds:
            return None
        old, new = (key.name if known.kinds == self.key.kinds else key.described for key in (known, self.key))
        why = (
            f"{self.contract.id} was taken under the key {old}; its key now is {new}, and records taken under the old "
            f"key cannot be matched to the new one; make {old} the key in its contract again, or give the new key to a "
            "dataset of another name"
        )
        return BlockedTable(changed_key(self.name, old, new), why)

    def key_alone(self, number: int) -> dict[str, Any]:
        """A row of which nothing but its key, one number, is known."""
        return {**dict.fromkeys(self.arrow.names), self.key.name: number}

    def unknown(self, record: Mapping[str, Any]) -> list[str]:
        """The names that a record has a value for and the contract does not know, or makes itself; in their order."""
        return sorted(name for name, value in record.items() if value is not None and name not in self.names)

    def texts(self, record: Mapping[str, Any], number: int | None) -> dict[str, str | None]:
        """A record's values as texts, as the quarantine keeps them and a replay reads: its columns, then what else it
        has."""
        known = {column.name: as_text(record.get(column.name)) for column in self._plain}
        others = {name: _text_of_any(record[name]) for name in self.unknown(record)}
        return {**known, **others, **{column.name: as_text(number) for column in self._made}}

    def batch(self, rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
        """Rows in Arrow's form."""
        return pa.RecordBatch.from_arrays(
            [pa.array([row[field.name] for row in rows], field.type) for field in self.arrow], schema=self.arrow
        )


def number_of(values: Sequence[Any]) -> int:
    """A number that stands for these values: from 0 up to 2**63, the same on every machine and for ever.

    Among a million records two with other values have one number with a chance of 1 to 18 million.
    """
    texts = json.dumps([_canonical(value) for value in values], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(texts.encode("ascii")).digest()[:8], "big") >> 1


def _text_of_any(value: Any) -> str | None:
    """A value of no column as a text; what JSON nests as JSON."""
    is_nested = isinstance(value, (dict, list))
    return json.dumps(value, default=as_text, ensure_ascii=False) if is_nested else as_text(value)


def _canonical(value: Any) -> str:
    """One text for each value: a number is the same in every scale."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(value.normalize(EXACT)) if value else "0"
    return as_text(value) or ""
