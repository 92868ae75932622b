"""A catalogue that is a connection of DuckDB, so that a test can ask Athena's SQL of tables that it has made."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from localathena.sql.python_functions import prepare
from localathena.sql.scope import Table
from localathena.sql.statements import translate


class InDuckdb:
    """The tables of a connection's schema `lake`."""

    name, database = "awsdatacatalog", "lake"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def relation(self, database: str, name: str) -> Table | None:
        """A table; None when it is not there."""
        asked = (
            "SELECT column_name, lower(data_type) FROM information_schema.columns "
            "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"
        )
        found = self._connection.execute(asked, [database, name]).fetchall()
        return Table(tuple(found), f'"{database}"."{name}"') if found else None

    def databases(self) -> Sequence[str]:
        """The schema."""
        return [self.database]

    def relations(self, database: str) -> Sequence[tuple[str, str]]:
        """None: no test asks."""
        return []


def as_duckdb(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """A query in DuckDB's words, with the names of its columns; the functions that it needs are made."""
    translation = translate(sql, InDuckdb(connection))
    prepare(connection, translation.sql)
    names = ", ".join(f'c{number} AS "{name}"' for number, (name, _) in enumerate(translation.columns))
    return f"SELECT {names} FROM ({translation.sql}) AS answer"
