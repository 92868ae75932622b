"""Rows in pieces of bounded size, however wide they are."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa


def in_pieces(rows: pa.RecordBatch, most_bytes: int) -> Iterator[pa.RecordBatch]:
    """The rows in their order, in pieces of at most so many bytes; a single row that has more is a piece."""
    if rows.num_rows <= 1 or rows.nbytes <= most_bytes:
        yield rows
        return
    half = rows.num_rows // 2
    yield from in_pieces(rows.slice(0, half), most_bytes)
    yield from in_pieces(rows.slice(half), most_bytes)
