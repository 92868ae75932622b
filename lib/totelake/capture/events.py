"""The events of one table and batch as one parquet object, streamed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Callable

import numpy as np
import pyarrow as pa

from totelake.capture.ledger.keys import Key
from totelake.capture.quarantined_keys import key_alone
from totelake.lake.keys import ingested_key, quarantined_key
from totelake.lake.manifest import LakeObject, TableCommit
from totelake.lake.objects import ObjectWriter, Stored
from totelake.lake.quarantine import QuarantinedRow, QuarantineWriter
from totelake.lake.records.batch import with_schema
from totelake.runtime import parquet as pq
from totelake.schemas.columns import TableSchema

INSERT, UPDATE, DELETE = "I", "U", "D"
# the transaction that wrote the row, as the source numbers it
XID = "_xid"
# the columns that every event has beside those of its table
METADATA = (
    pa.field("_op", pa.string()),
    pa.field("_batch", pa.int64()),
    pa.field("_captured_at", pa.timestamp("us")),
    pa.field(XID, pa.int64()),
)
_CHUNK = 65_536
# so many tables of rows at most wait to be written
_AHEAD = 2


@dataclass(frozen=True)
class EventTable:
    """The table that events are of: its columns as the lake has them, and its key."""

    name: str
    key: Key
    columns: pa.Schema


class _Parquet:
    """A parquet file that is encoded, compressed and sent in a thread of its own, while the next rows are read.

    What fails there is raised by the next `write`, or by `close`.
    """

    def __init__(self, target: ObjectWriter, schema: pa.Schema) -> None:
        plain = [field.name for field in schema if not pa.types.is_float32(field.type)]
        self._writer = pq.ParquetWriter(
            target,
            schema,
            compression="zstd",
            version="2.6",
            coerce_timestamps="us",
            # by a column that has become double since, Athena finds no rows where a float's are indexed
            use_dictionary=plain,
            write_statistics=plain,
        )
        self._pool = ThreadPoolExecutor(1, "parquet")
        self._waiting: deque[Future[None]] = deque()
        self._is_broken = False

    def write(self, rows: pa.Table) -> None:
        """Write rows after those before."""
        while len(self._waiting) >= _AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._write, rows))

    def close(self) -> None:
        """Wait until every row is written, and end the file."""
        for written in self._waiting:
            written.result()
        self._pool.shutdown()
        self._writer.close()

    def abandon(self) -> None:
        """Write no more; nothing is under way afterwards."""
        for written in self._waiting:
            written.cancel()
        self._pool.shutdown()

    def _write(self, rows: pa.Table) -> None:
        # Arrow 7 crashes the process when it writes on after an error
        if self._is_broken:
            return
        try:
            self._writer.write_table(rows)
        except BaseException:
            self._is_broken = True
            raise


class EventWriter:
    """Writes events to one object and quarantined rows to another; without rows there is no object."""

    def __init__(
        self,
        open_target: Callable[[], ObjectWriter],
        open_quarantine: Callable[[], ObjectWriter],
        table: EventTable,
        batch: int,
        captured_at: datetime,
    ) -> None:
        self._open_target = open_target
        self._table = table
        self._batch = batch
        self._captured_at = captured_at.replace(tzinfo=None)
        self._schema = pa.schema(list(table.columns) + list(METADATA))
        self._target: ObjectWriter | None = None
        self._writer: _Parquet | None = None
        self._quarantine = QuarantineWriter(open_quarantine, table.name, batch, captured_at)
        self.inserts = self.updates = self.deletes = 0

    @property
    def rows(self) -> int:
        """Events written so far."""
        return self.inserts + self.updates + self.deletes

    @property
    def quarantined(self) -> int:
        """Rows quarantined so far."""
        return self._quarantine.rows

    def write(self, rows: pa.RecordBatch, is_new: np.ndarray, is_changed: np.ndarray) -> None:
        """Write those of the source's rows that are new (I) or changed (U); rows come with their `_xid`."""
        chosen = is_new | is_changed
        if not chosen.any():
            return
        kept = rows.filter(pa.array(chosen)) if not chosen.all() else rows
        operations = pa.array(np.where(is_new[chosen], INSERT, UPDATE).tolist(), pa.string())
        columns = [kept.column(position) for position in range(len(self._table.columns))]
        xids = kept.column(kept.schema.get_field_index(XID))
        self._append(columns, operations, xids)
        self.inserts += int(is_new.sum())
        self.updates += int(is_changed.sum())

    def quarantine(self, rows: Iterable[tuple[str, QuarantinedRow]]) -> None:
        """Quarantine rows that cannot be read exactly, each with its operation."""
        self._quarantine.write(rows)

    def delete(self, keys: np.ndarray) -> None:
        """Write a tombstone for each key: the key and nothing else.

        That of a key which the lake's types do not hold, as a date that is infinity, is quarantined as its row was.
        """
        for start in range(0, len(keys), _CHUNK):
            found, others = self._table.key.columns(keys[start : start + _CHUNK], self._table.columns)
            self.quarantine([(DELETE, key_alone(self._table.key, misfit)) for misfit in others])
            count = len(next(iter(found.values())))
            if not count:
                continue
            columns = [
                found[field.name] if field.name in found else pa.nulls(count, field.type)
                for field in self._table.columns
            ]
            self._append(columns, pa.array([DELETE] * count, pa.string()), pa.nulls(count, pa.int64()))
            self.deletes += count

    def _append(self, columns: list[pa.Array], operations: pa.Array, xids: pa.Array) -> None:
        if self._writer is None:
            self._target = self._open_target()
            self._writer = _Parquet(self._target, self._schema)
        count = len(operations)
        batches = pa.array(np.full(count, self._batch, dtype=np.int64))
        times = pa.array([self._captured_at], pa.timestamp("us")).take(pa.array(np.zeros(count, dtype=np.int64)))
        arrays = [*columns, operations, batches, times, xids]
        self._writer.write(pa.Table.from_arrays(arrays, schema=self._schema))

    def commit(self, source: str, schema: TableSchema) -> TableCommit | None:
        """Finish both objects; what a batch of that source says of them, None when there were no rows at all."""
        stored, unreadable = self._store(), self._quarantine.store()
        if stored is None and unreadable is None:
            return None
        name, day = self._table.name, self._captured_at.date().isoformat()
        objects: tuple[LakeObject, ...] = ()
        quarantine: tuple[LakeObject, ...] = ()
        if stored is not None:
            key = ingested_key(source, name, day, self._batch)
            objects = (LakeObject(stored.key, key, self.rows, stored.bytes, stored.sha256, {"ingested_on": day}),)
        if unreadable is not None:
            key = quarantined_key(source, name, self._batch)
            quarantine = (LakeObject(unreadable.key, key, self.quarantined, unreadable.bytes, unreadable.sha256),)
        commit = TableCommit(
            objects=objects,
            quarantined=self.quarantined,
            quarantine=quarantine,
            rows=self.rows,
            inserts=self.inserts,
            updates=self.updates,
            deletes=self.deletes,
        )
        return with_schema(commit, schema)

    def _store(self) -> Stored | None:
        if self._writer is None or self._target is None:
            return None
        self._writer.close()
        return self._target.store()

    def abandon(self) -> None:
        """Drop both objects."""
        self._quarantine.abandon()
        if self._writer is not None:
            self._writer.abandon()
        if self._target is not None:
            self._target.abandon()
