"""The lake against itself: the ledger's keys against the events, the star logs against the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow.parquet as pq

from totelake.capture.ledger.ledger import Ledger
from totelake.contracts.model import Table, inputs_of
from totelake.lake.manifest import DATA
from totelake.lake.objects import ObjectReader
from totelake.lake.records.batch import Batch, LedgerFiles, TableState
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import JudgedBatch
from totelake.operate.reconcile.finding import Finding, equal_or_not
from totelake.ports.object_store import ObjectStore

KEYS, BATCHES = "ledger = events", "events = star log"
_DELETED = b"D"


def compare_keys(
    store: ObjectStore, table: Table, state: TableState | None, batches: Sequence[Batch], judged: Mapping[int, str]
) -> Finding:
    """The keys that the events leave alive, those in quarantine included, against the ledger's.

    `judged` are the final keys of judged batches, in the table or the dead letters; later ones are read as staged.
    """
    alive = _alive(store, table, batches, judged)
    files = state.ledger if state else LedgerFiles()
    known = [keys for keys, _ in Ledger(store, files).chunks(with_hashes=False)]
    ledger = np.concatenate([np.zeros(0, dtype=np.int64), *known])
    differing = np.setxor1d(alive, ledger)
    detail = f"{len(differing)} keys are in one of them only, the first is {differing[0] if len(differing) else '-'}"
    return equal_or_not(table.name, KEYS, _summary(ledger), _summary(alive), detail)


def _summary(keys: np.ndarray) -> str:
    return f"{len(keys)} keys, sum {int(keys.sum(dtype=object)) if len(keys) else 0}"


def _alive(store: ObjectStore, table: Table, batches: Sequence[Batch], judged: Mapping[int, str]) -> np.ndarray:
    """The keys whose newest event is no deletion."""
    keys, order, deleted = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=bool)]
    for batch in batches:
        for found, is_deleted in _events(store, table, batch, judged):
            keys.append(found)
            order.append(np.full(len(found), batch.number, dtype=np.int64))
            deleted.append(is_deleted)
    all_keys, all_deleted = np.concatenate(keys), np.concatenate(deleted)
    places = np.lexsort((np.concatenate(order), all_keys))
    all_keys, all_deleted = all_keys[places], all_deleted[places]
    is_last = np.append(all_keys[1:] != all_keys[:-1], True) if len(all_keys) else np.zeros(0, dtype=bool)
    alive: np.ndarray = all_keys[is_last & ~all_deleted]
    return alive


def _events(
    store: ObjectStore, table: Table, batch: Batch, judged: Mapping[int, str]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    commit = batch.commits.get(table.name)
    if commit is None:
        return
    place = judged.get(batch.number)
    items = [(item, place or item.staged, table.key_name) for item in commit.objects]
    items += [(item, item.staged if place is None else item.key, "source_key") for item in commit.quarantine]
    for item, where, key in items:
        yield _read(ObjectReader(store, where, item.bytes), key)


def _read(source: ObjectReader, key: str) -> tuple[np.ndarray, np.ndarray]:
    rows = pq.read_table(source, columns=[key, "_op"])
    operations = np.array(rows.column("_op").to_pylist(), dtype="S1")
    return rows.column(key).to_numpy().astype(np.int64), operations == _DELETED


def compare_log(table: Table, log: Sequence[StarCommit], judged: Sequence[JudgedBatch]) -> Finding:
    """For a star table with one input: rows and quarantined of its log against the events that it took."""
    through = log[-1].through if log else 0
    driving = table.driving or ""
    taken = [batch.tables[driving] for batch in judged if batch.batch <= through and driving in batch.tables]
    events = sum(item.rows + item.quarantined for item in taken)
    built = sum(item.commit.rows + item.commit.quarantined for item in log if item.kind == DATA)
    detail = f"to batch {through}"
    return equal_or_not(table.name, BATCHES, f"{events} events", f"{built} events", detail)


def has_one_input(table: Table) -> bool:
    """Whether one event is one row."""
    return table.driving is not None and len(inputs_of(table)) == 1
