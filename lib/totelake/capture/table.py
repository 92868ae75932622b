"""One table's capture: candidates against the ledger, rows that differ as events, keys that are gone as tombstones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from totelake.capture.detect.bookmark import TableState
from totelake.capture.detect.search import WHOLE, Look, Search, within
from totelake.capture.events import EventWriter
from totelake.capture.ledger.files import BaseWriter, Entries, StateFile, write_delta
from totelake.capture.ledger.ledger import Ledger, OrderedReader, find
from totelake.capture.postgres.chunks import HashedChunk
from totelake.capture.postgres.copy import copy_keys, copy_rows
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import Shape
from totelake.lake.objects import ObjectWriter

_BREAKER_ROWS = 100
_BREAKER_SHARE = 0.1


@dataclass(frozen=True)
class Task:
    """One table to search: how, from which state, and where its ledger's new parts go."""

    shape: Shape
    search: Search
    look: Look
    previous: TableState | None
    since_age: int
    s3: Any
    bucket: str
    open_state: Any
    allow_deletes: bool = False
    careful: bool = False

    def holds_back(self, gone: int, known: int) -> bool:
        """Whether deletions wait until someone has looked: so many of the `known` keys, or beside some that wait.

        Which keys wait is written nowhere, so later deletions cannot be told from them and wait with them.
        """
        if self.allow_deletes or not gone:
            return False
        has_waiting = self.previous is not None and self.previous.deferred > 0
        return has_waiting or is_suspicious(gone, known)

    def ledger(self) -> Ledger:
        """What is known of the table so far."""
        return Ledger(self.s3, self.bucket, self.previous.ledger if self.previous else None)


def is_suspicious(gone: int, known: int) -> bool:
    """The circuit breaker: whether so many of the keys known before this run may not be deleted at once unseen."""
    return gone > 0 and (gone == known or gone > max(_BREAKER_ROWS, _BREAKER_SHARE * known))


def capture_table(session: Session, task: Task, events: EventWriter) -> TableState:
    """Write the table's events and the ledger's new parts; return the state that goes with them."""
    if task.search.kind == WHOLE:
        return _compare_whole(session, task, events)
    state = _search_window(session, task, events)
    if state is not None:
        return state
    events.abandon()
    raise NeedsWhole


class NeedsWhole(Exception):
    """More rows than the ledger and the window explain; only a comparison of the whole table can."""


def _compare_whole(session: Session, task: Task, events: EventWriter) -> TableState:
    ledger = task.ledger()
    known = OrderedReader(ledger.chunks())
    base = BaseWriter(task.open_state(".parquet"))
    gone: list[tuple[np.ndarray, np.ndarray]] = []
    for chunk in copy_rows(session, task.shape, careful=task.careful):
        rows = HashedChunk(chunk, task.shape)
        keys, hashes = rows.keys, rows.hashes
        known_keys, known_hashes = known.take(int(keys[-1]))
        found, places = find(known_keys, keys)
        changed = found.copy()
        changed[found] = known_hashes[places[found]] != hashes[found]
        rows.write(events, ~found, changed)
        base.write(keys, hashes)
        missing, _ = find(keys, known_keys)
        gone.append((known_keys[~missing], known_hashes[~missing]))
    gone.append(known.take())
    gone_keys, gone_hashes = (np.concatenate([part[side] for part in gone]) for side in (0, 1))
    deferred = task.holds_back(len(gone_keys), ledger.count)
    if not deferred:
        events.delete(gone_keys)
    if task.previous is not None and not events.rows and not events.quarantined:
        base.abandon()
        return _state(task, ledger.count, len(gone_keys), task.previous.ledger)
    documents: dict[str, Any] = {"base": base.store().to_dict(), "deltas": []}
    if deferred:
        kept = Entries.of(gone_keys, gone_hashes, np.ones(len(gone_keys), dtype=np.int8))
        documents["deltas"] = [write_delta(task.open_state("-delta.parquet"), kept).to_dict()]
    held = len(gone_keys) if deferred else 0
    return _state(task, base.rows + held, held, documents)


def _search_window(session: Session, task: Task, events: EventWriter) -> TableState | None:
    ledger = task.ledger()
    found = [_NO_CHANGES]
    candidates = new = 0
    for chunk in copy_rows(session, task.shape, within(task.since_age), task.careful):
        rows = HashedChunk(chunk, task.shape)
        keys, hashes = rows.keys, rows.hashes
        known, known_hashes = ledger.lookup(keys)
        changed = known & (known_hashes != hashes)
        rows.write(events, ~known, changed)
        chosen = ~known | changed
        found.append((keys[chosen], hashes[chosen], np.where(known[chosen], 0, 1).astype(np.int8)))
        candidates += len(keys)
        new += int((~known).sum())
    missing = ledger.count + new - task.look.rows
    if missing < 0:
        return None
    previous = task.previous
    unchanged_since = previous is not None and missing == previous.deferred and not candidates
    same_as_deferred = unchanged_since and not task.allow_deletes
    deferred = missing
    if missing and not same_as_deferred:
        fresh = Entries.of(*(np.concatenate([part[side] for part in found]) for side in (0, 1, 2)))
        gone = _sweep(session, task, ledger, fresh)
        if len(gone) != missing:
            return None
        if not task.holds_back(missing, ledger.count):
            events.delete(gone)
            found.append((gone, np.zeros(len(gone), dtype=np.uint64), np.full(len(gone), -1, dtype=np.int8)))
            deferred = 0
    changes = Entries.of(*(np.concatenate([part[side] for part in found]) for side in (0, 1, 2)))
    return _state(task, ledger.count + int(changes.change.sum()), deferred, _store(task, ledger, changes))


_NO_CHANGES = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int8))


def _sweep(session: Session, task: Task, ledger: Ledger, fresh: Entries) -> np.ndarray:
    """The known keys that the source no longer has."""
    known = OrderedReader(ledger.chunks(with_hashes=False, later=fresh))
    gone = []
    for rows in copy_keys(session, task.shape):
        keys = rows.column(0).to_numpy()
        known_keys, _ = known.take(int(keys[-1]))
        present, _ = find(keys, known_keys)
        gone.append(known_keys[~present])
    gone.append(known.take()[0])
    return np.concatenate(gone)


def _store(task: Task, ledger: Ledger, changes: Entries) -> dict[str, Any]:
    """The ledger with these changes: one more delta, or a new base when the deltas have become too many."""
    base = ledger.base_file.to_dict() if ledger.base_file else None
    deltas = [file.to_dict() for file in ledger.delta_files]
    if not len(changes):
        return {"base": base, "deltas": deltas}
    if ledger.too_many_deltas(changes):
        return {"base": _write_base(task.open_state(".parquet"), ledger.chunks(later=changes)).to_dict(), "deltas": []}
    return {"base": base, "deltas": [*deltas, write_delta(task.open_state("-delta.parquet"), changes).to_dict()]}


def _write_base(target: ObjectWriter, chunks: Iterator[tuple[np.ndarray, np.ndarray]]) -> StateFile:
    base = BaseWriter(target)
    for keys, hashes in chunks:
        base.write(keys, hashes)
    return base.store()


def _state(task: Task, keys: int, deferred: int, ledger: Any) -> TableState:
    shape, search = task.shape, task.search
    return TableState(keys, deferred, shape.fingerprint, task.look.next, ledger, search.kind, search.why, key=shape.key)


def unchanged(previous: TableState, look: Look) -> TableState:
    """The state of a table in which nothing happened: only its window starts anew."""
    return replace(previous, window=look.next, search="nothing", why="")
