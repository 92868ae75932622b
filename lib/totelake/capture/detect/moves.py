"""Moving the bookmark: commits without objects that change only from where, or how, the next run searches.

Ledger and counts stay those of the newest batch, so no deletion is forgotten and nothing is captured twice. A run
that is going on meanwhile loses its number to the move, or the move loses to the run; whoever loses looks again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Callable

from totelake.capture.postgres.server import SAME, judge
from totelake.errors import ConfigurationError
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import Batch, Bookmark, Window

# the run id of a commit that no run made
BY_HAND = "by-hand"
BACKFILL, RESET = "backfill asked for", "bookmark reset"
# no window that was measured is equal to it, so the next run searches
_UNKNOWN = Window(-1, "")
_Change = Callable[[Bookmark], "Bookmark | None"]


def rewind(log: CommitLog, to: int, run_id: str, now: datetime) -> Manifest:
    """Let the next run search from the snapshot of batch `to` on. Raises ConfigurationError for an unknown batch."""

    def change(newest: Bookmark) -> Bookmark:
        if not 1 <= to <= newest.batch:
            raise ConfigurationError(f"the log {log.log} has batches 1 to {newest.batch}, not {to}; name one of them")
        return searching_from(newest, Bookmark.of(log.get(to)))

    return _certain(_move(log, change, run_id, now))


def reset(log: CommitLog, run_id: str, now: datetime) -> Manifest:
    """Let the next run compare every table whole."""
    return _certain(_move(log, lambda newest: replace(newest, compare=RESET), run_id, now))


def backfill(log: CommitLog, table: str, run_id: str, now: datetime) -> Manifest | None:
    """Let the next run compare one table whole; None when it does so anyway."""

    def change(newest: Bookmark) -> Bookmark | None:
        state = newest.tables.get(table)
        if state is None or state.compare or newest.compare:
            return None
        return comparing(newest, table)

    return _move(log, change, run_id, now)


def batch_before(log: CommitLog, count: int) -> int:
    """The capture so many captures before the one from which the next search starts; moves do not count.

    Raises ConfigurationError when there are not so many.
    """
    newest = _movable(log, log.newest())
    captures = -1
    for number in range(newest.since or newest.batch, 0, -1):
        captures += not Bookmark.of(log.get(number)).is_move
        if captures == count:
            return number
    raise ConfigurationError(
        f"the log {log.log} has {captures} batches before the one that is searched from, not {count}; "
        "name fewer, or use `totelake bookmark reset`"
    )


def last_capture(log: CommitLog, newest: Manifest | None) -> Batch | None:
    """The newest batch that a run captured, behind moves of the bookmark; None before the first."""
    while newest is not None and Bookmark.of(newest).is_move:
        newest = log.get(newest.number - 1) if newest.number > 1 else None
    return Batch.of(newest) if newest is not None else None


def searching_from(newest: Bookmark, earlier: Bookmark) -> Bookmark:
    """The newest bookmark with the snapshot of an earlier one, so that no transaction since either is missed.

    Transaction ids of another server say nothing about this one's: those that are higher would leave some out.
    """
    since = earlier.since or earlier.batch
    if newest.position is not None:
        raise ConfigurationError(
            "a source that is no database has no snapshot to search from; `totelake bookmark reset` lets the next run "
            "take all of it again"
        )
    if newest.snapshot is None or earlier.snapshot is None:
        raise ValueError("a bookmark without a snapshot is not that of any batch")
    is_back = earlier.snapshot.xmin <= newest.snapshot.xmin
    is_same_server = newest.identity is not None and judge(earlier.identity, newest.identity).kind == SAME
    if not is_back and not is_same_server:
        why = f"batch {since} came from another server, or from before a restart"
        return replace(newest, since=since, compare=newest.compare or why)
    tables = {name: replace(state, window=_UNKNOWN, why="") for name, state in newest.tables.items()}
    return replace(newest, snapshot=earlier.snapshot, since=since, tables=tables)


def comparing(newest: Bookmark, table: str) -> Bookmark:
    """The newest bookmark with one table marked to be compared whole."""
    return replace(newest, tables={**newest.tables, table: replace(newest.tables[table], compare=BACKFILL)})


def _movable(log: CommitLog, newest: Manifest | None) -> Bookmark:
    """The newest bookmark. Raises ConfigurationError when there is none."""
    if newest is None:
        raise ConfigurationError(f"the log {log.log} has no batch yet, so there is no bookmark to move; run it first")
    return Bookmark.of(newest)


def _move(log: CommitLog, change: _Change, run_id: str, now: datetime) -> Manifest | None:
    """Commit what `change` makes of the newest bookmark; None when it makes nothing of it."""

    def decide(newest: Manifest | None) -> Manifest | None:
        moved = change(_movable(log, newest))
        return None if moved is None else moved.moved(log.attempt(newest, run_id), now)

    return log.append(decide)


def _certain(made: Manifest | None) -> Manifest:
    """The commit of a move that is always made."""
    assert made is not None  # nosec B101 # only a change to nothing makes no commit
    return made
