"""The Data Catalog as the translation of Athena's SQL sees it, and values as `totelake query` has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from localathena.sql.answers import text
from localathena.sql.scope import Table, View
from localathena.sql.types import Type
from totelake.contracts.identifiers import sql_quoted
from totelake.lake.tables import VIEW_TYPE, columns_of
from totelake.lake.views import view_sql
from totelake.ports.schema_catalog import Document
from totelake.query.athena_sql import CATALOG

# values that Python has no type for, or one that says less than Athena's text
_AS_TEXT = (
    "timestamp with time zone", "interval day to second", "interval year to month", "array", "map", "row", "time",
)  # fmt: skip


class Described:
    """Tables and views of the Data Catalog; what is asked for is fetched then."""

    name = CATALOG

    def __init__(
        self,
        database: str,
        table: Callable[[str, str], Document],
        names: Callable[[str], Sequence[tuple[str, bool]]],
        databases: Callable[[], Sequence[str]],
    ) -> None:
        self.database, self._table, self._names, self.databases = database, table, names, databases

    def relation(self, database: str, name: str) -> Table | View:
        """A table or view. Raises what `table` raises for what is not there."""
        document = self._table(database, name)
        keys = [(item["Name"], item.get("Type", "string")) for item in document.get("PartitionKeys") or ()]
        columns = (*columns_of(document), *keys)
        if document.get("TableType") == VIEW_TYPE:
            return View(columns, view_sql(document), database)
        return Table(columns, f"{sql_quoted(database)}.{sql_quoted(name)}")

    def relations(self, database: str) -> Sequence[tuple[str, str]]:
        """What a database has."""
        return [(name, "VIEW" if is_view else "BASE TABLE") for name, is_view in self._names(database)]


def shown(value: Any, kind: Type) -> Any:
    """A value as Python has it, and Athena's text of what Python has not."""
    if kind.name == "real" and value is not None:
        return float(value)
    return text(value, kind) if kind.name in _AS_TEXT else value
