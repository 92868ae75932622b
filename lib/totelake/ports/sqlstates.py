"""What PostgreSQL's SQLSTATEs and a pooler's words mean for a run, whichever driver brings them."""

from __future__ import annotations

from dataclasses import dataclass


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
POOLER = (
    ("unsupported startup parameter", "add it to the pooler's ignore_startup_parameters, or name the server itself"),
    ("statement pooling mode", "set pool_mode = transaction for this database, or name the server itself"),
    ("query_wait_timeout", "raise the pooler's default_pool_size, and run the job again"),
    ("max_client_conn", "raise the pooler's max_client_conn, and run the job again"),
    ("no such database", "add the database to the pooler's [databases], or correct dbname in the secret"),
    ("no such user", "add the role to the pooler's auth_file or auth_query, or correct username in the secret"),
    ("server login has been failing", "see the pooler's log: it cannot log in to the server"),
    ("bouncer config error", "see the pooler's log and correct its configuration"),
)


def cause_of(code: str, said: str) -> Cause | None:
    """What an error of an open connection means, by its SQLSTATE; None when it is not known."""
    for text, remedy in POOLER:
        if text in said.lower():
            return Cause(False, remedy)
    return _LOST if not code else _CAUSES.get(code) or _CAUSES.get(code[:2])
