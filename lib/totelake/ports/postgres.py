"""Connections to PostgreSQL: the one place that opens them and translates the server's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Callable

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from totelake.errors import RetriableError, SourceError, TotelakeError, WarehouseError
from totelake.ports.postgres_address import PostgresAddress

__all__ = ["Connection", "Cursor", "connect", "open_dsn", "read_only"]
_OLDEST_VERSION = 130000
# what libpq says when the server refuses the role or the connection; such errors carry no SQLSTATE
_ROLE = (
    ("password authentication failed", "correct username and password in the secret"),
    ("no password supplied", "store the password in the secret"),
    ("no pg_hba.conf entry", "let the server's pg_hba.conf admit this client, or set sslmode in the secret"),
)
_WAY = (
    ("unsupported startup parameter", "add it to the pooler's ignore_startup_parameters, or name the server itself"),
    ("could not translate host name", "correct the host in the secret"),
    ("connection refused", "see that the server is up and that host and port in the secret are right"),
    ("timeout expired", "open the way to the server (security group, route), or correct host and port in the secret"),
    ("sslmode", "set sslmode in the secret to one that libpq knows and the server offers"),
    ("ssl", "correct sslmode and sslrootcert in the secret"),
    ("too many connections", "run the job again when connections are free"),
    ("too many clients", "run the job again when connections are free"),
    ("remaining connection slots", "run the job again when connections are free"),
    ("the database system is", "run the job again when the server is ready"),
)


@contextmanager
def connect(address: PostgresAddress, application: str = "totelake") -> Iterator[Connection]:
    """A connection without an open transaction. Raises SourceError when the server cannot be used."""
    options: dict[str, Any] = {"sslrootcert": address.sslrootcert} if address.sslrootcert else {}
    try:
        connection = psycopg2.connect(
            host=address.host,
            port=address.port,
            dbname=address.dbname,
            user=address.username,
            password=address.password,
            sslmode=address.sslmode,
            connect_timeout=10,
            application_name=application,
            client_encoding="UTF8",
            keepalives_idle=30,
            **options,
        )
    except psycopg2.Error as error:
        raise connection_error(address, str(error)) from None
    try:
        connection.autocommit = True
        if connection.server_version < _OLDEST_VERSION:
            raise SourceError(f"{address} is older than PostgreSQL 13; upgrade the server")
        with speaking(address):
            yield connection
    finally:
        connection.close()


def connection_error(address: PostgresAddress, said: str) -> TotelakeError:
    """The error of a failed connection, with the remedy and without the password."""
    plain = address.hide(said)
    low = plain.lower()
    if "database" in low and "does not exist" in low:
        return SourceError(f"{address} does not exist; create it or correct dbname in the secret")
    if "role" in low and "does not exist" in low:
        return SourceError(f"{address} has no role {address.username}; create it or correct username in the secret")
    if "not permitted to log in" in low:
        return SourceError(
            f"{address} refuses: {plain}; ALTER ROLE {address.username} LOGIN, or correct username in the secret"
        )
    if "certificate" in low:
        return SourceError(f"{address} is not trusted: {plain}; correct host or sslrootcert in the secret")
    for text, remedy in _ROLE:
        if text in low:
            return SourceError(f"{address} refuses the role {address.username}: {plain}; {remedy}")
    for text, remedy in _WAY:
        if text in low:
            return SourceError(f"{address} cannot be reached as {address.username}: {plain}; {remedy}")
    return SourceError(f"{address} cannot be reached as {address.username}: {plain}; see the secret's values")


@contextmanager
def speaking(address: PostgresAddress) -> Iterator[None]:
    """Translate the errors of the server that the block raises."""
    try:
        yield
    except psycopg2.Error as error:
        raise server_error(address, error) from error


def server_error(address: PostgresAddress, error: psycopg2.Error) -> TotelakeError:
    """The error of an open connection, by its SQLSTATE."""
    code = error.pgcode or ""
    said = address.hide(str(error))
    if code == "42501" and "row-level security" in said:
        return SourceError(
            f"{address}: {said}; a policy would hide rows: exempt {address.username} from it (BYPASSRLS)"
        )
    if code == "42501":
        return SourceError(f"{address}: {said}; grant it to {address.username}")
    if code in ("42P01", "42703"):
        return SourceError(f"{address}: {said}; the schema changed meanwhile, run the job again")
    if code in ("40001", "57014", "57P01", "57P02", "57P03", "53300", "55P03") or code.startswith("08") or not code:
        return RetriableError(f"{address} broke off: {said}; run the job again")
    return SourceError(f"{address} answered {code}: {said}; see the server's log")


@contextmanager
def read_only(dsn: str) -> Iterator[Cursor]:
    """A cursor of the warehouse that can change nothing. Raises WarehouseError when it cannot be reached."""
    with open_dsn(dsn) as connection:
        connection.set_session(readonly=True)
        with connection.cursor() as cursor:
            yield cursor


@contextmanager
def open_dsn(
    dsn: str,
    what: str = "the warehouse",
    failure: Callable[[str], TotelakeError] = WarehouseError,
    remedy: str = "see its address and password",
) -> Iterator[Connection]:
    """A connection by a URL, closed with the block; `failure` makes the error when the server cannot be reached."""
    try:
        connection = psycopg2.connect(dsn, connect_timeout=10)
    except psycopg2.Error as error:
        words = " ".join(str(error).split())
        raise failure(f"{what} cannot be reached: {words}; {remedy}") from None
    with closing(connection):
        yield connection
