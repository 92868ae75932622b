"""Bytes out of the form in which PostgreSQL's COPY writes `bytea`: \\x and two hexadecimal digits for each byte."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from totelake.capture.ledger.rowhash import value_offsets

_PREFIX = 2
_NO_DIGIT = 0xFF
_DIGITS = np.full(256, _NO_DIGIT, dtype=np.uint8)
_DIGITS[np.frombuffer(b"0123456789abcdef", dtype=np.uint8)] = np.arange(16, dtype=np.uint8)


def unhexed(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The rows with bytes in their binary columns, which come in hex. Raises pyarrow.ArrowInvalid for what is none."""
    if not any(pa.types.is_binary(field.type) for field in rows.schema):
        return rows
    columns = [_unhexed(column) if pa.types.is_binary(column.type) else column for column in rows.columns]
    return pa.RecordBatch.from_arrays(columns, schema=rows.schema)


def _unhexed(column: pa.Array) -> pa.Array:
    offsets = value_offsets(column)
    first, last = int(offsets[0]), int(offsets[-1])
    starts, lengths = offsets[:-1] - first, np.diff(offsets)
    is_there = ~np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    text = np.zeros(0, dtype=np.uint8)
    if last > first:
        text = np.frombuffer(column.buffers()[2], dtype=np.uint8, count=last)[first:]
    begins = starts[is_there]
    # with whole pairs in every value, the pairs of all of them lie side by side
    if (lengths % 2).any() or (lengths[is_there] < _PREFIX).any() or not _is_prefix(text, begins):
        raise pa.ArrowInvalid("a bytea is not in hex")
    is_digits = np.ones(len(text) // 2, dtype=bool)
    is_digits[begins // 2] = False
    high, low = _DIGITS[text[0::2]][is_digits], _DIGITS[text[1::2]][is_digits]
    if ((high | low) == _NO_DIGIT).any():
        raise pa.ArrowInvalid("a bytea is not in hex")
    ends = np.cumsum(np.where(is_there, (lengths - _PREFIX) // 2, 0))
    buffers = [np.packbits(is_there, bitorder="little"), np.concatenate([[0], ends]).astype(np.int32), high << 4 | low]
    return pa.Array.from_buffers(column.type, len(column), [pa.py_buffer(item) for item in buffers])


def _is_prefix(text: np.ndarray, begins: np.ndarray) -> bool:
    return bool((text[begins] == ord("\\")).all() and (text[begins + 1] == ord("x")).all())
