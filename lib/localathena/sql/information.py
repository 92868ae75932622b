"""information_schema, as far as it is asked: schemata, tables, views and columns of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from localathena.sql import types
from localathena.sql.quoting import quoted
from localathena.sql.refusals import refuse
from localathena.sql.scope import Catalog, Query

_COLUMNS: dict[str, tuple[str, ...]] = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": (
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default",
        "is_nullable", "data_type",
    ),
}  # fmt: skip


def information(catalog: Catalog, name: str) -> Query:
    """One of its tables as a query."""
    if name not in _COLUMNS:
        refuse("TABLE_NOT_FOUND", f"Table '{catalog.name}.information_schema.{name}' does not exist")
    made = {"schemata": _schemata, "tables": _tables, "views": _views, "columns": _columns}[name](catalog)
    kinds = [types.BIGINT if column == "ordinal_position" else types.VARCHAR for column in _COLUMNS[name]]
    return listed(_COLUMNS[name], kinds, made)


def listed(names: Sequence[str], kinds: Sequence[types.Type], rows: Sequence[Sequence[object]]) -> Query:
    """Rows as a query."""
    columns = tuple(zip(names, kinds))
    empty = ", ".join(f"CAST(NULL AS {kind.duckdb}) AS c{number}" for number, kind in enumerate(kinds))
    if not rows:
        return Query(f"SELECT {empty} WHERE false", columns)
    written = ", ".join("(" + ", ".join(_written(item) for item in row) + ")" for row in rows)
    casts = ", ".join(f"CAST(c{number} AS {kind.duckdb}) AS c{number}" for number, kind in enumerate(kinds))
    aliases = ", ".join(f"c{number}" for number in range(len(kinds)))
    return Query(f"SELECT {casts} FROM (VALUES {written}) AS v({aliases})", columns)


def _written(item: object) -> str:
    return "NULL" if item is None else str(item) if isinstance(item, int) else quoted(str(item))


def _schemata(catalog: Catalog) -> list[tuple[object, ...]]:
    return [(catalog.name, name) for name in sorted({*catalog.databases(), "information_schema"})]


def _all(catalog: Catalog) -> list[tuple[str, str, str]]:
    return [(database, name, kind) for database in catalog.databases() for name, kind in catalog.relations(database)]


def _tables(catalog: Catalog) -> list[tuple[object, ...]]:
    own = [(catalog.name, "information_schema", name, "BASE TABLE") for name in _COLUMNS]
    return [*((catalog.name, database, name, kind) for database, name, kind in _all(catalog)), *own]


def _views(catalog: Catalog) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for database, name, kind in _all(catalog):
        view = catalog.relation(database, name) if kind == "VIEW" else None
        if view is not None:
            found.append((catalog.name, database, name, getattr(view, "sql", "")))
    return found


def _columns(catalog: Catalog) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for database, name, _ in _all(catalog):
        table = catalog.relation(database, name)
        for number, (column, kind) in enumerate(table.columns if table else (), 1):
            found.append((catalog.name, database, name, column, number, None, "YES", str(types.type_of(kind))))
    return found
