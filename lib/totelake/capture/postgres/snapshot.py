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
_SETTINGS = (
    "SET LOCAL lock_timeout = '2s'",
    "SET LOCAL statement_timeout = '55min'",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO'",
    "SET LOCAL row_security = off",
    "SET LOCAL extra_float_digits = 3",
)


@contextmanager
def one_snapshot(
    session: Session, tables: Sequence[Table], sleep: Callable[[float], None] = time.sleep, tries: int = _LOCK_TRIES
) -> Iterator[Snapshot]:
    """The snapshot that all queries inside see. Raises RetriableError while DDL holds a table.

    The lock comes before the snapshot: otherwise a table rewritten in between would read as empty.
    """
    unlocked = columns_only(session, [(table.schema, table.name) for table in tables])
    locked = [table for table in tables if (table.schema, table.name) not in unlocked]
    _begin_locked(session, locked, sleep, tries)
    try:
        snapshot = Snapshot.parse(session.row("SELECT pg_current_snapshot()::text")[0])
        lock_by_reading(session, unlocked)
        yield snapshot
        session.run("COMMIT")
    except BaseException:
        _leave(session)
        raise


def _begin_locked(session: Session, tables: Sequence[Table], sleep: Callable[[float], None], tries: int) -> None:
    names = sql.SQL(", ").join(table_name(table) for table in tables)
    lock = sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names)
    for attempt in range(tries):
        session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            for setting in _SETTINGS:
                session.run(setting)
            if tables:
                session.run(lock)
            return
        except psycopg2.errors.LockNotAvailable as error:
            _leave(session)
            held = str(error).split("CONTEXT")[0].strip()
        except BaseException:
            _leave(session)
            raise
        if attempt + 1 < tries:
            sleep(min(0.5 * 2**attempt, 8.0))
    raise RetriableError(
        f"a schema change or TRUNCATE holds a source table ({held}); run the job again when it has ended"
    )


def _leave(session: Session) -> None:
    """End the transaction after a failure; the connection may be broken, and the first error is the one to report."""
    try:
        session.run("ROLLBACK")
    except psycopg2.Error:
        return
