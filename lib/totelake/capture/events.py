"""The events of one table and batch as one parquet object, streamed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from totelake.capture.postgres.shape import XID, Shape
from totelake.lake.objects import ObjectWriter, Stored
from totelake.lake.quarantine import BadRow, QuarantineWriter

INSERT, UPDATE, DELETE = "I", "U", "D"
_METADATA = (
    pa.field("_op", pa.string()),
    pa.field("_batch", pa.int64()),
    pa.field("_captured_at", pa.timestamp("us")),
    pa.field("_xid", pa.int64()),
)
_CHUNK = 65_536


class EventWriter:
    """Writes events, and apart from them what could not be read; without rows there is no object."""

    def __init__(self, open_target: Any, open_quarantine: Any, shape: Shape, batch: int, captured_at: datetime) -> None:
        self._open_target = open_target
        self._shape = shape
        self._batch = batch
        self._captured_at = captured_at.replace(tzinfo=None)
        self._schema = pa.schema(list(shape.arrow) + list(_METADATA))
        self._target: ObjectWriter | None = None
        self._writer: pq.ParquetWriter | None = None
        self._quarantine = QuarantineWriter(open_quarantine, shape.table, batch, captured_at)
        self.inserts = self.updates = self.deletes = 0

    @property
    def rows(self) -> int:
        """Events written so far."""
        return self.inserts + self.updates + self.deletes

    @property
    def quarantined(self) -> int:
        """Rows set apart so far."""
        return self._quarantine.rows

    def write(self, rows: pa.RecordBatch, is_new: np.ndarray, is_changed: np.ndarray) -> None:
        """Write those of the source's rows that are new (I) or changed (U); rows come with their `_xid`."""
        chosen = is_new | is_changed
        if not chosen.any():
            return
        kept = rows.filter(pa.array(chosen)) if not chosen.all() else rows
        operations = pa.array(np.where(is_new[chosen], INSERT, UPDATE).tolist(), pa.string())
        columns = [kept.column(position) for position in range(len(self._shape.columns))]
        xids = kept.column(kept.schema.get_field_index(XID))
        self._append(columns, operations, xids)
        self.inserts += int(is_new.sum())
        self.updates += int(is_changed.sum())

    def quarantine(self, rows: Sequence[tuple[str, BadRow]]) -> None:
        """Set rows apart that cannot be read exactly, each with its operation."""
        self._quarantine.write(rows)

    def delete(self, keys: np.ndarray) -> None:
        """Write a tombstone for each key: the key and nothing else."""
        for start in range(0, len(keys), _CHUNK):
            part = keys[start : start + _CHUNK]
            columns = [
                pa.array(part).cast(field.type) if field.name == self._shape.key else pa.nulls(len(part), field.type)
                for field in self._shape.arrow
            ]
            operations = pa.array([DELETE] * len(part), pa.string())
            self._append(columns, operations, pa.nulls(len(part), pa.int64()))
        self.deletes += len(keys)

    def _append(self, columns: list[pa.Array], operations: pa.Array, xids: pa.Array) -> None:
        if self._writer is None:
            self._target = self._open_target()
            self._writer = pq.ParquetWriter(
                self._target, self._schema, compression="zstd", version="2.6", coerce_timestamps="us"
            )
        count = len(operations)
        batches = pa.array(np.full(count, self._batch, dtype=np.int64))
        times = pa.array([self._captured_at], pa.timestamp("us")).take(pa.array(np.zeros(count, dtype=np.int64)))
        arrays = [*columns, operations, batches, times, xids]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def store(self) -> Stored | None:
        """Finish the object; None when there were no events."""
        if self._writer is None or self._target is None:
            return None
        self._writer.close()
        return self._target.store()

    def store_quarantine(self) -> Stored | None:
        """Finish the object of what was set apart; None when there was nothing."""
        stored: Stored | None = self._quarantine.store()
        return stored

    def abandon(self) -> None:
        """Drop both objects."""
        self._quarantine.abandon()
        if self._target is not None:
            self._target.abandon()
