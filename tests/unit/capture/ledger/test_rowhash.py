"""The row hash: fixed for years, blind to what is no change of content, and to nothing else."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.capture.ledger.rowhash import hash_rows

ROW = {
    "id": (7, pa.int32()),
    "price": (Decimal("3.10"), pa.decimal128(10, 2)),
    "name": ("O'Keefe, Ltd.", pa.string()),
    "note": (None, pa.string()),
    "paid": (True, pa.bool_()),
    "at": (datetime(2024, 8, 22, 9, 30, 0, 123000), pa.timestamp("us")),
    "day": (date(2024, 8, 22), pa.date32()),
    "rate": (0.25, pa.float64()),
}


GOLDEN = 98585419363978994
BYTES = 8405835040432318362


def hash_of(**values: tuple[Any, pa.DataType]) -> int:
    arrays = [pa.array([value], kind) for value, kind in values.values()]
    return int(hash_rows(pa.RecordBatch.from_arrays(arrays, names=list(values)))[0])


def test_the_hash_of_a_known_row_never_changes() -> None:
    assert hash_of(**ROW) == GOLDEN


def test_the_hash_of_known_bytes_never_changes_and_is_not_that_of_a_text() -> None:
    assert hash_of(raw=(b"\x00\xffO'Keefe", pa.binary())) == BYTES
    assert hash_of(raw=(b"a", pa.binary())) != hash_of(raw=("a", pa.string()))
    assert hash_of(raw=(b"", pa.binary())) != hash_of(raw=(None, pa.binary())) == 0


@given(st.binary(max_size=600), st.binary(max_size=600))
def test_bytes_hash_alike_exactly_when_they_are_equal(one: bytes, other: bytes) -> None:
    assert (hash_of(a=(one, pa.binary())) == hash_of(a=(other, pa.binary()))) == (one == other)


def test_a_new_column_that_is_null_changes_nothing() -> None:
    assert hash_of(**ROW, extra=(None, pa.int64())) == hash_of(**ROW)


def test_the_order_of_columns_changes_nothing() -> None:
    assert hash_of(**dict(reversed(list(ROW.items())))) == hash_of(**ROW)


@pytest.mark.parametrize("wider", [pa.int64(), pa.decimal128(20, 0), pa.decimal128(20, 4)])
def test_a_wider_number_type_changes_nothing(wider: pa.DataType) -> None:
    assert hash_of(a=(7, pa.int32())) == hash_of(a=(Decimal(7) if pa.types.is_decimal(wider) else 7, wider))


def test_null_and_the_empty_string_differ() -> None:
    assert hash_of(a=("", pa.string())) != hash_of(a=(None, pa.string()))


def test_a_value_in_another_column_differs() -> None:
    assert hash_of(a=(1, pa.int32()), b=(None, pa.int32())) != hash_of(a=(None, pa.int32()), b=(1, pa.int32()))


def test_swapped_values_differ() -> None:
    assert hash_of(a=(1, pa.int32()), b=(2, pa.int32())) != hash_of(a=(2, pa.int32()), b=(1, pa.int32()))


@given(st.text(max_size=600), st.text(max_size=600))
def test_texts_hash_alike_exactly_when_they_are_equal(one: str, other: str) -> None:
    one, other = one.replace("\x00", ""), other.replace("\x00", "")
    assert (hash_of(a=(one, pa.string())) == hash_of(a=(other, pa.string()))) == (one == other)


@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), min_size=1, max_size=50), st.data())
def test_a_row_hashes_alike_wherever_it_lies(texts: list[str | None], data: Any) -> None:
    column = pa.array(texts, pa.string())
    start = data.draw(st.integers(0, len(texts) - 1))
    whole = hash_rows(pa.RecordBatch.from_arrays([column], names=["a"]))
    part = hash_rows(pa.RecordBatch.from_arrays([column[start:]], names=["a"]))
    assert whole[start:].tolist() == part.tolist()


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**30), max_value=10**30))
def test_a_decimal_hashes_by_its_value_whatever_its_scale(value: Decimal) -> None:
    narrow, wide = pa.decimal128(38, 2), pa.decimal128(38, 6)
    assert hash_of(a=(value, narrow)) == hash_of(a=(value, wide))


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(TypeError, match="no row hash"):
        hash_of(a=([1], pa.list_(pa.int32())))
