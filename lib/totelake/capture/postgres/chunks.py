"""Rows of the source as they are compared: those that could be read exactly, those that could not, in key order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from totelake.capture.events import INSERT, UPDATE, XID, EventWriter
from totelake.capture.ledger.keys import Key
from totelake.capture.ledger.rowhash import hash_rows
from totelake.capture.postgres.shape import Shape
from totelake.lake.quarantine import QuarantinedRow


@dataclass(frozen=True)
class Chunk:
    """Some rows in the order of their key; `quarantined` are those between them that cannot be read exactly."""

    rows: pa.RecordBatch
    quarantined: Sequence[QuarantinedRow] = ()


class HashedChunk:
    """A chunk's keys, ascending, and the hash of each row's content; a quarantined row's is that of its text."""

    def __init__(self, chunk: Chunk, shape: Shape) -> None:
        self._chunk = chunk
        keys, hashes = _hashed(chunk.rows, shape)
        self._order: np.ndarray | None = None
        if chunk.quarantined:
            more_keys, more_hashes = _hashed_texts(chunk.quarantined, shape.key)
            keys, hashes = np.concatenate([keys, more_keys]), np.concatenate([hashes, more_hashes])
            self._order = np.argsort(keys, kind="stable")
            keys, hashes = keys[self._order], hashes[self._order]
        self.keys, self.hashes = keys, hashes

    def write(self, events: EventWriter, is_new: np.ndarray, is_changed: np.ndarray) -> None:
        """Write what is new or changed: as events what could be read, to the quarantine what could not."""
        if self._order is None:
            events.write(self._chunk.rows, is_new, is_changed)
            return
        count = self._chunk.rows.num_rows
        new, changed = np.zeros_like(is_new), np.zeros_like(is_changed)
        new[self._order], changed[self._order] = is_new, is_changed
        events.write(self._chunk.rows, new[:count], changed[:count])
        quarantined = zip(self._chunk.quarantined, new[count:], changed[count:])
        events.quarantine(
            [(INSERT if is_first else UPDATE, row) for row, is_first, is_other in quarantined if is_first or is_other]
        )


def _hashed(rows: pa.RecordBatch, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    columns = [position for position, name in enumerate(rows.schema.names) if name != XID]
    content = pa.RecordBatch.from_arrays(
        [rows.column(position) for position in columns], names=[rows.schema.names[position] for position in columns]
    )
    return shape.key.of_rows(rows), hash_rows(content)


def _hashed_texts(rows: Sequence[QuarantinedRow], key: Key) -> tuple[np.ndarray, np.ndarray]:
    """Under names of their own, so that a row which becomes readable with the same text differs."""
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        alike[(row.rule, *row.values)].append(place)
    hashes = np.zeros(len(rows), dtype=np.uint64)
    for (rule, *names), places in alike.items():
        texts = [pa.array([rows[place].values[name] for place in places], pa.string()) for name in names]
        hashes[places] = hash_rows(pa.RecordBatch.from_arrays(texts, names=[f"{rule} {name}" for name in names]))
    return key.array([row.key for row in rows]), hashes
