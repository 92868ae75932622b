"""What a change of a table or column reaches: warehouse columns, views, queries and dashboard tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from totelake.contracts import load_contracts
from totelake.contracts.conversions import conversions, converted_from
from totelake.contracts.dashboards import Tile, tiles_of
from totelake.contracts.documents import documents
from totelake.contracts.lineage import Lineage, lineage, relations_of
from totelake.contracts.model import SOURCE, Column, Table, TableId


@dataclass(frozen=True)
class Impact:
    """What uses a table or column. Columns read `table.column`, tiles `dashboard: title`."""

    subject: str
    columns: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    tiles: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """The star tables with such columns."""
        return tuple(sorted({column.split(".", 1)[0] for column in self.columns}))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    def __str__(self) -> str:
        if not self.columns:
            return f"nothing uses {self.subject}"
        parts = (("", self.columns), ("views ", self.views), ("queries ", self.queries), ("tiles ", self.tiles))
        return f"{self.subject} is used by " + "; ".join(f"{kind}{', '.join(names)}" for kind, names in parts if names)


def impact_of(table: Table | TableId | str, column: str | None = None) -> Impact:
    """What uses a table, or one column of it: nothing for a table or column that no contract names.

    A source table may be given by its id, and any table by a name as `Contracts.find` takes it. Raises ContractError
    for a name that tables of several sources have.
    """
    return find_impact(_subject(table), column, load_contracts().star_tables(), _lineage(), _tiles())


def _subject(table: Table | TableId | str) -> TableId | str:
    """The id of a source table, the name of any other."""
    if isinstance(table, str):
        known = [*load_contracts().all_source_tables(), *load_contracts().star_tables()]
        if not any(table in (item.name, str(item)) for item in known):
            return table
        table = load_contracts().find(table)
    if isinstance(table, TableId):
        return table
    return table.id if table.kind == SOURCE else table.name


@lru_cache(maxsize=1)
def _lineage() -> Lineage:
    return lineage(documents(), load_contracts().star_tables())


@lru_cache(maxsize=1)
def _tiles() -> tuple[Tile, ...]:
    return tiles_of(documents())


def find_impact(
    table: TableId | str, column: str | None, stars: Sequence[Table], read: Lineage, tiles: Sequence[Tile]
) -> Impact:
    """As `impact_of`, over these star tables, what queries read, and tiles; a name is that of a star table."""
    hit: dict[str, set[str]] = {}
    for star in stars:
        found = {item.name for item in star.columns if _comes_from(star, item, table, column)}
        if found:
            hit[star.name] = found
    reached = {relation: hit[star.name] for star in stars if star.name in hit for relation in relations_of(star)}
    converted = _converted(stars, hit)
    reached.update(converted)
    queries = tuple(name for name, columns in read.items() if _reads(columns, reached))
    views = [view for star in stars if star.name in hit for view in _views(star)]
    return Impact(
        subject=f"{table}.{column}" if column else str(table),
        columns=tuple(f"{star.name}.{item}" for star in stars for item in star.column_names if _in(hit, star, item)),
        views=tuple(dict.fromkeys([*views, *converted])),
        queries=queries,
        tiles=tuple(str(tile) for tile in tiles if tile.query in queries),
    )


def _comes_from(star: Table, item: Column, table: TableId | str, column: str | None) -> bool:
    if not isinstance(table, TableId):
        return star.name == table and column in (None, item.name)
    if star.source != table.source:
        return False
    return any(source.table == table.name and column in (None, source.column) for source in item.sources)


def _in(hit: Mapping[str, set[str]], star: Table, item: str) -> bool:
    return item in hit.get(star.name, ())


def _converted(stars: Sequence[Table], hit: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The views of amounts in one currency that show what is hit, with the columns that do."""
    found = {}
    for item in conversions({star.name: star for star in stars}, {}):
        made = converted_from(item).items()
        own = {name for name, origins in made if any(column in hit.get(table, ()) for table, column in origins)}
        if own or item.fact.name in hit:
            found[item.conversion.view] = own | hit.get(item.fact.name, set())
    return found


def _reads(columns: Mapping[str, Sequence[str]], reached: Mapping[str, set[str]]) -> bool:
    return any(not reached.get(relation, set()).isdisjoint(names) for relation, names in columns.items())


def _views(star: Table) -> list[str]:
    more = [star.alias] if star.alias else []
    return [name for name in relations_of(star) if name != star.name] + more
