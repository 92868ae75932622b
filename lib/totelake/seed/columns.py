"""Columns of generated rows: as numpy makes them, and as Arrow and PostgreSQL take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from totelake.contracts import load_contracts

_LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", dtype=np.uint8)


def table_of_rows(name: str, rows: Sequence[tuple[object, ...]]) -> pa.Table:
    """Rows whose values are in the contract's order."""
    names = load_contracts().find(name).column_names
    return pa.table({column: [row[place] for row in rows] for place, column in enumerate(names)})


def table_of(name: str, columns: Mapping[str, np.ndarray | pa.Array]) -> pa.Table:
    """Columns in the contract's order; amounts, which are in cents, as decimals, and days as text where it says so."""
    arrays = {}
    for column in load_contracts().find(name).columns:
        values = columns[column.name]
        array = values if isinstance(values, pa.Array) else _array(values)
        if column.type.startswith("numeric"):
            array = _cents(array)
        elif pa.types.is_date(array.type):
            array = array.cast(pa.string())
        arrays[column.name] = array
    return pa.table(arrays)


def codes(numbers: np.random.Generator, count: int, length: int) -> pa.Array:
    """Texts of capitals and digits."""
    found = _LETTERS[numbers.integers(0, len(_LETTERS), (count, length), dtype=np.uint8)]
    return pa.array(found.view(f"S{length}").ravel()).cast(pa.string())


def either(condition: np.ndarray, yes: str, no: str) -> pa.Array:
    """A text for each value of a condition."""
    return pc.if_else(pa.array(condition), yes, no)


def _array(values: np.ndarray) -> pa.Array:
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    return pa.array(np.asarray(values), mask=mask)


def _cents(values: pa.Array) -> pa.Array:
    """Whole cents as decimal(18,2), exactly: the unscaled values are the cents."""
    low = values.cast(pa.int64()).to_numpy()
    unscaled = np.stack([low, low >> 63], axis=1).tobytes()
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(low), [None, pa.py_buffer(unscaled)])
