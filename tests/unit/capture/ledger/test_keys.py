"""Keys as bytes: in the order of their values, back again without loss, and the same for years."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.capture.ledger.key_bytes import KeyTextError
from totelake.capture.ledger.keys import Key
from totelake.contracts.key_kinds import BOOLEAN, BYTES, DATE, DIGITS, INTEGER, NUMBER, TEXT, TIMESTAMP

Drawn = tuple[Key, list[tuple[Any, ...]]]
DECIMAL = pa.decimal128(38, 10)
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=6)
BINARY = st.binary(max_size=5) | st.lists(st.sampled_from([0, 1, 254, 255]), max_size=5).map(bytes)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=10)
# for each kind: values, their type in the lake, and what orders them as PostgreSQL does
KINDS: dict[str, tuple[st.SearchStrategy[Any], pa.DataType, Any]] = {
    INTEGER: (st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3), pa.int64(), int),
    TEXT: (TEXTS, pa.string(), lambda value: value.encode()),
    BYTES: (BINARY, pa.binary(), bytes),
    DATE: (st.dates(), pa.date32(), date.toordinal),
    TIMESTAMP: (st.datetimes(), pa.timestamp("us"), lambda value: value),
    NUMBER: (NUMBERS | st.integers(-100, 100).map(lambda value: Decimal(value) / 10), DECIMAL, lambda value: value),
    BOOLEAN: (st.booleans(), pa.bool_(), int),
}  # fmt: skip


@st.composite
def keyed(draw: st.DrawFn) -> Drawn:
    """A key that is no integer alone, and rows of its values."""
    kinds = draw(
        st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=8).filter(lambda found: found != [INTEGER])
    )
    rows = draw(st.lists(st.tuples(*(KINDS[kind][0] for kind in kinds)), max_size=8))
    return Key(tuple(f"k{place}" for place in range(len(kinds))), tuple(kinds)), rows


def batch(key: Key, rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = list(zip(*rows)) or [()] * len(key.kinds)
    arrays = [pa.array(values, KINDS[kind][1]) for kind, values in zip(key.kinds, columns)]
    return pa.RecordBatch.from_arrays(arrays, names=list(key.names))


@given(keyed())
def test_keys_are_in_the_order_of_their_values_and_equal_when_those_are(
    found: tuple[Key, list[tuple[Any, ...]]],
) -> None:
    key, rows = found
    keys = key.of_rows(batch(key, rows)).tolist()
    values = [tuple(KINDS[kind][2](value) for kind, value in zip(key.kinds, row)) for row in rows]
    for one, mine in zip(keys, values):
        for other, theirs in zip(keys, values):
            assert (one < other, one == other) == (mine < theirs, mine == theirs)


@given(keyed())
def test_a_key_gives_its_columns_again_and_is_made_of_their_texts(found: Drawn) -> None:
    key, rows = found
    whole = batch(key, rows)
    keys = key.of_rows(whole)
    columns, others = key.columns(keys, whole.schema)
    assert others == []
    assert [columns[name].to_pylist() for name in key.names] == [column.to_pylist() for column in whole.columns]
    assert [key.of_texts(key.texts(one)) for one in keys] == keys.tolist()


ENDS = [b"-infinity", b"4714-11-24 BC", b"0001-12-31 BC", b"0001-01-01", b"2000-02-29", b"9999-12-31", b"10000-01-01"]
WRITTEN = {
    DATE: [*ENDS, b"5874897-12-31", b"infinity"],
    TIMESTAMP: [
        b"-infinity", b"4714-11-24 00:00:00 BC", b"0001-12-31 23:59:59.999999 BC", b"0001-01-01 00:00:00",
        b"1999-12-31 23:59:59.5", b"2000-01-01 00:00:00", b"294276-12-31 23:59:59.999999", b"infinity",
    ],
    NUMBER: [
        b"-Infinity", b"-1" + b"0" * 200, b"-1000", b"-999.9", b"-1.1", b"-1", b"-0.11", b"-0.1", b"-0.001", b"0",
        b"0.0001", b"0.001", b"0.01", b"0.1", b"0.11", b"1", b"1.01", b"9.9", b"10", b"100.5", b"1" + b"0" * 200,
        b"Infinity", b"NaN",
    ],
    DIGITS: [b"-1.50", b"-1.5", b"0", b"0.00", b"0.10", b"1.5", b"1.50", b"15", b"15.0", b"NaN"],
    BYTES: [b"\\x", b"\\x00", b"\\x0000", b"\\x0001", b"\\x01", b"\\xff"],
    BOOLEAN: [b"f", b"t"],
    INTEGER: [b"-9223372036854775808", b"-1", b"0", b"1", b"9223372036854775807"],
    TEXT: [b"", b" ", b"a", b"a ", b"aa", b"b", b"\xc3\xa9", b"\xff no text"],
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(WRITTEN))
@pytest.mark.parametrize("beside", [(), (TEXT,)])
def test_texts_without_a_value_in_the_lake_are_in_their_order_and_come_back(kind: str, beside: tuple[str, ...]) -> None:
    key = Key(("k", "l")[: 1 + len(beside)], (kind, *beside))
    rest = [b"x"] * len(beside)
    keys = [key.of_texts([text, *rest]) for text in WRITTEN[kind]]
    if kind != DIGITS:
        assert keys == sorted(set(keys))
    assert len(set(keys)) == len(keys)
    assert [key.texts(one)[0] for one in keys] == WRITTEN[kind]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (DATE, b"tomorrow"), (DATE, b"2023-02-29"), (TIMESTAMP, b"2023-01-01"), (NUMBER, b"."), (NUMBER, b"1e5"),
        (BOOLEAN, b"1"), (BYTES, b"00"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_value_is_refused(kind: str, text: bytes) -> None:
    with pytest.raises(KeyTextError, match=f"is no {kind} of a key"):
        Key(("k",), (kind,)).of_texts([text])


def test_numbers_with_and_without_zeros_at_their_end_are_one_key_and_negative_zero_is_zero() -> None:
    key = Key(("k",), (NUMBER,))
    assert key.of_texts([b"10.50"]) == key.of_texts([b"010.5"])
    assert key.of_texts([b"-0.00"]) == key.of_texts([b"0"])
    wide = pa.RecordBatch.from_arrays([pa.array([Decimal("10.50")], pa.decimal128(38, 9))], names=["k"])
    assert key.of_rows(wide).tolist() == [key.of_texts([b"10.5"])]


def test_the_bytes_of_a_key_stay_the_same() -> None:
    key = Key(tuple("abcdefgh"), (INTEGER, TEXT, DATE, TIMESTAMP, NUMBER, BYTES, BOOLEAN, DIGITS))
    texts = [b"-2", "é".encode(), b"2026-11-30", b"2026-11-30 06:00:00.25", b"-12.5", b"\\x0061", b"t", b"1.50"]
    found = key.of_texts(texts)
    assert isinstance(found, bytes)
    assert found.hex() == (
        "7ffffffffffffffec3a90001800000000000513380030476e389e890017ffffdcecdcaff00ff61000101038000013135000002"
    )
    assert key.texts(found) == tuple(texts)


def test_keys_that_no_type_of_the_lake_holds_are_told_apart() -> None:
    key = Key(("day", "name", "amount"), (DATE, TEXT, NUMBER))
    schema = pa.schema([("amount", pa.decimal128(4, 2)), ("day", pa.date32()), ("name", pa.string())])
    rows = [
        (b"2026-01-02", b"a", b"1.25"), (b"infinity", b"a", b"1"), (b"2026-01-02", b"\xff", b"1"),
        (b"2026-01-02", b"a", b"100"), (b"2026-01-02", b"a", b"NaN"), (b"2026-01-02", b"a", b"0.001"),
        (b"2026-01-02", b"a", b"0"),
    ]  # fmt: skip
    keys = key.array([key.of_texts(row) for row in rows])
    columns, others = key.columns(keys, schema)
    assert columns["amount"].to_pylist() == [Decimal("1.25"), Decimal("0.00")]
    assert [key.texts(other.key) for other in others] == rows[1:-1]
    assert [other.column for other in others] == ["day", "name", "amount", "amount", "amount"]
    assert key.shown(others[0].key) == "(infinity, a, 1)" and key.shown(others[1].key) == "(2026-01-02, \\377, 1)"


def test_an_integer_that_has_become_too_great_for_its_column_is_told_apart() -> None:
    key = Key(("a", "b"), (INTEGER, INTEGER))
    schema = pa.schema([("a", pa.int16()), ("b", pa.int32())])
    columns, others = key.columns(key.array([key.of_texts([b"1", b"2"]), key.of_texts([b"40000", b"2"])]), schema)
    assert (columns["a"].to_pylist(), columns["b"].type) == ([1], pa.int32())
    assert [(key.texts(other.key), other.column) for other in others] == [((b"40000", b"2"), "a")]


def test_one_integer_is_a_number_and_as_it_always_was() -> None:
    key = Key(("id",), (INTEGER,))
    rows = pa.RecordBatch.from_arrays([pa.array([3, -4], pa.int32())], names=["id"])
    assert (key.of_rows(rows).tolist(), key.of_rows(rows).dtype) == ([3, -4], np.int64)
    assert (key.of_texts([b"7"]), key.texts(7), key.shown(7), key.kind) == (7, (b"7",), "7", "")
    columns, others = key.columns(np.array([5, -40000, 32767, 32768]), pa.schema([("id", pa.int16())]))
    assert (columns["id"].to_pylist(), columns["id"].type) == ([5, 32767], pa.int16())
    assert others == [(-40000, "id"), (32768, "id")]


def test_a_record_gives_the_key_again() -> None:
    for key in (Key(("a", "b"), (INTEGER, TEXT)), Key(("id",), (INTEGER,)), Key(("id",), (TEXT,))):
        assert Key.recorded(key.name, key.kind) == key


def test_times_of_a_wider_type_have_the_same_key() -> None:
    key, at = Key(("at",), (TIMESTAMP,)), datetime(2026, 11, 30, 6, 0, 0, 250_000)
    for kept in (pa.timestamp("us"), pa.timestamp("ms"), pa.timestamp("us", "UTC")):
        rows = pa.RecordBatch.from_arrays([pa.array([at], kept)], names=["at"])
        assert key.texts(key.of_rows(rows)[0]) == (b"2026-11-30 06:00:00.25",)
