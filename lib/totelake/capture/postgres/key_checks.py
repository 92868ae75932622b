"""Whether a table's rows are identified as its contract says, by columns that a key may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from totelake.capture.blocked import BlockedError
from totelake.capture.ledger.keys import Key
from totelake.capture.postgres.unique_indexes import UniqueIndex
from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.key_kinds import ALL_KINDS, DIGITS, MOST_COLUMNS, NUMBER, key_kind
from totelake.contracts.model import Table
from totelake.contracts.types import is_text
from totelake.lake.records.batch import BlockedTable
from totelake.schemas.changes import changed_key
from totelake.schemas.columns import SourceColumn


@dataclass(frozen=True)
class TablePlace:
    """A contract's table, its qualified name in the source and its columns there by attribute number."""

    table: Table
    where: str
    columns: Mapping[int, SourceColumn]

    def named(self, attributes: Sequence[int]) -> list[SourceColumn]:
        """The columns with these numbers; an expression has none."""
        return [self.columns[number] for number in attributes if number in self.columns]


def identifying(place: TablePlace, name: str, indexes: Mapping[str, UniqueIndex]) -> Sequence[int]:
    """The attributes of the index that identifies the rows. Raises BlockedError where it does not."""
    index = indexes.get(name)
    if index is not None and not index.problem:
        return index.attributes
    table, columns = place.table, ", ".join(map(sql_quoted, place.table.key_names))
    why = f"the unique index {name} of {place.where} {index.problem}" if index else f"{place.where} has no index {name}"
    better = sql_quoted(f"{name}_of_all"[-63:])
    why += (
        f", so it does not identify every row; CREATE UNIQUE INDEX {better} ON {place.where} ({columns}), once each "
        "is NOT NULL, and name it as uniqueIndex in its contract"
    )
    raise BlockedError(BlockedTable(changed_key(table.name, table_key(table), _listed(place.named(_of(index)))), why))


def checked_key(place: TablePlace, attributes: Sequence[int]) -> Key:
    """The key of a table whose rows these attributes identify. Raises BlockedError for one that is none."""
    table, where, found = place.table, place.where, place.named(attributes)
    change = changed_key(table.name, table_key(table), _listed(found))
    wrong = [column for column in found if key_kind(column.type) is None]
    if not found:
        columns = ", ".join(map(sql_quoted, table.key_names))
        why = (
            f"{where} has no primary key, so its rows are not identified; ALTER TABLE {where} ADD PRIMARY KEY "
            f"({columns}), or name a unique index on columns that are NOT NULL as uniqueIndex in its contract"
        )
    elif len(found) > MOST_COLUMNS:
        why = f"the key of {where} has {len(found)} columns, and a key may have {MOST_COLUMNS}; give it a shorter one"
    elif wrong:
        has = f"{where}.{wrong[0].name} is of the type {wrong[0].type}"
        why = f"{has}, which no key of the lake has; give it a key of columns that are {ALL_KINDS}"
    elif {column.name for column in found} != set(table.key_names):
        wanted, index = table_key(table), table.unique_index
        what, again = (
            (f"unique index {index}", f"let the index be on {wanted}")
            if index
            else ("primary key", f"make {wanted} the primary key")
        )
        why = (
            f"the {what} of {where} is {_names(found)}, its contract and all that was captured say {wanted}; "
            f"{again} again"
        )
    else:
        kinds = {column.name: _kind(column) for column in found}
        return Key(table.key_names, tuple(kinds[name] for name in table.key_names))
    raise BlockedError(BlockedTable(change, why))


def table_key(table: Table) -> str:
    """A contract's key, for people and in changes."""
    return ", ".join(table.key_names)


def _kind(column: SourceColumn) -> str:
    kind = key_kind(column.type) or ""
    return DIGITS if kind == NUMBER and is_text(column.plain_type) else kind


def _of(index: UniqueIndex | None) -> Sequence[int]:
    return index.attributes if index is not None else ()


def _names(columns: Sequence[SourceColumn]) -> str:
    return ", ".join(column.name for column in columns)


def _listed(columns: Sequence[SourceColumn]) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in columns) or "none"
