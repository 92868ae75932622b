"""Rows by their content: a 64-bit digest of each, reckoned alike by PostgreSQL and out of the lake's objects.

A row becomes one text, its columns in the contract's order, and the first eight bytes of that text's SHA-256 its
digest. The sum of the digests is that of the table, whatever the order of its rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import Column
from totelake.contracts.types import decimal_of, is_text, is_time, is_timestamp, time_digits, timestamp_digits

_ROWS_AT_ONCE = 64 * 1024
_MILLISECONDS, _MICROSECONDS = 3, 6
# Arrow writes a decimal that is smaller than this one's smallest with an exponent
_PLAIN_SCALE = 6
_FLOATS = ("real", "double precision")
# PostgreSQL counts, and so rounds, from here
_EPOCH = int(datetime(2000, 1, 1, tzinfo=timezone.utc).timestamp()) * 10**6
_NULL, _VALUE, _BETWEEN = "-", "+", "|"


def compared(columns: Sequence[Column]) -> list[Column]:
    """The columns whose values have one text on both sides: all but times of day of less than a thousandth's digits,
    which the warehouse rounds."""
    return [item for item in columns if not is_time(item.type) or time_digits(item.type) >= _MILLISECONDS]


def digest_sql(columns: Sequence[Column], alias: str) -> str:
    """A row's digest as an expression of type bigint; every function is PostgreSQL's own, whatever the search path."""
    texts = f" || '{_BETWEEN}' || ".join(_text_sql(column, f"{alias}.{sql_quoted(column.name)}") for column in columns)
    hashed = f"pg_catalog.sha256(pg_catalog.convert_to(({texts})::text, 'UTF8'::name))"
    return f"('x' || pg_catalog.encode(pg_catalog.substr({hashed}, 1, 8), 'hex'::text))::bit(64)::bigint"


def _text_sql(column: Column, value: str) -> str:
    kind = column.type
    if is_text(kind):
        # its length keeps a text from being read as another column's
        text = f"pg_catalog.length({value}::text)::text || ':' || {value}::text"
    elif is_timestamp(kind):
        # a whole second is exact also where PostgreSQL, before 14, reckons in floating point
        seconds = f"extract(epoch FROM pg_catalog.date_trunc('second'::text, {value}))::bigint * 1000000"
        text = _finite(value, f"({seconds} + extract(microseconds FROM {value})::bigint % 1000000)::text")
    elif is_time(kind):
        text = f"pg_catalog.to_char({value}::interval, 'HH24:MI:SS.US'::text)"
    elif kind == "date":
        text = _finite(value, f"({value} - date '1970-01-01')::text")
    elif kind == "boolean":
        text = f"({value}::integer)::text"
    elif kind in _FLOATS:
        # -0 is 0: JSON, by which quarantined rows go, does not tell them apart
        text = f"pg_catalog.encode(pg_catalog.float8send({value}::double precision + 0), 'hex'::text)"
    else:
        text = f"{value}::text"
    return f"CASE WHEN {value} IS NULL THEN '{_NULL}' ELSE '{_VALUE}' || {text} END"


def _finite(value: str, text: str) -> str:
    """A day or moment without an end has no number; no lake holds one, so its row is another."""
    return f"CASE WHEN pg_catalog.isfinite({value}) THEN {text} ELSE {value}::text END"


def digests(rows: pa.Table, columns: Sequence[Column]) -> np.ndarray:
    """The digest of each row (uint64), whose columns have the Arrow types of the contract's."""
    found = [_digests(part, columns) for part in _parts(rows)]
    return np.concatenate([np.zeros(0, dtype=np.uint64), *found])


def total(found: np.ndarray) -> int:
    """The digest of rows together."""
    return int(found.sum(dtype=np.uint64))


def as_unsigned(value: int) -> int:
    """A digest, or a sum of them, as PostgreSQL says it, which counts with a sign."""
    return value % 2**64


def _parts(rows: pa.Table) -> Iterator[pa.Table]:
    return (rows.slice(start, _ROWS_AT_ONCE).combine_chunks() for start in range(0, rows.num_rows, _ROWS_AT_ONCE))


def _digests(rows: pa.Table, columns: Sequence[Column]) -> np.ndarray:
    texts = [_text(rows[column.name].combine_chunks(), column) for column in columns]
    joined = pc.binary_join_element_wise(*texts, _BETWEEN) if len(texts) > 1 else texts[0]
    hashed = [hashlib.sha256(text).digest()[:8] for text in joined.cast(pa.binary()).to_pylist()]
    return np.frombuffer(b"".join(hashed), dtype=">u8").astype(np.uint64)


def _text(values: pa.Array, column: Column) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    texts = pc.binary_join_element_wise(pa.scalar(_VALUE), _plain(values, column), "")
    return pc.fill_null(texts, _NULL)


def _plain(values: pa.Array, column: Column) -> pa.Array:
    """The text of each value, NULL for NULL."""
    kind = column.type
    if is_text(kind):
        # blanks at the end of a `character(n)` are none of its value's
        texts = pc.utf8_rtrim(values, characters=" ") if kind.startswith("character(") else values
        return pc.binary_join_element_wise(pc.utf8_length(texts).cast(pa.string()), texts, ":")
    if is_time(kind):
        # the lake has thousandths, the warehouse may have been given more
        return pc.binary_join_element_wise(values, "000", "")
    if is_timestamp(kind):
        return _rounded(values.cast(pa.int64()), timestamp_digits(kind)).cast(pa.string())
    if kind == "date":
        return values.cast(pa.int32()).cast(pa.string())
    if kind == "boolean":
        return values.cast(pa.int8()).cast(pa.string())
    if kind in _FLOATS:
        return _hex_of_floats(values)
    decimal = decimal_of(kind)
    if decimal is not None and decimal[1] > _PLAIN_SCALE:
        return pa.array([None if value is None else f"{value:f}" for value in values.to_pylist()], pa.string())
    return values.cast(pa.string())


def _rounded(moments: pa.Array, digits: int) -> pa.Array:
    """Microseconds as PostgreSQL rounds them to so many digits of a second: the half away from 2000-01-01."""
    if digits == _MICROSECONDS:
        return moments
    step = 10 ** (_MICROSECONDS - digits)
    away = moments.fill_null(0).to_numpy(zero_copy_only=False) - _EPOCH
    whole = np.sign(away) * ((np.abs(away) + step // 2) // step * step) + _EPOCH
    return pa.array(whole, mask=np.asarray(moments.is_null().to_numpy(zero_copy_only=False)))


def _hex_of_floats(values: pa.Array) -> pa.Array:
    numbers = values.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)
    text = (numbers + 0.0).astype(">f8").tobytes().hex()
    found = [text[start : start + 16] for start in range(0, len(text), 16)]
    return pa.array(found, pa.string(), mask=np.asarray(values.is_null().to_numpy(zero_copy_only=False)))
