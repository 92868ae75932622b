"""The source against the ledger: every row's content in one snapshot, changes that the next run finds told apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from totelake.capture.detect.bookmark import Bookmark, TableState
from totelake.capture.detect.look import SourceLook, is_behind, look, standing_of
from totelake.capture.detect.search import NOTHING, WHOLE, within
from totelake.capture.ledger.ledger import Ledger, OrderedReader, find
from totelake.capture.postgres.chunks import HashedChunk
from totelake.capture.postgres.copy import UnreadableError, copy_keys_within, copy_rows
from totelake.capture.postgres.session import Session
from totelake.contracts.model import Table
from totelake.operate.reconcile.finding import DIFFERS, EQUAL, IN_PROGRESS, Finding

CHECK = "source = ledger"
_NAMED = 5


def compare_source(
    session: Session, s3: Any, bucket: str, tables: tuple[Table, ...], bookmark: Bookmark
) -> list[Finding]:
    """One finding for each table. A difference is work in progress when the next run's search would see it."""
    if is_behind(standing_of(session, bookmark)):
        return [Finding(table.name, CHECK, "-", "-", IN_PROGRESS, "the source lags the last batch") for table in tables]
    with look(session, tables, bookmark) as seen:
        return [_compare(session, s3, bucket, seen, table.name, bookmark.tables.get(table.name)) for table in tables]


def _compare(
    session: Session, s3: Any, bucket: str, seen: SourceLook, name: str, previous: TableState | None
) -> Finding:
    if name in seen.obstacles:
        keys = f"{previous.keys} keys" if previous else "-"
        return Finding(name, CHECK, "-", keys, IN_PROGRESS, f"not captured: {seen.obstacles[name].why}")
    rows = seen.looks[name].rows
    if previous is None:
        return Finding(name, CHECK, f"{rows} rows", "-", IN_PROGRESS, "never captured")
    changed, gone = _differences(session, s3, bucket, seen, name, previous)
    search = seen.searches[name].kind
    missed = changed
    if search == WHOLE:
        missed = changed[:0]
    elif search != NOTHING:
        window = copy_keys_within(session, seen.shapes[name], within(seen.since_age))
        missed = changed[~find(window, changed)[0]]
    pending = len(changed) - len(missed)
    is_gone_missed = len(gone) > previous.deferred and search == NOTHING
    words = [f"{pending} rows changed since the last batch"] if pending else []
    words += (
        [f"{len(missed)} changed rows that the next run would not see: keys {_named(missed)}"] if len(missed) else []
    )
    words += [f"{len(gone)} keys are gone: {_named(gone)}"] if len(gone) else []
    outcome = DIFFERS if len(missed) or is_gone_missed else IN_PROGRESS if pending or len(gone) else EQUAL
    return Finding(name, CHECK, f"{rows} rows", f"{previous.keys} keys", outcome, "; ".join(words))


def _differences(
    session: Session, s3: Any, bucket: str, seen: SourceLook, name: str, previous: TableState
) -> tuple[np.ndarray, np.ndarray]:
    """Keys whose row is new or differs, and known keys that are gone."""
    try:
        return _compared(session, s3, bucket, seen, name, previous, careful=False)
    except UnreadableError:
        return _compared(session, s3, bucket, seen, name, previous, careful=True)


def _compared(
    session: Session, s3: Any, bucket: str, seen: SourceLook, name: str, previous: TableState, careful: bool
) -> tuple[np.ndarray, np.ndarray]:
    shape = seen.shapes[name]
    known = OrderedReader(Ledger(s3, bucket, previous.ledger).chunks())
    changed, gone = [np.zeros(0, dtype=np.int64)], []
    for chunk in copy_rows(session, shape, careful=careful):
        rows = HashedChunk(chunk, shape)
        known_keys, known_hashes = known.take(int(rows.keys[-1]))
        found, places = find(known_keys, rows.keys)
        differs = ~found
        differs[found] = known_hashes[places[found]] != rows.hashes[found]
        changed.append(rows.keys[differs])
        gone.append(known_keys[~find(rows.keys, known_keys)[0]])
    gone.append(known.take()[0])
    return np.concatenate(changed), np.concatenate(gone)


def _named(keys: np.ndarray) -> str:
    shown = ", ".join(str(key) for key in keys[:_NAMED])
    return shown + (", ..." if len(keys) > _NAMED else "")
