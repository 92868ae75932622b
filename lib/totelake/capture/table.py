"""One table's capture: candidates against the ledger, rows that differ as events, keys that are gone as tombstones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Callable

import numpy as np

from totelake.capture.detect.breaker import holds_back
from totelake.capture.detect.search import WHOLE, Look, Search, within
from totelake.capture.events import EventWriter
from totelake.capture.ledger.files import BaseWriter, Entries, write_delta
from totelake.capture.ledger.ledger import BASE, DELTA, Ledger
from totelake.capture.ledger.merge import KeyHashes, Merge, ascending
from totelake.capture.postgres.chunks import Chunk, HashedChunk
from totelake.capture.postgres.copy import copy_keys, copy_rows
from totelake.capture.postgres.row_by_row import copy_row_by_row
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import Shape
from totelake.lake.objects import ObjectWriter
from totelake.lake.records.batch import LedgerFiles, TableState
from totelake.ports.object_store import ObjectStore


@dataclass(frozen=True)
class Task:
    """One table to search: how, from which state, and where its ledger's new files go.

    `open_state` begins a file of state whose name ends as given; `row_by_row` quarantines rows that cannot be read.
    """

    shape: Shape
    search: Search
    look: Look
    previous: TableState | None
    since_age: int
    store: ObjectStore
    open_state: Callable[[str], ObjectWriter]
    allow_deletes: bool = False
    row_by_row: bool = False

    @property
    def copy(self) -> Callable[..., Iterator[Chunk]]:
        """What copies the table's rows."""
        return copy_row_by_row if self.row_by_row else copy_rows

    def holds_back(self, gone: int, known: int) -> bool:
        """Whether deletions of so many of the `known` keys wait for approval."""
        deferred = self.previous.deferred if self.previous else 0
        return holds_back(gone, known, deferred, self.allow_deletes)

    def ledger(self) -> Ledger:
        """What is known of the table so far."""
        return Ledger(self.store, self.previous.ledger if self.previous else None)


class NeedsWhole(Exception):
    """More rows than the ledger and the window explain; only a comparison of the whole table can."""


def capture_table(session: Session, task: Task, events: EventWriter) -> TableState:
    """Write the table's events and the ledger's new files; return the state that goes with them. Raises NeedsWhole."""
    if task.search.kind == WHOLE:
        return _compare_whole(session, task, events)
    state = _search_window(session, task, events)
    if state is not None:
        return state
    events.abandon()
    raise NeedsWhole


def unchanged(previous: TableState, look: Look) -> TableState:
    """The state of a table in which nothing happened: only its window starts anew."""
    return replace(previous, window=look.next, search="nothing", why="")


def _compare_whole(session: Session, task: Task, events: EventWriter) -> TableState:
    ledger = task.ledger()
    base = BaseWriter(task.open_state(BASE))
    chunks = (HashedChunk(chunk, task.shape) for chunk in task.copy(session, task.shape))
    merge = Merge(chunks, ledger.chunks())
    for compared in merge:
        compared.rows.write(events, compared.is_new, compared.is_changed)
        base.write(compared.rows.keys, compared.rows.hashes)
    gone = merge.gone()
    is_deferred = task.holds_back(len(gone.keys), ledger.count)
    if not is_deferred:
        events.delete(gone.keys)
    is_same = not events.rows and not events.quarantined and (is_deferred or not len(gone.keys))
    if task.previous is not None and is_same:
        base.abandon()
        return _state(task, ledger.count, len(gone.keys), task.previous.ledger)
    files = LedgerFiles(base.store())
    if not is_deferred:
        return _state(task, base.rows, 0, files)
    kept = Entries.of(gone.keys, gone.hashes, np.ones(len(gone.keys), dtype=np.int8))
    files = replace(files, deltas=(write_delta(task.open_state(DELTA), kept),))
    return _state(task, base.rows + len(gone.keys), len(gone.keys), files)


def _search_window(session: Session, task: Task, events: EventWriter) -> TableState | None:
    """The state after a search of the window; None when it does not explain the table's rows."""
    ledger, previous = task.ledger(), task.previous
    changes, candidates = _read_window(session, task, ledger, events)
    missing = ledger.count + int(changes.change.sum()) - task.look.rows
    if missing < 0:
        return None
    deferred = missing
    is_as_before = previous is not None and missing == previous.deferred and not candidates
    if missing and (task.allow_deletes or not is_as_before):
        gone = _sweep(session, task, ledger, changes)
        if len(gone) != missing:
            return None
        if not task.holds_back(missing, ledger.count):
            events.delete(gone)
            changes, deferred = changes.then(Entries.removing(gone)), 0
    return _state(task, ledger.count + int(changes.change.sum()), deferred, ledger.renewed(changes, task.open_state))


def _read_window(session: Session, task: Task, ledger: Ledger, events: EventWriter) -> tuple[Entries, int]:
    """What is new or changed among the window's rows, which are written as events; how many rows the window has."""
    found, candidates = [Entries.none()], 0
    chunks = task.copy(session, task.shape, within(task.since_age))
    for rows in ascending(HashedChunk(chunk, task.shape) for chunk in chunks):
        is_known, known_hashes = ledger.lookup(rows.keys)
        is_changed = is_known & (known_hashes != rows.hashes)
        rows.write(events, ~is_known, is_changed)
        chosen = ~is_known | is_changed
        found.append(Entries.of(rows.keys[chosen], rows.hashes[chosen], (~is_known[chosen]).astype(np.int8)))
        candidates += len(rows.keys)
    return Entries.joined(found), candidates


def _sweep(session: Session, task: Task, ledger: Ledger, fresh: Entries) -> np.ndarray:
    """The known keys that the source no longer has."""
    keys = (KeyHashes.of_keys(block) for block in copy_keys(session, task.shape))
    return Merge(keys, ledger.chunks(with_hashes=False, later=fresh)).gone().keys


def _state(task: Task, keys: int, deferred: int, ledger: LedgerFiles) -> TableState:
    shape, search = task.shape, task.search
    return TableState(
        keys=keys,
        deferred=deferred,
        fingerprint=shape.fingerprint,
        window=task.look.next,
        ledger=ledger,
        search=search.kind,
        why=search.why,
        key=shape.key.name,
        key_kind=shape.key.kind,
    )
