"""Locks on the source's tables: each in ACCESS SHARE; one whose lock is not to be had is left out of the batch."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Callable

import psycopg2
from psycopg2 import sql

from totelake.capture.blocked import locked
from totelake.capture.postgres.lock_space import refused_space
from totelake.capture.postgres.session import LOCK_TIMEOUT, Name, Query, Session
from totelake.lake.records.batch import BlockedTable
from totelake.ports.postgres_errors import HELD, NO_SPACE, is_of_locks

# a session that has the lock comes before one that waits for it, which lets nobody past
_HOLDERS = """
WITH RECURSIVE tree(root, oid) AS (
    SELECT c.oid, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE (n.nspname::text, c.relname::text) IN %s AND c.relkind IN ('r', 'p')
    UNION ALL SELECT tree.root, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid),
lockable(root, oid) AS (
    SELECT root, oid FROM tree
    UNION ALL SELECT tree.root, x.indexrelid FROM tree JOIN pg_index x ON x.indrelid = tree.oid)
SELECT DISTINCT ON (c.oid) c.relname::text, l.granted, l.pid, a.application_name::text, x.gid::text, pg_is_in_recovery()
FROM pg_locks l JOIN lockable ON lockable.oid = l.relation JOIN pg_class c ON c.oid = lockable.root
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_prepared_xacts x ON l.virtualtransaction = '-1/' || x.transaction::text
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY c.oid, l.granted DESC, l.pid
"""


@dataclass(frozen=True)
class Patience:
    """How long locks are waited for: `tries` for all tables at once with pauses between, then one for each table.

    After `seconds` of these, no table is waited for any more.
    """

    tries: int = 10
    seconds: float = 10.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


PATIENT = Patience()
"""For jobs: a minute and a half."""
ONCE = Patience(tries=1, seconds=4.0)
"""For commands, at which somebody sits."""


def lock(session: Session, names: Sequence[Name], patience: Patience, hurried: Collection[str]) -> dict[Name, str]:
    """Lock tables, and the SQLSTATEs by which the server refuses it, of those that it refuses.

    A lock that is waited for takes no snapshot, and nor does a savepoint. While tables are locked together, all are
    or none, so nobody waits for what this waits with. `hurried` tables were refused before and are tried once.
    """
    has_all = _locked_together(session, [name for name in names if name[1] not in hurried], patience)
    statements = {name: _statement([name]) for name in names if not has_all or name[1] in hurried}
    return lock_each(session, statements, patience)


def lock_each(session: Session, statements: Mapping[Name, Query], patience: Patience) -> dict[Name, str]:
    """Run a statement for each table that locks it, and the SQLSTATEs of those that the server refuses."""
    refused, is_late = {}, False
    end = patience.clock() + patience.seconds
    for name, statement in statements.items():
        if not is_late and patience.clock() >= end:
            is_late = True
            session.run("SET LOCAL lock_timeout = '1ms'")
        code = _refusal(session, statement)
        if code:
            refused[name] = code
    if is_late:
        session.run(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}")
    return refused


def _locked_together(session: Session, names: Sequence[Name], patience: Patience) -> bool:
    """Whether all tables are locked, else none is."""
    if not names:
        return True
    for attempt in range(patience.tries):
        code = _refusal(session, _statement(names))
        if not code:
            return True
        if code == NO_SPACE:
            return False
        if attempt + 1 < patience.tries:
            patience.sleep(min(0.5 * 2**attempt, 8.0))
    return False


def _statement(names: Sequence[Name]) -> sql.Composed:
    listed = sql.SQL(", ").join(sql.Identifier(*name) for name in names)
    return sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(listed)


def _refusal(session: Session, statement: Query) -> str:
    """The SQLSTATE by which the server refuses locks, and gives back those that it gave; '' when it gives them all."""
    session.run("SAVEPOINT lock")
    try:
        session.run(statement)
    except psycopg2.Error as error:
        if not is_of_locks(error):
            raise
        session.run("ROLLBACK TO SAVEPOINT lock")
        return str(error.pgcode)
    # what a standby has to cancel inside a savepoint costs it the connection
    session.run("RELEASE SAVEPOINT lock")
    return ""


def explained(session: Session, refused: Mapping[Name, str]) -> dict[str, BlockedTable]:
    """Why tables are blocked whose locks were refused by these SQLSTATEs, by the tables' plain names: who holds the
    lock, or that there is no room for more."""
    found = refused_space(session, [name for name, code in refused.items() if code == NO_SPACE])
    held = tuple(name for name, code in refused.items() if code == HELD)
    holders = {row[0]: row[1:] for row in session.rows(_HOLDERS, (held,))} if held else {}
    for schema, name in held:
        found[name] = locked(name, f"{schema}.{name} cannot be locked for reading: {_holder(holders.get(name))}")
    return found


def refused(session: Session, name: Name, error: Exception) -> dict[str, BlockedTable]:
    """Why a table is blocked, by its plain name, that was read until an error that `is_of_locks`."""
    code = error.pgcode if isinstance(error, psycopg2.Error) else None
    return explained(session, {name: str(code)})


def _holder(found: Sequence[object] | None) -> str:
    """Who holds a lock, and how to end that."""
    if found is None:
        return "another session held it, and none does any more; the next run captures it"
    is_granted, pid, application, prepared, is_standby = found
    verb = "has" if is_granted else "waits for"
    has = f"{verb} its ACCESS EXCLUSIVE lock, as a schema change, TRUNCATE or LOCK TABLE takes"
    if is_standby:
        return f"a transaction of the primary {has}; end it there"
    if prepared is not None:
        return f"the prepared transaction {prepared} {has}; COMMIT PREPARED or ROLLBACK PREPARED it"
    who = f"the session {pid} (application {application})" if application else f"the session {pid}"
    return f"{who} {has}; end its transaction, or SELECT pg_terminate_backend({pid})"
