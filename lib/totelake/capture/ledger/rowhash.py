"""The 64-bit hash of a row's content: a sum over its non-NULL columns of mix(name, value).

Being a sum it does not see the order of columns nor a new column that is NULL; being over values it does not see
integer becoming bigint or a wider numeric; NULL and '' differ. The hashes are kept for years: golden tests fix them.
"""

from __future__ import annotations

import hashlib
from typing import Callable

import numpy as np
import pyarrow as pa

_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_STEP = 0x9E3779B97F4A7C15
_EXPONENT = 0xD6E8FEB86659FD93
_WRAP = (1 << 64) - 1
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_LONG = 512
_TAIL_MASKS = np.array([0] + [(1 << (8 * count)) - 1 for count in range(1, 9)], dtype=np.uint64)


def hash_rows(batch: pa.RecordBatch) -> np.ndarray:
    """The hash of every row over all of the batch's columns. Raises TypeError for a type without an exact value."""
    total = np.zeros(batch.num_rows, dtype=np.uint64)
    for position, field in enumerate(batch.schema):
        column = batch.column(position)
        family, values = _values(column)
        mixed = _mix(values + np.uint64(_seed(field.name, family)))
        if column.null_count:
            mixed[np.asarray(column.is_null().to_numpy(zero_copy_only=False))] = 0
        total += mixed
    return total


def _seed(name: str, family: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{family}:{name}".encode()).digest()[:8], "little")


def _mix(values: np.ndarray) -> np.ndarray:
    """splitmix64's finaliser: a bijection in which each bit of the input moves half of the output."""
    values = values ^ (values >> _S30)
    values *= _M1
    values ^= values >> _S27
    values *= _M2
    values ^= values >> _S31
    return values


def _values(column: pa.Array) -> tuple[str, np.ndarray]:
    kind = column.type
    if pa.types.is_decimal(kind):
        return "number", _decimals(column, kind.scale)
    if pa.types.is_string(kind):
        return "text", _texts(column)
    if pa.types.is_binary(kind):
        return "binary", _texts(column)
    if pa.types.is_boolean(kind):
        return "boolean", column.cast(pa.uint8()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.uint64)
    for is_kind, family, read in _FIXED:
        if is_kind(kind):
            return family, read(column)
    raise TypeError(f"a column of type {kind} has no row hash; add its family to totelake.capture.ledger.rowhash")


def _buffer(column: pa.Array, kind: str) -> np.ndarray:
    """The column's values as they lie in memory; what is under a NULL is arbitrary."""
    data = column.buffers()[1]
    if data is None or len(column) == 0:
        return np.zeros(len(column), dtype=kind)
    return np.frombuffer(data, dtype=kind, count=column.offset + len(column))[column.offset :]


def _integers(column: pa.Array) -> np.ndarray:
    return _buffer(column, f"<i{column.type.bit_width // 8}").astype(np.int64).view(np.uint64)


def _floats(column: pa.Array) -> np.ndarray:
    values = _buffer(column, f"<f{column.type.bit_width // 8}").astype(np.float64) + 0.0  # -0.0 becomes 0.0
    values[np.isnan(values)] = np.nan
    return values.view(np.uint64)


_FIXED: tuple[tuple[Callable[[pa.DataType], bool], str, Callable[[pa.Array], np.ndarray]], ...] = (
    (pa.types.is_signed_integer, "number", _integers),
    (pa.types.is_timestamp, "timestamp", _integers),
    (pa.types.is_date32, "date", _integers),
    (pa.types.is_floating, "float", _floats),
)


def _decimals(column: pa.Array, scale: int) -> np.ndarray:
    """Unscaled values without trailing zeros after the point, so that 10.50, 10.500 and, for 10, the integer agree."""
    if len(column) == 0:
        return np.zeros(0, dtype=np.uint64)
    halves = np.frombuffer(column.buffers()[1], dtype="<i8")[2 * column.offset :][: 2 * len(column)].reshape(-1, 2)
    low, high = halves[:, 0].copy(), halves[:, 1]
    exponents = np.full(len(column), scale, dtype=np.int64)
    left = np.arange(len(column))
    for _ in range(scale):
        tenth = low[left] // 10
        whole = tenth * 10 == low[left]
        left, tenth = left[whole], tenth[whole]
        if not left.size:
            break
        low[left] = tenth
        exponents[left] -= 1
    values = low.view(np.uint64) + exponents.astype(np.uint64) * np.uint64(_EXPONENT)
    wide = np.flatnonzero(high != (halves[:, 0] >> 63))
    for position in wide:
        unscaled = (int(high[position]) << 64) | (int(halves[position, 0]) & _WRAP)
        values[position] = _wide(unscaled, scale)
    return values


def _wide(unscaled: int, exponent: int) -> int:
    """The same value for a number whose digits do not fit 64 bits; it may fit once its trailing zeros are gone."""
    while exponent and unscaled % 10 == 0:
        unscaled, exponent = unscaled // 10, exponent - 1
    if -(1 << 63) <= unscaled < 1 << 63:
        return (unscaled + exponent * _EXPONENT) & _WRAP
    return int.from_bytes(hashlib.sha256(f"{unscaled}e-{exponent}".encode()).digest()[:8], "little")


def _texts(column: pa.Array) -> np.ndarray:
    """length * step + sum over a text's 8-byte words of mix(word + position * step), without a Python object a row."""
    offsets = value_offsets(column)
    first, last = int(offsets[0]), int(offsets[-1])
    data = column.buffers()[2]
    padded = np.zeros(last - first + 8, dtype=np.uint8)
    if data is not None and last > first:
        padded[: last - first] = np.frombuffer(data, dtype=np.uint8, count=last)[first:]
    words: np.ndarray = np.ndarray(shape=(len(padded) - 7,), dtype="<u8", buffer=padded, strides=(1,))
    starts, lengths = offsets[:-1] - first, np.diff(offsets)
    total = lengths.astype(np.uint64) * np.uint64(_STEP)
    for row in np.flatnonzero(lengths > _LONG):
        total[row : row + 1] += _long_text(words, int(starts[row]), int(lengths[row]))
    active, position = np.flatnonzero((lengths > 0) & (lengths <= _LONG)), 0
    while active.size:
        left = np.minimum(lengths[active] - 8 * position, 8)
        word = words[starts[active] + 8 * position] & _TAIL_MASKS[left]
        position += 1
        total[active] += _mix(word + np.uint64(position * _STEP & _WRAP))
        active = active[lengths[active] > 8 * position]
    return total


def value_offsets(column: pa.Array) -> np.ndarray:
    """Where each value of a text or binary column begins among the bytes of its buffer, and where the last one ends."""
    if len(column) == 0:
        return np.zeros(1, dtype=np.int64)
    raw = np.frombuffer(column.buffers()[1], dtype="<i4", count=column.offset + len(column) + 1)
    return raw[column.offset :].astype(np.int64)


def _long_text(words: np.ndarray, start: int, length: int) -> np.uint64:
    count = (length + 7) // 8
    mine = words[start : start + 8 * count : 8].copy()
    mine[-1] &= _TAIL_MASKS[length - 8 * (count - 1)]
    positions = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_STEP)
    return np.uint64(_mix(mine + positions).sum(dtype=np.uint64))
