"""The contracts: sources, tables, columns, keys and lineage. All code reads them here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from totelake.contracts.documents import documents
from totelake.contracts.model import DIMENSION, FACT, Table, TableId, inputs_of
from totelake.contracts.parse import parse_tables
from totelake.contracts.pipeline import pipeline_of
from totelake.contracts.sources import Source, sources_of
from totelake.errors import ContractError


@dataclass(frozen=True)
class Contracts:
    """All sources, all tables and the pipeline's description.

    `by_id` are the source tables, `stars` the tables of the warehouse by name.
    """

    sources: Mapping[str, Source]
    by_id: Mapping[TableId, Table]
    stars: Mapping[str, Table]
    pipeline: Mapping[str, Any]

    def source(self, name: str) -> Source:
        """The source of that name. Raises ContractError when there is none."""
        if name not in self.sources:
            raise ContractError(f"catalog/sources has no {name}; it has {', '.join(self.sources) or 'no source'}")
        return self.sources[name]

    def source_tables(self, source: str) -> tuple[Table, ...]:
        """The tables of one source, parents before children; none for an unknown source."""
        return in_dependency_order([table for table in self.by_id.values() if table.source == source])

    def all_source_tables(self) -> tuple[Table, ...]:
        """The tables of every source."""
        return tuple(table for source in self.sources for table in self.source_tables(source))

    def find_table(self, table: TableId) -> Table | None:
        """The contract of a source table; None when there is none."""
        return self.by_id.get(table)

    def table(self, table: TableId) -> Table:
        """The contract of a source table. Raises ContractError when there is none."""
        if table not in self.by_id:
            known = ", ".join(item.name for item in self.source_tables(table.source)) or "none"
            raise ContractError(f"no contract in catalog/sources/{table.source} names {table.name}; it has {known}")
        return self.by_id[table]

    def star(self, name: str) -> Table:
        """The star table of that name. Raises ContractError when there is none."""
        if name not in self.stars:
            raise ContractError(f"the warehouse has no table {name}; it has {', '.join(sorted(self.stars)) or 'none'}")
        return self.stars[name]

    def dimensions(self, source: str | None = None) -> tuple[Table, ...]:
        """The dimensions, all or those built from one source."""
        return self._of_kind(DIMENSION, source)

    def facts(self, source: str | None = None) -> tuple[Table, ...]:
        """The facts, all or those built from one source."""
        return self._of_kind(FACT, source)

    def star_tables(self, source: str | None = None) -> tuple[Table, ...]:
        """Dimensions first, then facts: the order in which rows can be inserted."""
        return self.dimensions(source) + self.facts(source)

    def dependents(self, table: TableId) -> tuple[Table, ...]:
        """The star tables built from a source table; they wait while it is held."""
        return tuple(star for star in self.star_tables() if table in inputs_of(star))

    def driving_table(self, star: Table) -> Table:
        """The source table whose every event makes a row of the star table. Raises ContractError when there is none."""
        if star.driving is None:
            raise ContractError(f"{star.name} has no drivingTable; its rows are made otherwise")
        return self.table(TableId(star.source, star.driving))

    def find(self, text: str) -> Table:
        """The table that a person names: a star table, `source.table`, or the plain name when only one source has it.

        Raises ContractError when no table or more than one has that name.
        """
        if text in self.stars:
            return self.stars[text]
        matching = [table for table in self.by_id.values() if text in (table.name, str(table.id))]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise ContractError(f"{text} is a table of several sources; name one of {_names(matching)}")
        known = [*self.all_source_tables(), *self.star_tables()]
        raise ContractError(f"no contract under catalog/ names the table {text}; known are {_names(known)}")

    def _of_kind(self, kind: str, source: str | None) -> tuple[Table, ...]:
        return tuple(table for table in self.stars.values() if table.kind == kind and source in (None, table.source))


def _names(tables: Iterable[Table]) -> str:
    return ", ".join(str(table) for table in tables)


def in_dependency_order(tables: list[Table]) -> tuple[Table, ...]:
    """The tables sorted so that each follows those that it refers to. Raises ContractError on a cycle."""
    by_name = {table.name: table for table in tables}
    done: dict[str, Table] = {}

    def visit(table: Table, path: tuple[str, ...]) -> None:
        if table.name in path:
            raise ContractError(f"the foreign keys {' -> '.join(path + (table.name,))} form a cycle; break it")
        for column in table.columns:
            parent = column.foreign_key and by_name.get(column.foreign_key.table)
            if parent and parent.name not in done and parent is not table:
                visit(parent, path + (table.name,))
        done[table.name] = table

    for table in tables:
        if table.name not in done:
            visit(table, ())
    return tuple(done.values())


@lru_cache(maxsize=1)
def load_contracts() -> Contracts:
    """The contracts of this installation, read once. Raises ContractError when one is malformed."""
    return parse_contracts(documents())


def parse_contracts(files: Mapping[str, Any]) -> Contracts:
    """Build the contracts from parsed documents and check that their parts agree. Raises ContractError."""
    sources = sources_of(files)
    by_id, stars = parse_tables(files, sources)
    return Contracts(sources, by_id, stars, pipeline_of(files))
