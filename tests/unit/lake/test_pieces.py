"""Pieces hold all rows in their order, and none is larger than asked for but a row alone."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from totelake.lake.pieces import in_pieces


@given(st.lists(st.integers(0, 4000), max_size=30), st.integers(1, 10_000))
def test_pieces_are_the_rows_and_of_bounded_size(widths: list[int], most: int) -> None:
    rows = pa.RecordBatch.from_pydict({"text": pa.array(["x" * width for width in widths], pa.string())})
    found = list(in_pieces(rows, most))
    assert [value for piece in found for value in piece.column(0).to_pylist()] == rows.column(0).to_pylist()
    assert all(piece.num_rows <= 1 or piece.nbytes <= most for piece in found)
