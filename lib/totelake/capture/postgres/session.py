"""Queries on a connection to the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Union

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import TRANSACTION_STATUS_INTRANS

from totelake.contracts.model import Table
from totelake.ports.postgres import Connection

Query = Union[str, sql.Composable]
# a row of any query: its values have the types that the query's columns have
Row = tuple[Any, ...]


class Sink(Protocol):
    """What takes a copy's bytes."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


class Session:
    """Queries on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, query: Query, parameters: Sequence[object] | Mapping[str, object] | None = None) -> list[Row]:
        """All rows of a query."""
        with self._connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall())

    def row(self, query: Query, parameters: Sequence[object] | Mapping[str, object] | None = None) -> Row:
        """The only row of a query."""
        return self.rows(query, parameters)[0]

    def row_unless(self, refusals: Sequence[str], query: Query) -> Row | None:
        """The only row of a query; None when the server answers one of these SQLSTATEs. A transaction goes on."""
        inside = self._connection.info.transaction_status == TRANSACTION_STATUS_INTRANS
        if inside:
            self.run("SAVEPOINT attempt")
        try:
            found: Row | None = self.row(query)
        except psycopg2.Error as error:
            if error.pgcode not in refusals:
                raise
            found = None
            if inside:
                self.run("ROLLBACK TO SAVEPOINT attempt")
        if inside:
            self.run("RELEASE SAVEPOINT attempt")
        return found

    def run(self, statement: Query) -> None:
        """A statement without a result."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def copy(self, query: sql.Composable, sink: Sink) -> None:
        """Stream a query's rows as CSV below a header: `sink.write` is called with one whole row as bytes each time."""
        statement = sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, HEADER, ENCODING 'UTF8')").format(query)
        with self._connection.cursor() as cursor:
            cursor.copy_expert(statement, sink)


def table_name(table: Table) -> sql.Identifier:
    """The quoted, qualified name of a contract's table."""
    return sql.Identifier(table.schema, table.name)
