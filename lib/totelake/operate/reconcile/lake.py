"""The lake against itself: the ledger's keys against the events, the star logs against the verdicts."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from totelake.capture.ledger.keys import Key
from totelake.capture.ledger.ledger import Ledger
from totelake.capture.quarantined_keys import quarantined_key
from totelake.contracts.key_kinds import INTEGER
from totelake.contracts.model import Table, inputs_of
from totelake.lake.manifest import DATA, LakeObject
from totelake.lake.quarantine import KEY_VALUES
from totelake.lake.records.batch import Batch, LedgerFiles, TableState
from totelake.lake.records.star_commit import StarCommit, standing
from totelake.lake.records.verdict import JudgedBatch
from totelake.operate.reconcile.finding import Finding, equal_or_not
from totelake.operate.reconcile.rows import read_columns
from totelake.ports.object_store import ObjectStore

KEYS, BATCHES = "ledger = events", "events = star log"
_DELETED = b"D"


def compare_keys(
    store: ObjectStore, table: Table, state: TableState | None, batches: Sequence[Batch], judged: Mapping[int, str]
) -> Finding:
    """The keys that the events leave alive, those in quarantine included, against the ledger's.

    `judged` are the final keys of judged batches, in the table or the dead letters; later ones are read as staged.
    """
    key = Key.recorded(state.key, state.key_kind) if state and state.key_kind else Key((table.key_name,), (INTEGER,))
    alive = _alive(store, table, key, batches, judged)
    files = state.ledger if state else LedgerFiles()
    known = [keys for keys, _ in Ledger(store, files).chunks(with_hashes=False)]
    ledger = np.concatenate([key.array(()), *known])
    differing = np.setxor1d(alive, ledger)
    first = key.shown(differing[0]) if len(differing) else "-"
    detail = f"{len(differing)} keys are in one of them only, the first is {first}"
    return equal_or_not(table.name, KEYS, _summary(ledger), _summary(alive), detail)


def _summary(keys: np.ndarray) -> str:
    if keys.dtype == object:
        return f"{len(keys)} keys, checksum {zlib.crc32(b''.join(keys)):08x}"
    return f"{len(keys)} keys, sum {int(keys.sum(dtype=object)) if len(keys) else 0}"


def _alive(
    store: ObjectStore, table: Table, key: Key, batches: Sequence[Batch], judged: Mapping[int, str]
) -> np.ndarray:
    """The keys whose newest event is no deletion."""
    keys, deleted = [key.array(())], [np.zeros(0, dtype=bool)]
    for batch in sorted(batches, key=lambda item: item.number):
        for found, is_deleted in _events(store, table, key, batch, judged):
            keys.append(found)
            deleted.append(is_deleted)
    all_keys, all_deleted = np.concatenate(keys), np.concatenate(deleted)
    places = np.argsort(all_keys, kind="stable")
    all_keys, all_deleted = all_keys[places], all_deleted[places]
    is_last = np.append(all_keys[1:] != all_keys[:-1], True) if len(all_keys) else np.zeros(0, dtype=bool)
    alive: np.ndarray = all_keys[is_last & ~all_deleted]
    return alive


def _events(
    store: ObjectStore, table: Table, key: Key, batch: Batch, judged: Mapping[int, str]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    commit = batch.commits.get(table.name)
    if commit is None:
        return
    place, captured = judged.get(batch.number), batch.bookmark.tables.get(table.name)
    if captured is not None and captured.key:
        # under the names that the key's columns had then
        key = Key.recorded(captured.key, captured.key_kind)
    for item in commit.objects:
        for rows in _read(store, place or item.staged, item, list(key.names)):
            yield key.of_rows(rows), _is_deleted(rows)
    # the records that a feed refuses are known by no ledger
    for item in commit.quarantine if batch.bookmark.position is None else ():
        where = item.staged if place is None else item.key
        for rows in _read(store, where, item, ["source_key"] if key.is_number else [KEY_VALUES, "rule"]):
            yield _quarantined_keys(key, rows), _is_deleted(rows)


def _quarantined_keys(key: Key, rows: pa.RecordBatch) -> np.ndarray:
    if key.is_number:
        keys: np.ndarray = rows.column(0).to_numpy()
        return keys
    return key.array([quarantined_key(key, *row) for row in zip(*(column.to_pylist() for column in rows.columns[:2]))])


def _read(store: ObjectStore, key: str, item: LakeObject, columns: list[str]) -> list[pa.RecordBatch]:
    rows = read_columns(store, key, item.bytes, item.checksum, [*columns, "_op"])
    found: list[pa.RecordBatch] = rows.to_batches()
    return found


def _is_deleted(rows: pa.RecordBatch) -> np.ndarray:
    found: np.ndarray = np.array(rows.column(rows.num_columns - 1).to_pylist(), dtype="S1") == _DELETED
    return found


def compare_log(table: Table, log: Sequence[StarCommit], judged: Sequence[JudgedBatch]) -> Finding:
    """For a star table with one input: rows and quarantined of its log against the events that it took."""
    through = log[-1].through if log else 0
    driving = table.driving or ""
    taken = [batch.tables[driving] for batch in judged if batch.batch <= through and driving in batch.tables]
    events = sum(item.rows + item.quarantined for item in taken)
    built = sum(
        item.commit.rows + item.commit.quarantined for item in standing(log) if item.kind == DATA or item.is_rebuild
    )
    detail = f"to batch {through}"
    return equal_or_not(table.name, BATCHES, f"{events} events", f"{built} events", detail)


def has_one_input(table: Table) -> bool:
    """Whether one event is one row."""
    return table.driving is not None and len(inputs_of(table)) == 1
