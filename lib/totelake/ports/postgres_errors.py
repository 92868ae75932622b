"""What PostgreSQL, libpq and poolers say, as errors of ours: by SQLSTATE where there is one, each with its remedy."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg2

from totelake.errors import RetriableError, SourceError, TotelakeError
from totelake.ports.postgres_address import PostgresAddress


class StandbyConflictError(RetriableError):
    """A standby cancelled what was read, to replay what its primary had removed meanwhile."""


@dataclass(frozen=True)
class Cause:
    """What a SQLSTATE means for a run: whether the same run may succeed later, and what to do. `{role}` is the role."""

    passes: bool
    remedy: str


_LOST = Cause(True, "see that the server and the way to it are up, and run the job again")
# by SQLSTATE, or by its class, which is its first two characters
_CAUSES = {
    "08": _LOST,
    "25006": Cause(False, "the server takes no changes: name the primary in the secret"),
    "25P03": Cause(True, "ALTER ROLE {role} SET idle_in_transaction_session_timeout = 0, and run the job again"),
    "25P04": Cause(True, "ALTER ROLE {role} SET transaction_timeout = 0, and run the job again"),
    "40001": Cause(True, "another transaction changed the same rows; run the job again"),
    "40P01": Cause(True, "another transaction waited for the same locks; run the job again"),
    "42501": Cause(False, "grant it to {role}"),
    "42703": Cause(False, "the schema changed meanwhile, run the job again"),
    "42P01": Cause(False, "the schema changed meanwhile, run the job again"),
    "53100": Cause(True, "make room on the server's disk, and run the job again"),
    "53200": Cause(True, "give the server more memory or fewer sessions, and run the job again"),
    "53300": Cause(True, "raise the limit of connections or wait until some are free, and run the job again"),
    "53400": Cause(False, "raise the server's limit that it names for {role}"),
    "54": Cause(False, "it is beyond a limit of PostgreSQL's: make the row smaller"),
    "55P03": Cause(True, "run the job again when the lock is free"),
    "57014": Cause(True, "somebody or a time-out cancelled the query; see what made it slow, and run the job again"),
    "57P01": Cause(True, "somebody ended the connection or shut the server down; run the job again when it is up"),
    "57P02": Cause(True, "the server crashed; see its log, and run the job again when it has recovered"),
    "57P03": Cause(True, "run the job again when the server is ready"),
    "57P04": Cause(False, "somebody dropped the database; create it or correct dbname in the secret"),
    "57P05": Cause(True, "ALTER ROLE {role} SET idle_session_timeout = 0, and run the job again"),
    "58": Cause(False, "see the server's disks and its log"),
    "XX001": Cause(False, "the table is damaged: find out with pg_amcheck, and restore it from a backup"),
    "XX002": Cause(False, "an index is damaged: find out with pg_amcheck, and REINDEX it"),
}
# what a pooler says; it has SQLSTATEs of its own choice, or none
_POOLER = (
    ("unsupported startup parameter", "add it to the pooler's ignore_startup_parameters, or name the server itself"),
    ("statement pooling mode", "set pool_mode = transaction for this database, or name the server itself"),
    ("query_wait_timeout", "raise the pooler's default_pool_size, and run the job again"),
    ("max_client_conn", "raise the pooler's max_client_conn, and run the job again"),
    ("no such database", "add the database to the pooler's [databases], or correct dbname in the secret"),
    ("no such user", "add the role to the pooler's auth_file or auth_query, or correct username in the secret"),
    ("server login has been failing", "see the pooler's log: it cannot log in to the server"),
    ("bouncer config error", "see the pooler's log and correct its configuration"),
)
# of data that cannot be read, converted or sent: these say something of one table, and nothing of the connection
_OF_TABLE = ("0A", "22", "54", "58", "XX")
# what libpq says when the server refuses the role or the connection; psycopg2 gives such errors no SQLSTATE
_ROLE = (
    ("password authentication failed", "correct username and password in the secret"),
    ("sasl authentication failed", "correct username and password in the secret"),
    ("no password supplied", "store the password in the secret"),
    ("no pg_hba.conf entry", "let the server's pg_hba.conf admit this client, or set sslmode in the secret"),
)
_WAY = (
    *_POOLER,
    ("could not translate host name", "correct the host in the secret"),
    ("connection refused", "see that the server is up and that host and port in the secret are right"),
    ("timeout expired", "open the way to the server (security group, route), or correct host and port in the secret"),
    ("sslmode", "set sslmode in the secret to one that libpq knows and the server offers"),
    ("ssl", "correct sslmode and sslrootcert in the secret"),
    ("too many connections", "run the job again when connections are free"),
    ("too many clients", "run the job again when connections are free"),
    ("remaining connection slots", "run the job again when connections are free"),
    ("the database system is", "run the job again when the server is ready"),
    ("conversion between", "its texts cannot be had as UTF-8: move it to a database with ENCODING 'UTF8'"),
)


def is_of_table(error: Exception) -> bool:
    """Whether an error says something of the table that was read, and nothing of the connection or the server."""
    if isinstance(error, UnicodeDecodeError):
        return True
    return isinstance(error, psycopg2.Error) and str(error.pgcode or "").startswith(_OF_TABLE)


def said(error: BaseException) -> str:
    """What the server says, on one line and without the place in a query of ours."""
    return " ".join(str(error).split("CONTEXT:")[0].split())


def cause_of(code: str, said: str) -> Cause | None:
    """What an error of an open connection means, by its SQLSTATE; None when it is not known."""
    for text, remedy in _POOLER:
        if text in said.lower():
            return Cause(False, remedy)
    return _LOST if not code else _CAUSES.get(code) or _CAUSES.get(code[:2])


def server_error(address: PostgresAddress, error: psycopg2.Error) -> TotelakeError:
    """The error of an open connection to a source."""
    code, said = error.pgcode or "", address.hide(str(error))
    if code in ("40001", "40P01"):
        # a source is read in a read-only snapshot, in which nothing but recovery can be in the way
        return StandbyConflictError(
            f"{address} cancelled what was read: {said}; on the standby raise max_standby_streaming_delay "
            "(max_standby_archive_delay) or set hot_standby_feedback = on, or name the primary in the secret"
        )
    if code == "42501" and "row-level security" in said:
        return SourceError(
            f"{address}: {said}; a policy would hide rows: exempt {address.username} from it (BYPASSRLS)"
        )
    found = cause_of(code, said)
    if found is None:
        return SourceError(f"{address} answered {code}: {said}; see the server's log")
    kind = RetriableError if found.passes else SourceError
    return kind(f"{address}: {said}; {found.remedy.format(role=address.username)}")


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
