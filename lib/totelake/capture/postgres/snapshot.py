"""One reading transaction: every table locked first, then one snapshot for all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Callable

import psycopg2.errors
from psycopg2 import sql

from totelake.capture.postgres.column_grants import columns_only, lock_by_reading
from totelake.capture.postgres.session import Session, table_name
from totelake.contracts.model import Table
from totelake.errors import RetriableError
from totelake.lake.records.batch import Snapshot

_LOCK_TRIES = 10


@contextmanager
def one_snapshot(
    session: Session, tables: Sequence[Table], sleep: Callable[[float], None] = time.sleep, tries: int = _LOCK_TRIES
) -> Iterator[Snapshot]:
    """The snapshot that all queries inside see. Raises RetriableError while DDL holds a table.

    The lock comes before the snapshot: otherwise a table rewritten in between would read as empty.
    """
    unlocked = columns_only(session, [(table.schema, table.name) for table in tables])
    locked = [table for table in tables if (table.schema, table.name) not in unlocked]
    with session.transaction():
        _lock(session, locked, sleep, tries)
        snapshot = Snapshot.parse(session.row("SELECT pg_current_snapshot()::text")[0])
        lock_by_reading(session, unlocked)
        yield snapshot


def _lock(session: Session, tables: Sequence[Table], sleep: Callable[[float], None], tries: int) -> None:
    """Lock all tables or none; a lock that is waited for takes no snapshot, and nor does a savepoint."""
    if not tables:
        return
    names = sql.SQL(", ").join(table_name(table) for table in tables)
    lock = sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names)
    for attempt in range(tries):
        session.run("SAVEPOINT lock")
        try:
            session.run(lock)
            # what a standby has to cancel inside a savepoint costs it the connection
            session.run("RELEASE SAVEPOINT lock")
            return
        except psycopg2.errors.LockNotAvailable as error:
            session.run("ROLLBACK TO SAVEPOINT lock")
            held = str(error).split("CONTEXT")[0].strip()
        if attempt + 1 < tries:
            sleep(min(0.5 * 2**attempt, 8.0))
    raise RetriableError(
        f"a schema change or TRUNCATE holds a source table ({held}); run the job again when it has ended"
    )
