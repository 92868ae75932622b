"""How events are stored, so that they can be read when a column has become wider."""

from __future__ import annotations

import io
import threading
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from totelake.capture.events import METADATA, EventTable, EventWriter
from totelake.capture.ledger.keys import Key
from totelake.contracts.key_kinds import INTEGER
from totelake.errors import RetriableError
from totelake.lake.objects import ObjectWriter
from totelake.ports.memory import MemoryStore
from totelake.ports.object_store import NoSuchObjectError
from totelake.schemas.columns import TableSchema

AT = datetime(2026, 11, 24, 12, 0, 0, 5000, tzinfo=timezone.utc)
COLUMNS = pa.schema([("id", pa.int32()), ("single", pa.float32()), ("double", pa.float64()), ("note", pa.string())])


class Broken(ObjectWriter):
    """An object whose upload fails after so many bytes."""

    def __init__(self, store: MemoryStore, after: int) -> None:
        super().__init__(store, "e")
        self._after = after
        self.is_abandoned = False

    def write(self, data: Any) -> int:
        if self.tell() + len(memoryview(data).cast("B")) > self._after:
            raise RetriableError("S3 is slow down")
        return super().write(data)

    def abandon(self) -> None:
        self.is_abandoned = True


def writer_to(store: MemoryStore, target: ObjectWriter | None = None) -> EventWriter:
    """A writer of events of one table."""
    table = EventTable("design", Key(("id",), (INTEGER,)), COLUMNS)
    return EventWriter(lambda: target or ObjectWriter(store, "e"), lambda: ObjectWriter(store, "q"), table, 1, AT)


def batch_of(keys: range) -> pa.RecordBatch:
    """Rows with these keys."""
    rows = {"id": list(keys), "single": [0.5] * len(keys), "double": [float(key) for key in keys]}
    texts = {"note": [f"note {key}" for key in keys], "_xid": [7] * len(keys)}
    return pa.RecordBatch.from_pydict({**rows, **texts}, schema=pa.schema([*COLUMNS, ("_xid", pa.int64())]))


def test_rows_are_written_in_the_order_in_which_they_come() -> None:
    store = MemoryStore()
    writer = writer_to(store)
    for start in range(0, 5000, 100):
        writer.write(batch_of(range(start, start + 100)), np.ones(100, dtype=bool), np.zeros(100, dtype=bool))
    assert writer.commit("crm", TableSchema("", ())) is not None
    assert pq.read_table(io.BytesIO(store.get("e"))).column("id").to_pylist() == list(range(5000))


@pytest.mark.parametrize("after", [0, 2000, 6000])
def test_an_upload_that_fails_behind_the_reading_fails_the_table(after: int) -> None:
    store = MemoryStore()
    target = Broken(store, after)
    writer = writer_to(store, target)
    before = threading.active_count()

    def write() -> None:
        for start in range(0, 2000, 100):
            writer.write(batch_of(range(start, start + 100)), np.ones(100, dtype=bool), np.zeros(100, dtype=bool))
        writer.commit("crm", TableSchema("", ()))

    with pytest.raises(RetriableError, match="S3 is slow down"):
        write()
    writer.abandon()
    assert target.is_abandoned and threading.active_count() <= before
    with pytest.raises(NoSuchObjectError):
        store.get("e")


def test_only_single_precision_has_neither_statistics_nor_a_dictionary() -> None:
    store = MemoryStore()
    writer = writer_to(store)
    rows = {"id": [1, 2], "single": [0.5, 0.5], "double": [0.5, 0.5], "note": ["a", "a"], "_xid": [7, 7]}
    schema = pa.schema([*COLUMNS, ("_xid", pa.int64())])
    writer.write(pa.RecordBatch.from_pydict(rows, schema=schema), np.array([True, False]), np.array([False, True]))
    writer.delete(np.array([3]))
    assert writer.commit("crm", TableSchema("", ())) is not None
    stored = pq.ParquetFile(io.BytesIO(store.get("e")))
    chunks = [stored.metadata.row_group(0).column(number) for number in range(stored.metadata.num_columns)]
    indexed = {chunk.path_in_schema: (chunk.is_stats_set, "RLE_DICTIONARY" in chunk.encodings) for chunk in chunks}
    assert indexed.pop("single") == (False, False)
    assert set(indexed.values()) == {(True, True)} and len(indexed) == len(COLUMNS) - 1 + len(METADATA)
    read = stored.read().to_pydict()
    assert (read["single"], read["_op"], read["_captured_at"]) == (
        [0.5, 0.5, None], ["I", "U", "D"], [AT.replace(tzinfo=None)] * 3,
    )  # fmt: skip
