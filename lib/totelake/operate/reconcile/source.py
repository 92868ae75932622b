"""The source against the ledger: every row's content in one snapshot. What the next run would find is no mismatch."""

from __future__ import annotations

from collections import deque

import numpy as np

from totelake.capture.blocked import BlockedError
from totelake.capture.detect.look import SourceLook, is_behind, look, standing_of
from totelake.capture.detect.search import NOTHING, WHOLE, within
from totelake.capture.ledger.keys import Key
from totelake.capture.ledger.ledger import Ledger
from totelake.capture.ledger.merge import Merge, find
from totelake.capture.postgres.chunks import HashedChunk
from totelake.capture.postgres.copy import copy_keys_within, copy_rows, read_table
from totelake.capture.postgres.row_by_row import copy_row_by_row
from totelake.capture.postgres.session import Session
from totelake.contracts.model import Table
from totelake.errors import DamagedError
from totelake.lake.records.batch import BlockedTable, Bookmark, TableState
from totelake.operate.reconcile.finding import DIFFERS, EQUAL, IN_PROGRESS, NOT_CAPTURED, Finding, unreadable
from totelake.ports.object_store import ObjectStore

CHECK = "source = ledger"
LAGS = "the source lags the last batch"
_NAMED = 5


def compare_source(
    session: Session, store: ObjectStore, tables: tuple[Table, ...], bookmark: Bookmark
) -> list[Finding]:
    """One finding for each table. A difference is work in progress when the next run's search would see it."""
    if is_behind(standing_of(session, bookmark)):
        return [Finding(table.name, CHECK, "-", "-", IN_PROGRESS, LAGS) for table in tables]
    with look(session, tables, bookmark) as seen:
        return [_compare(session, store, seen, table.name, bookmark.tables.get(table.name)) for table in tables]


def _compare(session: Session, store: ObjectStore, seen: SourceLook, name: str, previous: TableState | None) -> Finding:
    if name in seen.blocked:
        return _blocked(name, seen.blocked[name], previous)
    rows = seen.looks[name].rows
    if previous is None:
        return Finding(name, CHECK, f"{rows} rows", "-", IN_PROGRESS, "never captured")
    try:
        changed, gone = _differences(session, store, seen, name, previous)
        missed = _missed(session, seen, name, changed)
    except BlockedError as error:
        return _blocked(name, error.blocked, previous)
    except DamagedError as error:
        return unreadable(name, CHECK, error)
    key = seen.shapes[name].key
    pending = len(changed) - len(missed)
    is_gone_missed = len(gone) > previous.deferred and seen.searches[name].kind == NOTHING
    words = [f"{pending} rows changed since the last batch"] if pending else []
    words += (
        [f"{len(missed)} changed rows that the next run would not see: keys {_named(key, missed)}"]
        if len(missed)
        else []
    )
    words += [f"{len(gone)} keys are gone: {_named(key, gone)}"] if len(gone) else []
    outcome = DIFFERS if len(missed) or is_gone_missed else IN_PROGRESS if pending or len(gone) else EQUAL
    return Finding(name, CHECK, f"{rows} rows", f"{previous.keys} keys", outcome, "; ".join(words))


def _blocked(name: str, blocked: BlockedTable, previous: TableState | None) -> Finding:
    keys = f"{previous.keys} keys" if previous else "-"
    return Finding(name, CHECK, "-", keys, NOT_CAPTURED, blocked.why)


def _missed(session: Session, seen: SourceLook, name: str, changed: np.ndarray) -> np.ndarray:
    """Those of the changed keys that the next run's search would not see."""
    search = seen.searches[name].kind
    if search == WHOLE:
        return changed[:0]
    if search == NOTHING:
        return changed
    shape = seen.shapes[name]
    window = read_table(session, shape, lambda _: copy_keys_within(session, shape, within(seen.since_age)))
    is_seen, _ = find(window, changed)
    missed: np.ndarray = changed[~is_seen]
    return missed


def _differences(
    session: Session, store: ObjectStore, seen: SourceLook, name: str, previous: TableState
) -> tuple[np.ndarray, np.ndarray]:
    """Keys whose row is new or differs, and known keys that are gone."""
    shape = seen.shapes[name]

    def compared(row_by_row: bool) -> tuple[np.ndarray, np.ndarray]:
        copy = copy_row_by_row if row_by_row else copy_rows
        chunks = (HashedChunk(chunk, shape) for chunk in copy(session, shape))
        merge = Merge(chunks, Ledger(store, previous.ledger).chunks())
        changed = [shape.key.array(())]
        try:
            changed += [found.rows.keys[found.is_new | found.is_changed] for found in merge]
        except DamagedError:
            # a copy that is left in its middle would take the transaction of the other tables with it
            deque(chunks, maxlen=0)
            raise
        return np.concatenate(changed), merge.gone().keys

    return read_table(session, shape, compared)


def _named(key: Key, keys: np.ndarray) -> str:
    shown = ", ".join(key.shown(one) for one in keys[:_NAMED])
    return shown + (", ..." if len(keys) > _NAMED else "")
