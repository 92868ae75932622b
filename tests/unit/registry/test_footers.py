"""Footers are read by their tail, whatever the file's size, and told from what is no parquet."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from totelake.registry.footers import NotParquetError, read_footer


class OneObject:
    """An S3 with one object, which counts the bytes that were asked for."""

    def __init__(self, body: bytes) -> None:
        self.body, self.fetched = body, 0

    def get_object(self, Bucket: str, Key: str, Range: str) -> dict[str, Any]:  # noqa: N803
        """A span of it."""
        start, end = (int(part) for part in Range.split("=")[1].split("-"))
        found = self.body[start : end + 1]
        self.fetched += len(found)
        return {"Body": io.BytesIO(found)}


def parquet(table: pa.Table) -> bytes:
    """A table as a parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def test_a_footer_costs_the_tail_and_not_the_file() -> None:
    noise = pa.array(np.random.default_rng(1).integers(0, 2**62, 500_000))
    s3 = OneObject(parquet(pa.table({"Noise": noise})))
    assert read_footer(s3, "b", "k", len(s3.body)) == (("noise", "bigint"),)
    assert s3.fetched <= 64 * 1024 < len(s3.body) / 50


def test_types_are_those_that_athena_reads() -> None:
    fields = [
        ("a", pa.int16()), ("b", pa.int32()), ("c", pa.decimal128(10, 2)), ("d", pa.timestamp("us", "UTC")),
        ("e", pa.bool_()), ("f", pa.date32()), ("g", pa.string()), ("h", pa.time64("us")),
    ]  # fmt: skip
    s3 = OneObject(parquet(pa.schema(fields).empty_table()))
    assert [kind for _, kind in read_footer(s3, "b", "k", len(s3.body))] == [
        "smallint", "int", "decimal(10,2)", "timestamp", "boolean", "date", "string", "time64[us]",
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"PAR1PAR1", b"words " * 100, parquet(pa.table({"a": [1]}))[:-9]])
def test_what_is_cut_or_no_parquet_is_told(body: bytes) -> None:
    with pytest.raises(NotParquetError, match="s3://b/k (has|is truncated or no parquet)"):
        read_footer(OneObject(body), "b", "k", len(body))
