"""Bytes out of PostgreSQL's hex form."""

from __future__ import annotations

import io
from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.capture.ledger.keys import Key
from totelake.capture.postgres.binary import unhexed
from totelake.capture.postgres.copy import copy_rows
from totelake.capture.postgres.csv_rows import parse_row_by_row
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import Shape
from totelake.contracts.key_kinds import INTEGER
from totelake.schemas.columns import SourceColumn

VALUES = st.lists(st.one_of(st.none(), st.binary(max_size=40)), max_size=20)


def rows(column: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([column, pa.array(range(len(column)))], names=["raw", "key"])


@given(VALUES, st.integers(0, 20))
def test_bytes_are_those_that_were_written_wherever_they_lie(values: list[bytes | None], start: int) -> None:
    texts = pa.array([None if value is None else b"\\x" + value.hex().encode() for value in values], pa.binary())
    found = unhexed(rows(texts[start:]))
    found.validate(full=True)
    assert found.column(0).to_pylist() == values[start:]


@pytest.mark.parametrize("text", [b"", b"\\", b"\\x0", b"\\x0g", b"0x00", b"\\X00", b"\\xAB", b"\\x00\\x00"])
def test_another_form_is_refused_and_never_guessed(text: bytes) -> None:
    with pytest.raises(pa.ArrowInvalid, match="a bytea is not in hex"):
        unhexed(rows(pa.array([b"\\x00", text], pa.binary())))


def test_rows_without_bytes_are_as_they_were() -> None:
    plain = rows(pa.array(["\\x00"]))
    assert unhexed(plain) is plain


def test_a_row_that_is_read_alone_has_its_bytes_too() -> None:
    schema = pa.schema([("key", pa.int64()), ("raw", pa.binary()), ("n", pa.int32())])
    key = Key(("key",), (INTEGER,))
    (chunk,) = parse_row_by_row(io.BytesIO(b"key,raw,n\n1,\\x0041,1\n2,\\x00,x\n3,,1\n4,\\x,1\n"), schema, key)
    assert chunk.rows.column(1).to_pylist() == [b"\0A", None, b""]
    assert [(row.column, row.values["raw"]) for row in chunk.quarantined] == [("n", "\\x00")]


class Sent:
    """A session whose server sends this CSV."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts

    def copy(self, _: object, sink: Any) -> None:
        """Write each part as one row."""
        for part in self._parts:
            sink.write(part)


def test_bytes_of_more_rows_than_a_block_holds_come_in_order() -> None:
    columns = (SourceColumn("id", "integer", True), SourceColumn("raw", "bytea", False))
    values = [bytes([key % 256]) * 2000 for key in range(5000)]
    sent = [b'%d,"\\x%s",\n' % (key, value.hex().encode()) for key, value in enumerate(values)]
    session = cast(Session, Sent(b"id,raw,_xid\n", *sent))
    chunks = [chunk.rows for chunk in copy_rows(session, Shape("public", "t", columns, Key(("id",), (INTEGER,)), ""))]
    assert len(chunks) > 1
    assert [value for rows in chunks for value in rows.column(1).to_pylist()] == values
