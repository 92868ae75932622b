"""CSV that does not parse, sorted row by row."""

from __future__ import annotations

import io
from decimal import Decimal

import pyarrow as pa
import pytest

from totelake.capture.postgres.csv_rows import logical_rows, parse_carefully

SCHEMA = pa.schema(
    [("id", pa.int64()), ("name", pa.string()), ("amount", pa.decimal128(10, 2)), ("at", pa.timestamp("us"))]
)
HEADER = b"id,name,amount,at\n"


def parsed(*rows: bytes) -> tuple[list[int], list[tuple[int, str, str | None]]]:
    chunks = list(parse_carefully(io.BytesIO(HEADER + b"".join(rows)), SCHEMA, "id"))
    good = [key for chunk in chunks for key in chunk.rows.column(0).to_pylist()]
    bad = [(row.key, row.column, row.values[row.column]) for chunk in chunks for row in chunk.bad]
    assert all(chunk.rows.schema.equals(SCHEMA) for chunk in chunks)
    return good, bad


def test_rows_end_where_quotes_are_closed() -> None:
    text = b'1,"a\nb ""c""\n",2\n2,plain,3\n3,"",\n4,"x'
    assert list(logical_rows(io.BytesIO(text))) == [b'1,"a\nb ""c""\n",2\n', b"2,plain,3\n", b'3,"",\n', b'4,"x']


def test_bad_rows_are_found_between_good_ones_with_their_column_and_text() -> None:
    good, bad = parsed(
        b'1,"two\nlines, and a ""quote""",1.50,2026-11-23 10:00:00\n',
        b"2,b,NaN,2026-11-23 10:00:00\n",
        b"3,c,2.50,infinity\n",
        b"4,,,\n",
        b"5,e,2.50,0044-03-15 00:00:00 BC\n",
        b"6,f,123456789012.00,2026-11-23 10:00:00\n",
    )
    assert good == [1, 4]
    assert bad == [
        (2, "amount", "NaN"), (3, "at", "infinity"), (5, "at", "0044-03-15 00:00:00 BC"),
        (6, "amount", "123456789012.00"),
    ]  # fmt: skip


def test_a_bad_rows_payload_tells_null_from_empty_text() -> None:
    (chunk,) = parse_carefully(io.BytesIO(HEADER + b'7,"",NaN,\n'), SCHEMA, "id")
    assert chunk.bad[0].payload == '{"id": "7", "name": "", "amount": "NaN", "at": null}'


def test_text_in_a_foreign_encoding_is_a_bad_row_that_can_be_read() -> None:
    good, bad = parsed(b"1,caf\xe9,1.00,\n", b"2,b,1.00,\n")
    assert (good, bad) == ([2], [(1, "name", "caf\\xe9")])


@pytest.mark.parametrize("size", [1024, 3 * 1024**2])
def test_a_row_may_be_larger_than_any_chunk(size: int) -> None:
    good, bad = parsed(b"1," + b"x" * size + b",1.00,\n", b"2,b,NaN,\n", b"3,c,1.00,\n")
    assert (good, bad) == ([1, 3], [(2, "amount", "NaN")])


def test_values_of_good_rows_are_exact() -> None:
    (chunk,) = parse_carefully(io.BytesIO(HEADER + b"1,a,0.10,\n2,b,NaN,\n3,c,-99999999.99,\n"), SCHEMA, "id")
    assert chunk.rows.column(2).to_pylist() == [Decimal("0.10"), Decimal("-99999999.99")]


def test_thousands_of_rows_keep_their_order() -> None:
    rows = [f"{key},n,{'NaN' if key % 997 == 0 else '1.00'},\n".encode() for key in range(1, 10_001)]
    good, bad = parsed(*rows)
    assert [key for key, _, _ in bad] == [key for key in range(1, 10_001) if key % 997 == 0]
    assert good == [key for key in range(1, 10_001) if key % 997]
