"""One reading transaction: every table locked first, then one snapshot for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from totelake.capture.postgres.column_grants import columns_only, lock_by_reading
from totelake.capture.postgres.locks import Patience, explained, lock
from totelake.capture.postgres.session import Session
from totelake.contracts.model import Table
from totelake.lake.records.batch import BlockedTable, Snapshot


@dataclass(frozen=True)
class Opened:
    """The snapshot that all queries see, the tables that are locked, and why the others are not, by name."""

    snapshot: Snapshot
    tables: Sequence[Table]
    refused: Mapping[str, BlockedTable]


@contextmanager
def one_snapshot(
    session: Session, tables: Sequence[Table], patience: Patience, hurried: Collection[str] = ()
) -> Iterator[Opened]:
    """Lock what can be locked, and open one snapshot. `hurried` tables are not waited for long.

    The lock comes before the snapshot: otherwise a table rewritten in between would read as empty.
    """
    names = [(table.schema, table.name) for table in tables]
    unlocked = columns_only(session, names) if names else frozenset()
    with session.transaction():
        codes = lock(session, [name for name in names if name not in unlocked], patience, hurried)
        snapshot = Snapshot.parse(session.row("SELECT pg_current_snapshot()::text")[0])
        codes.update(lock_by_reading(session, unlocked, patience))
        refused = explained(session, codes)
        yield Opened(snapshot, [table for table in tables if table.name not in refused], refused)
