"""How events are stored, so that they can be read when a column has become wider."""

from __future__ import annotations

import io
from datetime import datetime, timezone

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from totelake.capture.events import METADATA, EventTable, EventWriter
from totelake.capture.ledger.keys import Key
from totelake.contracts.key_kinds import INTEGER
from totelake.lake.objects import ObjectWriter
from totelake.ports.memory import MemoryStore
from totelake.schemas.columns import TableSchema

AT = datetime(2026, 11, 24, 12, 0, 0, 5000, tzinfo=timezone.utc)
COLUMNS = pa.schema([("id", pa.int32()), ("single", pa.float32()), ("double", pa.float64()), ("note", pa.string())])


def test_only_single_precision_has_neither_statistics_nor_a_dictionary() -> None:
    store = MemoryStore()
    table = EventTable("design", Key(("id",), (INTEGER,)), COLUMNS)
    writer = EventWriter(lambda: ObjectWriter(store, "e"), lambda: ObjectWriter(store, "q"), table, 1, AT)
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
