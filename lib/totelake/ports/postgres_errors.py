"""What PostgreSQL, libpq and poolers say, as errors of ours: by SQLSTATE where there is one, each with its remedy."""

from __future__ import annotations

import re

import psycopg2

from totelake.errors import RetriableError, SourceError, TotelakeError
from totelake.ports.postgres_address import PostgresAddress
from totelake.ports.postgres_client import asks_for_scram, scram_remedy
from totelake.ports.sqlstates import SOURCE, cause_of, cause_of_connecting


class StandbyConflictError(RetriableError):
    """A standby cancelled what was read, to replay what its primary had removed meanwhile."""


# of data that cannot be read, converted or sent: these say something of one table, and nothing of the connection
_NO_FUNCTION, _NOT_SUPPORTED, _NO_FILE = "42883", "0A000", "58P01"
_OF_TABLE = ("0A", "22", _NO_FUNCTION, "54", "58", "XX")
# a lock that others hold for too long, and no room for locks
HELD, NO_SPACE = "55P03", "53200"
# a library of functions, which data files are never named like
_LIBRARY = re.compile(r'"(?:\$libdir)?/')
# what libpq says when the server refuses the role or the connection; psycopg2 gives such errors no SQLSTATE
_CREDENTIALS = (
    "correct username and password in the secret; if they are right, the password has ended: ALTER ROLE {role} VALID "
    "UNTIL 'infinity'"
)
_ROLE = (
    ("password authentication failed", _CREDENTIALS),
    ("sasl authentication failed", _CREDENTIALS),
    ("authentication failed for user", "correct username and password in the secret, or the method in pg_hba.conf"),
    ("no password supplied", "store the password in the secret"),
    ("permission denied for database", "GRANT CONNECT ON the database TO {role}"),
    (
        "not currently accepting connections",
        "ALTER DATABASE ... ALLOW_CONNECTIONS true, or correct dbname in the secret",
    ),
    (
        "could not access file",
        "its session_preload_libraries or local_preload_libraries name a library that the server lacks: install it, or "
        "ALTER ROLE {role} RESET the setting (ALTER DATABASE, postgresql.conf where it is set there)",
    ),
    ("pg_hba.conf rejects connection", "let the server's pg_hba.conf admit this client, or set sslmode in the secret"),
    ("no pg_hba.conf entry", "let the server's pg_hba.conf admit this client, or set sslmode in the secret"),
)


def is_of_table(error: Exception) -> bool:
    """Whether an error says something of the table that was read, and nothing of the connection or the server."""
    if isinstance(error, UnicodeDecodeError):
        return True
    return isinstance(error, psycopg2.Error) and str(error.pgcode or "").startswith(_OF_TABLE)


def is_of_locks(error: Exception) -> bool:
    """Whether an error says that a lock is not to be had: others hold it, or the server has no room for more."""
    return isinstance(error, psycopg2.Error) and error.pgcode in (HELD, NO_SPACE)


def is_of_type(error: Exception) -> bool:
    """Whether an error says that no value of a type can be read: a function of the type or its library is missing."""
    if not isinstance(error, psycopg2.Error):
        return False
    is_library = error.pgcode == _NO_FILE and _LIBRARY.search(str(error)) is not None
    return error.pgcode in (_NO_FUNCTION, _NOT_SUPPORTED) or is_library


def said(error: BaseException) -> str:
    """What the server says, on one line and without the place in a query of ours."""
    return " ".join(str(error).split("CONTEXT:")[0].split())


def server_error(address: PostgresAddress, error: psycopg2.Error, is_standby: bool = False) -> TotelakeError:
    """The error of an open connection to a source."""
    code, said = error.pgcode or "", address.hide(str(error))
    if code in ("40001", "40P01") or (is_standby and not code):
        # a source is read in a read-only snapshot, in which nothing but recovery can be in the way; between two
        # queries a standby ends the connection, and its reason does not arrive
        return StandbyConflictError(
            f"{address} cancelled what was read: {said}; on the standby raise max_standby_streaming_delay "
            "(max_standby_archive_delay) or set hot_standby_feedback = on, or name the primary in the secret"
        )
    if code == "42501" and "row-level security" in said:
        return SourceError(
            f"{address}: {said}; a policy would hide rows: exempt {address.username} from it (BYPASSRLS)"
        )
    found = cause_of(code, said, SOURCE)
    if found is None:
        return SourceError(f"{address} answered {code}: {said}; see the server's log")
    kind = RetriableError if found.passes else SourceError
    return kind(f"{address}: {said}; {found.remedy.format(role=address.username)}")


def refuses_options(said: str) -> bool:
    """Whether a pooler says of a connection that fails that it takes no options."""
    low = said.lower()
    return "startup parameter" in low or "command-line options" in low


def connection_error(address: PostgresAddress, said: str) -> TotelakeError:
    """The error of a connection that fails, with the remedy and without the password: RetriableError where it may
    pass."""
    plain = address.hide(said)
    low = plain.lower()
    if asks_for_scram(plain):
        return SourceError(f"{address} asks the role {address.username} for SCRAM: {plain}; {scram_remedy()}")
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
    role = address.username
    for text, remedy in _ROLE:
        if text in low:
            return SourceError(f"{address} refuses the role {address.username}: {plain}; {remedy.format(role=role)}")
    cause = cause_of_connecting(plain)
    kind = RetriableError if cause and cause.passes else SourceError
    remedy = cause.remedy if cause else "see the secret's values"
    return kind(f"{address} cannot be reached as {address.username}: {plain}; {remedy}")
