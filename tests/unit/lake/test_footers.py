"""Footers are read by their tail, whatever the file's size, and what is not parquet is an error."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from totelake.lake.footers import NotParquetError, read_footer
from totelake.ports.memory import MemoryStore


class CountingStore(MemoryStore):
    """A store with one object, which counts the bytes that are read."""

    def __init__(self, body: bytes) -> None:
        super().__init__("b")
        self.put("k", body)
        self.fetched = 0

    def read(self, key: str, start: int, end: int) -> bytes:
        found = super().read(key, start, end)
        self.fetched += len(found)
        return found


def parquet(table: pa.Table) -> bytes:
    """A table as a parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def test_a_footer_costs_the_tail_and_not_the_file() -> None:
    noise = pa.array(np.random.default_rng(1).integers(0, 2**62, 500_000))
    body = parquet(pa.table({"Noise": noise}))
    store = CountingStore(body)
    assert read_footer(store, "k", len(body)) == (("noise", "bigint"),)
    assert store.fetched <= 64 * 1024 < len(body) / 50


def test_types_are_those_that_athena_reads() -> None:
    fields = [
        ("a", pa.int16()), ("b", pa.int32()), ("c", pa.decimal128(10, 2)), ("d", pa.timestamp("us", "UTC")),
        ("e", pa.bool_()), ("f", pa.date32()), ("g", pa.string()), ("h", pa.time64("us")),
    ]  # fmt: skip
    body = parquet(pa.schema(fields).empty_table())
    assert [kind for _, kind in read_footer(CountingStore(body), "k", len(body))] == [
        "smallint", "int", "decimal(10,2)", "timestamp", "boolean", "date", "string", "time64[us]",
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"PAR1PAR1", b"words " * 100, parquet(pa.table({"a": [1]}))[:-9]])
def test_what_is_cut_or_not_parquet_is_an_error(body: bytes) -> None:
    with pytest.raises(NotParquetError, match="s3://b/k (has|is truncated or no parquet)"):
        read_footer(CountingStore(body), "k", len(body))
