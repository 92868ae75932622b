"""What PostgreSQL's SQLSTATEs, and the words of libpq and poolers, mean for a run: of a connection that fails and of an
open one, whichever driver brings them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """What an error means for a run: whether the same run may succeed later, and what to do. `{role}` is the role."""

    passes: bool
    remedy: str


_LOST = Cause(True, "see that the server and the way to it are up, and run the job again")
_FULL = Cause(True, "raise the limit of connections or wait until some are free, and run the job again")
_STARTING = Cause(True, "run the job again when the server is ready")
_HOST = Cause(False, "correct the host in the secret")
_WAY = "open the way to the server (security group, route), or correct host and port in the secret"
# by SQLSTATE, or by its class, which is its first two characters
_CAUSES = {
    "08": _LOST,
    "23": Cause(False, "correct the row or the constraint that this names"),
    "25006": Cause(False, "the server takes no changes: name the primary in the secret"),
    "25P03": Cause(True, "ALTER ROLE {role} SET idle_in_transaction_session_timeout = 0, and run the job again"),
    "25P04": Cause(True, "ALTER ROLE {role} SET transaction_timeout = 0, and run the job again"),
    "40001": Cause(True, "another transaction changed the same rows; run the job again"),
    "40P01": Cause(True, "another transaction waited for the same locks; run the job again"),
    "42501": Cause(False, "grant it to {role}"),
    "53100": Cause(True, "make room on the server's disk, and run the job again"),
    "53200": Cause(
        True,
        "give the server more memory, more locks (max_locks_per_transaction and a restart) or fewer "
        "sessions, and run the job again",
    ),
    "53300": _FULL,
    "53400": Cause(False, "raise the server's limit that it names for {role}"),
    "54": Cause(False, "it is beyond a limit of PostgreSQL's: make the row smaller"),
    "55P03": Cause(True, "run the job again when the lock is free"),
    "57014": Cause(True, "somebody or a time-out cancelled the query; see what made it slow, and run the job again"),
    "57P01": Cause(True, "somebody ended the connection or shut the server down; run the job again when it is up"),
    "57P02": Cause(True, "the server crashed; see its log, and run the job again when it has recovered"),
    "57P03": _STARTING,
    "57P04": Cause(False, "somebody dropped the database; create it or correct dbname in the secret"),
    "57P05": Cause(True, "ALTER ROLE {role} SET idle_session_timeout = 0, and run the job again"),
    "58": Cause(False, "see the server's disks and its log"),
    "XX001": Cause(False, "the table is damaged: find out with pg_amcheck, and restore it from a backup"),
    "XX002": Cause(False, "an index is damaged: find out with pg_amcheck, and REINDEX it"),
}
SOURCE, WAREHOUSE = "source", "warehouse"
# what is not there: a source changes while it is read, a warehouse is as totelake or somebody else left it
_MISSING = {
    SOURCE: {
        "42703": Cause(True, "the schema changed meanwhile; run the job again"),
        "42P01": Cause(True, "the schema changed meanwhile; run the job again"),
    },
    WAREHOUSE: {
        "42703": Cause(False, "`totelake deploy` adds the column of its contract, or says by which statement you can"),
        "42P01": Cause(
            False,
            "restore the table in the warehouse, or drop its schemas star and etl: the next run makes them anew and "
            "loads all batches",
        ),
    },
}
# what a pooler says; it has SQLSTATEs of its own choice, or none
_POOLER = (
    (
        "unsupported startup parameter",
        Cause(False, "add it to the pooler's ignore_startup_parameters, or name the server itself"),
    ),
    (
        "statement pooling mode",
        Cause(False, "set pool_mode = transaction for this database, or name the server itself"),
    ),
    ("query_wait_timeout", Cause(True, "raise the pooler's default_pool_size, and run the job again")),
    ("max_client_conn", Cause(True, "raise the pooler's max_client_conn, and run the job again")),
    ("no such database", Cause(False, "add the database to the pooler's [databases], or correct dbname in the secret")),
    (
        "no such user",
        Cause(False, "add the role to the pooler's auth_file or auth_query, or correct username in the secret"),
    ),
    ("server login has been failing", Cause(False, "see the pooler's log: it cannot log in to the server")),
    ("bouncer config error", Cause(False, "see the pooler's log and correct its configuration")),
)
# what a driver says of a connection that fails; libpq gives it no SQLSTATE, JDBC one of its own
_CONNECTING = (
    ("too many connections", _FULL),
    ("too many clients", _FULL),
    ("remaining connection slots", _FULL),
    ("the database system is", _STARTING),
    ("could not translate host name", _HOST),
    ("unknown host", _HOST),
    (
        "connection refused",
        Cause(True, "see that the server is up and that host and port in the secret are right, and run the job again"),
    ),
    ("timeout expired", Cause(True, f"{_WAY}, and run the job again")),
    ("no route to host", Cause(True, f"{_WAY}, and run the job again")),
    ("network is unreachable", Cause(True, f"{_WAY}, and run the job again")),
    ("closed the connection unexpectedly", _LOST),
    ("reset by peer", _LOST),
    ("ssl syscall error", _LOST),
    ("sslmode", Cause(False, "set sslmode in the secret to one that libpq knows and the server offers")),
    ("ssl", Cause(False, "correct sslmode and sslrootcert in the secret")),
    (
        "conversion between",
        Cause(False, "its texts cannot be had as UTF-8: move it to a database with ENCODING 'UTF8'"),
    ),
)
# SQLSTATEs that the JDBC driver gives to a connection that fails
_UNCONNECTED = ("08001", "08004")


def cause_of(code: str, said: str, side: str = "") -> Cause | None:
    """What an error means, by its SQLSTATE; None when it is not known. `side` is SOURCE or WAREHOUSE, '' for neither.

    Without a code it is that of an open connection that broke.
    """
    found = _by_words(_POOLER, said)
    if found is None and code in _UNCONNECTED:
        found = _by_words(_CONNECTING, said)
    if found is not None:
        return found
    return _LOST if not code else _MISSING.get(side, {}).get(code) or _CAUSES.get(code) or _CAUSES.get(code[:2])


def cause_of_connecting(said: str) -> Cause | None:
    """What libpq's words about a connection that fails mean; None when they are not known."""
    return _by_words((*_POOLER, *_CONNECTING), said)


def _by_words(causes: Sequence[tuple[str, Cause]], said: str) -> Cause | None:
    return next((cause for words, cause in causes if words in said.lower()), None)
