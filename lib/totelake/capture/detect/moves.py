"""Moving the bookmark: commits without objects that change only from where, or how, the next run searches.

Ledger and counts stay those of the newest batch, so no deletion is forgotten and nothing is captured twice. A run
that is going on meanwhile loses its number to the move, or the move loses to the run; whoever loses looks again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Callable

from totelake.capture.detect.bookmark import Bookmark, Window
from totelake.capture.postgres.server import SAME, judge
from totelake.errors import ConfigurationError, RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import BOOKMARK, Manifest

# the run id of a commit that no run made
BY_HAND = "by-hand"
BACKFILL, RESET = "backfill asked for", "bookmark reset"
_TRIES = 5
# no window that was measured is equal to it, so the next run searches
_UNKNOWN = Window(-1, "")


def rewind(log: CommitLog, to: int, run_id: str, now: datetime) -> Manifest:
    """Let the next run search from the snapshot of batch `to` on. Raises ConfigurationError for an unknown batch."""

    def change(newest: Bookmark) -> Bookmark:
        if not 1 <= to <= newest.batch:
            raise ConfigurationError(f"the log {log.log} has batches 1 to {newest.batch}, not {to}; name one of them")
        return searching_from(newest, Bookmark.of(log.get(to)))

    return _move(log, change, run_id, now)


def reset(log: CommitLog, run_id: str, now: datetime) -> Manifest:
    """Let the next run compare every table whole."""
    return _move(log, lambda newest: replace(newest, compare=RESET), run_id, now)


def backfill(log: CommitLog, table: str, run_id: str, now: datetime) -> Manifest | None:
    """Let the next run compare one table whole; None when it does so anyway."""
    newest = _newest(log)
    state = newest.tables.get(table)
    if state is None or state.compare or newest.compare:
        return None
    return _move(log, lambda found: comparing(found, table), run_id, now)


def batch_before(log: CommitLog, count: int) -> int:
    """The capture so many captures before the one from which the next search starts; moves do not count.

    Raises ConfigurationError when there are not so many.
    """
    newest = _newest(log)
    captures = -1
    for number in range(newest.since or newest.batch, 0, -1):
        captures += not Bookmark.of(log.get(number)).is_move
        if captures == count:
            return number
    raise ConfigurationError(
        f"the log {log.log} has {captures} batches before the one that is searched from, not {count}; "
        "name fewer, or use `totelake bookmark reset`"
    )


def last_capture(log: CommitLog, newest: Manifest | None) -> Manifest | None:
    """The newest commit that a run made of the source, behind moves of the bookmark; None before the first."""
    while newest is not None and Bookmark.of(newest).is_move:
        newest = log.get(newest.number - 1) if newest.number > 1 else None
    return newest


def searching_from(newest: Bookmark, earlier: Bookmark) -> Bookmark:
    """The newest bookmark with the snapshot of an earlier one, so that no transaction since either is left out.

    Transaction ids of another server say nothing about this one's: those that are higher would leave some out.
    """
    since = earlier.since or earlier.batch
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


def _newest(log: CommitLog) -> Bookmark:
    newest = Bookmark.of(log.newest())
    if not newest.batch:
        raise ConfigurationError(f"the log {log.log} has no batch yet, so there is no bookmark to move; run it first")
    return newest


def _move(log: CommitLog, change: Callable[[Bookmark], Bookmark], run_id: str, now: datetime) -> Manifest:
    for _ in range(_TRIES):
        newest = _newest(log)
        attempt = Attempt.new(log.log, newest.batch + 1, run_id)
        manifest = Manifest(
            log=log.log,
            number=attempt.number,
            attempt=attempt.id,
            kind=BOOKMARK,
            committed_at=now.isoformat(),
            state=replace(change(newest), batch=attempt.number).state(),
        )
        if log.commit(manifest):
            return manifest
    raise RetriableError(f"runs committed {_TRIES} batches of {log.log} first; move the bookmark again")
