"""Queries on a connection to the source, each inside a transaction that has settings of its own.

A role, a database or a server may set anything for every session. `SET LOCAL` overrides it until the transaction ends,
so it leaves nothing behind on a connection that a pooler hands to somebody else, and startup parameters, which poolers
refuse, are not needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Callable, Protocol, Union

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from totelake.contracts.model import Table
from totelake.ports.postgres import Connection
from totelake.ports.postgres_errors import is_of_locks, is_of_table, said

Query = Union[str, sql.Composable]
# a table by its schema and its plain name
Name = tuple[str, str]
# a row of any query: its values have the types that the query's columns have
Row = tuple[Any, ...]
LOCK_TIMEOUT = "'2s'"
_SETTINGS = {
    "statement_timeout": "'55min'",
    "lock_timeout": LOCK_TIMEOUT,
    "idle_in_transaction_session_timeout": "0",
    "exit_on_error": "off",
    # catalog functions write names with their schema then, whoever asks
    "search_path": "pg_catalog",
    "row_security": "off",
    "TimeZone": "'UTC'",
    "DateStyle": "'ISO'",
    "IntervalStyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    # how money is written, and how many of its digits are behind the point
    "lc_monetary": "'C'",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
}
# settings that older servers do not know, by the first version that has them
_NEWER_SETTINGS = {170000: {"transaction_timeout": "0"}}
_RAW = "SQL_ASCII"


class Sink(Protocol):
    """What takes a copy's bytes."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


def _is_of_one(error: Exception) -> bool:
    return is_of_table(error) or is_of_locks(error)


class Session:
    """Queries on one connection. Outside `transaction` each is a transaction of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def encoding(self) -> str:
        """The database's encoding, as PostgreSQL names it."""
        return str(self._connection.info.parameter_status("server_encoding"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One reading transaction: it changes nothing, and all its queries see one snapshot, that of the first.

        Inside another it is part of that one.
        """
        if self._connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
            yield
            return
        try:
            self._begin()
            yield
            self._execute("COMMIT")
        except BaseException:
            self._leave()
            raise

    @contextmanager
    def _guarded(self, spares: Callable[[Exception], bool] = _is_of_one) -> Iterator[None]:
        """An error that `spares` the transaction, by default of one table's content or locks, ends the block alone."""
        if self._connection.info.transaction_status == TRANSACTION_STATUS_IDLE:
            with self.transaction():
                yield
            return
        self._execute("SAVEPOINT guarded")
        try:
            yield
        except (psycopg2.Error, UnicodeDecodeError) as error:
            if spares(error):
                self._execute("ROLLBACK TO SAVEPOINT guarded")
            raise
        self._execute("RELEASE SAVEPOINT guarded")

    def rows(self, query: Query, parameters: Sequence[object] | Mapping[str, object] | None = None) -> list[Row]:
        """All rows of a query. After an error of one table's content or locks the transaction goes on."""
        with self._guarded(), self._connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall())

    def row(self, query: Query, parameters: Sequence[object] | Mapping[str, object] | None = None) -> Row:
        """The only row of a query."""
        return self.rows(query, parameters)[0]

    def row_unless(self, refusals: Sequence[str], query: Query) -> Row | None:
        """The only row of a query; None when the server answers one of these SQLSTATEs. A transaction goes on."""

        def is_refused(error: Exception) -> bool:
            return isinstance(error, psycopg2.Error) and error.pgcode in refusals

        try:
            with self._guarded(is_refused), self._connection.cursor() as cursor:
                cursor.execute(query)
                found: Row | None = cursor.fetchone()
                return found
        except psycopg2.Error as error:
            if not is_refused(error):
                raise
            return None

    def run(self, statement: Query) -> None:
        """A statement without a result."""
        with self.transaction():
            self._execute(statement)

    def copy(self, query: sql.Composable, sink: Sink, raw: bool = False) -> None:
        """Stream a query's rows as CSV below a header: `sink.write` is called with one whole row as bytes each time.

        Texts are in UTF-8, or `raw` as the database has them. A database in SQL_ASCII does not know what its texts
        are, so they always come as it has them. After an error of one table's content or locks
        the transaction goes on.
        """
        encoding = _RAW if raw or self.encoding == _RAW else "UTF8"
        statement = sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, HEADER, ENCODING {})").format(
            query, sql.Literal(encoding)
        )
        with self._guarded(), self._connection.cursor() as cursor:
            cursor.copy_expert(statement, sink)

    def _begin(self) -> None:
        try:
            self._execute(_beginning(self._connection.server_version))
        except psycopg2.OperationalError as error:
            if error.pgcode is not None:
                raise
            # PgBouncer says so in its own log alone
            hint = "as a transaction began, which a pooler with pool_mode = statement does not allow"
            raise psycopg2.OperationalError(f"{said(error)} {hint}") from error

    def _execute(self, statement: Query) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def _leave(self) -> None:
        """End the transaction after a failure; the connection may be broken, and the first error is the one to
        report."""
        try:
            self._execute("ROLLBACK")
        except psycopg2.Error:
            return


def _beginning(version: int) -> str:
    """One round trip: between two, a session that may not idle in a transaction would be ended."""
    settings = dict(_SETTINGS)
    for first, newer in _NEWER_SETTINGS.items():
        settings.update(newer if version >= first else {})
    set_all = "; ".join(f"SET LOCAL {name} = {value}" for name, value in settings.items())
    return f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {set_all}"


def table_name(table: Table) -> sql.Identifier:
    """The quoted, qualified name of a contract's table."""
    return sql.Identifier(table.schema, table.name)
