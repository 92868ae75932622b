"""CSV that does not parse, read row by row."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.capture.ledger.keys import Key
from totelake.capture.postgres.csv_rows import logical_rows, parse_row_by_row
from totelake.contracts.key_kinds import INTEGER
from totelake.lake.quarantine import INVALID_BYTES, UNREADABLE, escaped

SCHEMA = pa.schema(
    [("id", pa.int64()), ("name", pa.string()), ("amount", pa.decimal128(10, 2)), ("at", pa.timestamp("us"))]
)
ID = Key(("id",), (INTEGER,))
HEADER = b"id,name,amount,at\n"


def parsed(*rows: bytes) -> tuple[list[int], list[tuple[int, str, str | None]]]:
    chunks = list(parse_row_by_row(io.BytesIO(HEADER + b"".join(rows)), SCHEMA, ID))
    good = [key for chunk in chunks for key in chunk.rows.column(0).to_pylist()]
    quarantined = [(row.key, row.column, row.values[row.column]) for chunk in chunks for row in chunk.quarantined]
    assert all(chunk.rows.schema.equals(SCHEMA) for chunk in chunks)
    return good, quarantined


def test_rows_end_where_quotes_are_closed() -> None:
    text = b'1,"a\nb ""c""\n",2\n2,plain,3\n3,"",\n4,"x'
    assert list(logical_rows(io.BytesIO(text))) == [b'1,"a\nb ""c""\n",2\n', b"2,plain,3\n", b'3,"",\n', b'4,"x']


def test_quarantined_rows_are_found_between_good_ones_with_their_column_and_text() -> None:
    good, quarantined = parsed(
        b'1,"two\nlines, and a ""quote""",1.50,2026-11-23 10:00:00\n',
        b"2,b,NaN,2026-11-23 10:00:00\n",
        b"3,c,2.50,infinity\n",
        b"4,,,\n",
        b"5,e,2.50,0044-03-15 00:00:00 BC\n",
        b"6,f,123456789012.00,2026-11-23 10:00:00\n",
    )
    assert good == [1, 4]
    assert quarantined == [
        (2, "amount", "NaN"), (3, "at", "infinity"), (5, "at", "0044-03-15 00:00:00 BC"),
        (6, "amount", "123456789012.00"),
    ]  # fmt: skip


def test_a_quarantined_rows_payload_keeps_null_and_empty_text_apart() -> None:
    (chunk,) = parse_row_by_row(io.BytesIO(HEADER + b'7,"",NaN,\n'), SCHEMA, ID)
    assert chunk.quarantined[0].payload == '{"id": "7", "name": "", "amount": "NaN", "at": null}'


def test_bytes_that_are_no_text_are_quarantined_as_bytes_with_all_of_their_row() -> None:
    good, quarantined = parsed(b"1,caf\xe9 \\,NaN,\n", b"2,b,1.00,\n")
    assert (good, quarantined) == ([2], [(1, "name", "caf\\351 \\\\")])
    (chunk,) = parse_row_by_row(io.BytesIO(HEADER + b"1,\xe9,NaN,\n2,\\351,NaN,\n"), SCHEMA, ID)
    assert [row.rule for row in chunk.quarantined] == [INVALID_BYTES, UNREADABLE]


@given(st.binary())
def test_escaped_bytes_can_be_had_again(value: bytes) -> None:
    text = escaped(value)
    again = re.sub(r"\\(\\|[0-7]{3})", lambda found: _byte(found[1]), text)
    assert (again.encode("latin-1"), "\0" in text, text.isascii()) == (value, False, True)


def _byte(written: str) -> str:
    return "\\" if written == "\\" else chr(int(written, 8))


def test_a_bad_value_is_found_among_1600_columns() -> None:
    names = [f"c{place}" for place in range(1600)]
    schema = pa.schema([(name, pa.int32()) for name in names])
    text = ",".join(names) + "\n" + ",".join("x" if place == 1234 else "1" for place in range(1600)) + "\n"
    (chunk,) = parse_row_by_row(io.BytesIO(text.encode()), schema, Key(("c0",), (INTEGER,)))
    assert [(row.column, row.value) for row in chunk.quarantined] == [("c1234", "x")]


@pytest.mark.parametrize("size", [1024, 3 * 1024**2])
def test_a_row_may_be_larger_than_any_chunk(size: int) -> None:
    good, quarantined = parsed(b"1," + b"x" * size + b",1.00,\n", b"2,b,NaN,\n", b"3,c,1.00,\n")
    assert (good, quarantined) == ([1, 3], [(2, "amount", "NaN")])


def test_values_of_good_rows_are_exact() -> None:
    (chunk,) = parse_row_by_row(io.BytesIO(HEADER + b"1,a,0.10,\n2,b,NaN,\n3,c,-99999999.99,\n"), SCHEMA, ID)
    assert chunk.rows.column(2).to_pylist() == [Decimal("0.10"), Decimal("-99999999.99")]


def test_thousands_of_rows_keep_their_order() -> None:
    rows = [f"{key},n,{'NaN' if key % 997 == 0 else '1.00'},\n".encode() for key in range(1, 10_001)]
    good, quarantined = parsed(*rows)
    assert [key for key, _, _ in quarantined] == [key for key in range(1, 10_001) if key % 997 == 0]
    assert good == [key for key in range(1, 10_001) if key % 997]
