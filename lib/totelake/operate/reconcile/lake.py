"""The lake against itself: the ledger's keys against the events, the star logs against the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from totelake.capture.detect.bookmark import TableState
from totelake.capture.ledger.ledger import Ledger
from totelake.contracts.model import Table, inputs_of
from totelake.lake.manifest import DATA, Manifest
from totelake.lake.objects import ObjectReader
from totelake.lake.verdicts import SOURCE, AcceptedBatch
from totelake.operate.reconcile.finding import Finding, equal_or_not

KEYS, BATCHES = "ledger = events", "events = star log"
_DELETED = b"D"


def compare_keys(
    s3: Any, bucket: str, table: Table, state: TableState | None, batches: Sequence[Manifest], judged: Mapping[int, str]
) -> Finding:
    """The keys that the events leave alive, those in quarantine included, against the ledger's.

    `judged` are the final keys of judged batches, in the table or the dead letters; later ones are read as staged.
    """
    alive = _alive(s3, bucket, table, batches, judged)
    known = [keys for keys, _ in Ledger(s3, bucket, state.ledger if state else None).chunks(with_hashes=False)]
    ledger = np.concatenate([np.zeros(0, dtype=np.int64), *known])
    differing = np.setxor1d(alive, ledger)
    detail = f"{len(differing)} keys are in one of them only, the first is {differing[0] if len(differing) else '-'}"
    return equal_or_not(table.name, KEYS, _summary(ledger), _summary(alive), detail)


def _summary(keys: np.ndarray) -> str:
    return f"{len(keys)} keys, sum {int(keys.sum(dtype=object)) if len(keys) else 0}"


def _alive(s3: Any, bucket: str, table: Table, batches: Sequence[Manifest], judged: Mapping[int, str]) -> np.ndarray:
    """The keys whose newest event is no deletion."""
    keys, order, deleted = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=bool)]
    for manifest in batches:
        for found, is_deleted in _events(s3, bucket, table, manifest, judged):
            keys.append(found)
            order.append(np.full(len(found), manifest.number, dtype=np.int64))
            deleted.append(is_deleted)
    all_keys, all_deleted = np.concatenate(keys), np.concatenate(deleted)
    places = np.lexsort((np.concatenate(order), all_keys))
    all_keys, all_deleted = all_keys[places], all_deleted[places]
    is_last = np.append(all_keys[1:] != all_keys[:-1], True) if len(all_keys) else np.zeros(0, dtype=bool)
    return all_keys[is_last & ~all_deleted]


def _events(
    s3: Any, bucket: str, table: Table, manifest: Manifest, judged: Mapping[int, str]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    place = judged.get(manifest.number)
    items = [(item, place or item.staged, table.key_name) for item in manifest.objects_of(table.name)]
    items += [
        (item, item.staged if place is None else item.key, "source_key") for item in manifest.quarantine_of(table.name)
    ]
    for item, where, key in items:
        yield _read(ObjectReader(s3, bucket, where, item.bytes), key)


def _read(source: ObjectReader, key: str) -> tuple[np.ndarray, np.ndarray]:
    rows = pq.read_table(source, columns=[key, "_op"])
    operations = np.array(rows.column("_op").to_pylist(), dtype="S1")
    return rows.column(key).to_numpy().astype(np.int64), operations == _DELETED


def compare_log(table: Table, log: Sequence[Manifest], accepted: Sequence[AcceptedBatch]) -> Finding:
    """For a star table with one source: rows and quarantined of its log against the events that it took."""
    through = int(log[-1].state["through"][SOURCE]) if log else 0
    taken = [
        batch.tables[table.source or ""]
        for batch in accepted
        if batch.batch <= through and table.source in batch.tables
    ]
    events = sum(item.rows + item.quarantined for item in taken)
    commits = [item.tables[table.name] for item in log if item.kind == DATA and table.name in item.tables]
    built = sum(commit.rows + commit.quarantined for commit in commits)
    detail = f"to batch {through}"
    return equal_or_not(table.name, BATCHES, f"{events} events", f"{built} events", detail)


def has_one_source(table: Table) -> bool:
    """Whether one event is one row."""
    return table.source is not None and len(inputs_of(table)) == 1
