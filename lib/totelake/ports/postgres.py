"""Connections to PostgreSQL: the one place that opens them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Callable

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import parse_dsn

from totelake.errors import SourceError, TotelakeError, WarehouseError
from totelake.ports.postgres_address import PostgresAddress, hidden
from totelake.ports.postgres_errors import connection_error, refuses_options, server_error
from totelake.ports.postgres_limits import BEFORE, LIKELY, connecting, endless, is_older

__all__ = ["OLDEST_VERSION", "Connection", "Cursor", "connect", "open_dsn", "parts_of", "read_only", "speaking"]
OLDEST_VERSION = 130000
# the one setting that counts outside of transactions, so no transaction can set it; only where somebody has set it
_MAY_IDLE = (
    "SELECT set_config('idle_session_timeout', '0', false) WHERE current_setting('idle_session_timeout', true) <> '0'"
)
_NO_NOTICES = "-c client_min_messages=error"
_SILENT = ", and whether the server answers there (a firewall, a paused pooler, a server that hangs)"
_LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
_NEWER_LIMITS, _FIRST_WITH_NEWER = ("transaction_timeout",), 170000


@contextmanager
def connect(address: PostgresAddress, application: str = "totelake", options: str = "") -> Iterator[Connection]:
    """A connection without an open transaction. A server that refuses is asked once more if the secret has changed.

    `options` are the server's own, as its startup parameter of that name has them.

    Raises SourceError when the server cannot be used.
    """
    connection, address = _opened(address, application, options)
    try:
        connection.autocommit = True
        if connection.server_version < OLDEST_VERSION:
            raise SourceError(f"{address} is older than PostgreSQL 13; upgrade the server")
        # a standby of an older version does not say that it is one
        with speaking(address, connection.info.parameter_status("in_hot_standby") == "on"):
            with connection.cursor() as cursor:
                cursor.execute(_MAY_IDLE)
            yield connection
    finally:
        connection.close()


def _opened(address: PostgresAddress, application: str, options: str) -> tuple[Connection, PostgresAddress]:
    """A connection, and the address that it is to."""
    try:
        return _quiet(address, application, options), address
    except psycopg2.Error as error:
        newer = address.newer()
        if newer is None:
            raise connection_error(address, str(error)) from None
    return _opened(newer, application, options)


def _quiet(address: PostgresAddress, application: str, options: str) -> Connection:
    """A connection whose server warns of nothing: libpq writes what comes at login to the terminal as it is.

    A pooler that takes no options tells no client what its servers warn of.
    """
    try:
        return _login(address, application, f"{_NO_NOTICES} {options}".rstrip())
    except psycopg2.OperationalError as error:
        if not refuses_options(str(error)):
            raise
    return _login(address, application, options)


def _login(address: PostgresAddress, application: str, options: str) -> Connection:
    given = {"sslrootcert": address.sslrootcert, "options": options}
    more: dict[str, Any] = {name: value for name, value in given.items() if value}
    connection: Connection = psycopg2.connect(
        host=address.host,
        port=address.port,
        dbname=address.dbname,
        user=address.username,
        password=address.password,
        sslmode=address.sslmode,
        application_name=application,
        client_encoding="UTF8",
        **connecting(),
        **more,
    )
    return connection


@contextmanager
def speaking(address: PostgresAddress, is_standby: bool = False) -> Iterator[None]:
    """Translate the errors of the server that the block raises."""
    try:
        yield
    except psycopg2.Error as error:
        raise server_error(address, error, is_standby) from error


@contextmanager
def read_only(dsn: str, limited: bool = False) -> Iterator[Cursor]:
    """A cursor of the warehouse that can change nothing; `limited` by the time-outs that its role has.

    A name without a schema is PostgreSQL's own: no function or table that somebody made is taken in its place.
    Raises WarehouseError when it cannot be reached.
    """
    with open_dsn(dsn) as connection:
        connection.set_session(readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL search_path = pg_catalog, pg_temp")
            if not limited:
                newer = _NEWER_LIMITS if connection.server_version >= _FIRST_WITH_NEWER else ()
                cursor.execute("; ".join(f"SET LOCAL {name} = 0" for name in (*_LIMITS, *newer)))
            yield cursor


@contextmanager
def open_dsn(
    dsn: str,
    what: str = "the warehouse",
    failure: Callable[[str], TotelakeError] = WarehouseError,
    remedy: str = "see its address and password",
    options: str = "",
) -> Iterator[Connection]:
    """A connection by a URL, closed with the block; `failure` makes the error when the server cannot be reached.

    `options` are the server's own, as its startup parameter of that name has them; such a session may idle, too.
    """
    parts = parts_of(dsn)
    if parts is None:
        raise failure(
            f"the address of {what} cannot be read; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, every "
            "character but letters and digits of user and password as %XX"
        )
    try:
        connection = _of_dsn(dsn, f"{parts.get('options', '')} {options}" if options else "")
    except psycopg2.Error as error:
        names = [str(parts.get(name, "")) for name in ("user", "dbname", "host")]
        words = hidden(str(error), str(parts.get("password", "")), names)
        more = _SILENT if "timeout expired" in words else ""
        raise failure(f"{what} cannot be reached: {words}; {remedy}{more}") from None
    with closing(connection):
        yield connection


def _of_dsn(dsn: str, options: str, version: int = LIKELY) -> Connection:
    """A connection. One with options is made again when its server is of another version, which knows other limits."""
    given: dict[str, Any] = {"options": endless(options, version)} if options else {}
    try:
        connection: Connection = psycopg2.connect(dsn, client_encoding="UTF8", **connecting(), **given)
    except psycopg2.OperationalError as error:
        if not (options and is_older(str(error), version)):
            raise
        return _of_dsn(dsn, options, BEFORE)
    found = connection.server_version // 10_000
    if not options or endless(options, found) == given["options"]:
        return connection
    connection.close()
    return _of_dsn(dsn, options, found)


def parts_of(dsn: str) -> dict[str, str] | None:
    """What a URL names; None when it cannot be read, or parts of its password would be taken for something else."""
    try:
        parts: dict[str, str] = parse_dsn(dsn)
    except psycopg2.Error:
        return None
    torn = any("@" in parts.get(name, "") for name in ("host", "dbname")) or not parts.get("port", "0").isdigit()
    return None if torn else parts
