"""What the dictionary says of each table, gathered from contracts, lineage and registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from totelake.contracts import Contracts
from totelake.contracts.model import SOURCE, Column, Table, inputs_of
from totelake.contracts.queries import Query
from totelake.registry.registered import Version
from totelake.schemas.impact import Impact, impact_of


@dataclass(frozen=True)
class Entry:
    """One table: what uses it, which star tables are built of it, the source tables that it is built of (`inputs`), and
    its registered versions, the oldest first; None where the registry was not asked."""

    table: Table
    impact: Impact
    inputs: tuple[Table, ...]
    built: tuple[str, ...]
    versions: tuple[Version, ...] | None = None

    @property
    def file(self) -> str:
        """The name of its page."""
        return file_of(self.table)


def file_of(table: Table) -> str:
    """The name of a table's page: a star table's name is unique, a source table's within its source alone."""
    return f"{table}.html"


def entries_of(contracts: Contracts, versions: Mapping[str, Sequence[Version]] | None = None) -> list[Entry]:
    """An entry for each table of every source and of the warehouse; `versions` by the table as `str` gives it."""
    tables = [*contracts.all_source_tables(), *contracts.star_tables()]
    known = {str(table): table for table in tables}
    return [_entry(table, known, versions) for table in tables]


def _entry(table: Table, known: Mapping[str, Table], versions: Mapping[str, Sequence[Version]] | None) -> Entry:
    impact = impact_of(table)
    is_source = table.kind == SOURCE
    inputs = () if is_source else tuple(known[str(item)] for item in inputs_of(table))
    return Entry(
        table=table,
        impact=impact,
        inputs=inputs,
        built=impact.tables if is_source else (),
        versions=None if versions is None else tuple(versions.get(str(table), ())),
    )


def meaning(column: Column) -> str:
    """What a column means and which values it may have, in words."""
    parts = [column.description] if column.description else []
    if column.enum:
        parts.append(f"one of {', '.join(column.enum)}")
    if column.minimum is not None and column.maximum is not None:
        parts.append(f"from {column.minimum} to {column.maximum}")
    elif column.minimum is not None:
        parts.append(f"{column.minimum} or more")
    elif column.maximum is not None:
        parts.append(f"{column.maximum} or less")
    if column.pattern:
        parts.append(f"reads as {column.pattern}")
    if column.unique:
        parts.append("unique")
    if column.default is not None:
        parts.append(f"{column.default} where none is given")
    if column.serial:
        parts.append("numbered by the warehouse")
    if column.number_of:
        parts.append(f"a number for {', '.join(column.number_of)}")
    return "; ".join(parts)


def asked_by(queries: Mapping[str, Query], impact: Impact) -> list[Query]:
    """The queries that read a table."""
    return [queries[name] for name in impact.queries]
