"""A table's key as the ledger has it: an int64 for one integer column, else bytes that are in the key's order.

Keys come in numpy arrays, of int64 or of bytes objects; sorting, searching and comparing is the same for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Callable, NamedTuple, Union, cast

import numpy as np
import pyarrow as pa

from totelake.capture.ledger.key_bytes import EPOCH, Value, decoded, encoded, parsed, plain_number, written
from totelake.contracts.key_kinds import DATE, DIGITS, INTEGER, NUMBER, TEXT, TIMESTAMP
from totelake.lake.quarantine import escaped, is_text

LedgerKey = Union[int, bytes]
# the most keys that are bytes, each an object of its own, to be in memory at once where there is another way
MOST_BYTES_KEYS = 250_000
_SIGN = np.uint64(1 << 63)
# the dates from 0001-01-01 to 9999-12-31, which all engines have, and the microseconds of their days
_DAYS = range(-719_162, 2_932_897)
_MICROS = range(_DAYS.start * 86_400_000_000, _DAYS.stop * 86_400_000_000)


class Misfit(NamedTuple):
    """A key that the lake's types do not hold, and the column whose type it is."""

    key: LedgerKey
    column: str


@dataclass(frozen=True)
class Key:
    """The columns of a table's key in their order, and the kind of each."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]

    @classmethod
    def recorded(cls, name: str, kind: str) -> Key:
        """The key that a record describes by `name` and `kind`."""
        names = tuple(name.split(", "))
        return cls(names, tuple(kind.split(", ")) if kind else (INTEGER,))

    @property
    def name(self) -> str:
        """The columns' names, for people and for records."""
        return ", ".join(self.names)

    @property
    def kind(self) -> str:
        """The columns' kinds, for records; '' for one integer."""
        return "" if self.is_number else ", ".join(self.kinds)

    @property
    def described(self) -> str:
        """The columns with their kinds, for people."""
        words = ("number kept as text" if kind == DIGITS else kind for kind in self.kinds)
        return ", ".join(f"{name} ({kind})" for name, kind in zip(self.names, words))

    @property
    def is_number(self) -> bool:
        """Whether the ledger has it as int64."""
        return self.kinds == (INTEGER,)

    def array(self, keys: Sequence[LedgerKey]) -> np.ndarray:
        """These keys as an array."""
        return np.array(keys, dtype=np.int64 if self.is_number else object)

    def of_rows(self, rows: pa.RecordBatch) -> np.ndarray:
        """The key of each row; a column that is text in the rows and not in the source is read as PostgreSQL's.

        Raises ValueError when the rows lack a column of the key.
        """
        columns = [rows.column(rows.schema.names.index(name)) for name in self.names]
        if self.is_number:
            keys: np.ndarray = columns[0].cast(pa.int64()).to_numpy()
            return keys
        last = len(columns) - 1
        parts = [_encoded(kind, columns[place], place == last) for place, kind in enumerate(self.kinds)]
        return self.array(parts[0] if len(parts) == 1 else list(map(b"".join, zip(*parts))))

    def of_texts(self, texts: Sequence[bytes]) -> LedgerKey:
        """The key whose columns PostgreSQL writes as these texts. Raises KeyTextError."""
        values = [parsed(kind, text) for kind, text in zip(self.kinds, texts)]
        if self.is_number:
            return int(values[0])
        last = len(values) - 1
        return b"".join(encoded(self.kinds[place], value, place == last) for place, value in enumerate(values))

    def of_all_texts(self, rows: pa.RecordBatch) -> np.ndarray:
        """The key of each row whose columns are PostgreSQL's texts as bytes. Raises KeyTextError."""
        columns = [rows.column(rows.schema.names.index(name)).to_pylist() for name in self.names]
        return self.array([self.of_texts(texts) for texts in zip(*columns)])

    def texts(self, key: LedgerKey) -> tuple[bytes, ...]:
        """PostgreSQL's text of each column."""
        return tuple(written(kind, value) for kind, value in zip(self.kinds, self._values(key)))

    def shown(self, key: LedgerKey) -> str:
        """The key, for people; bytes that are no text are as `escaped` writes them."""
        texts = [text.decode("utf-8") if is_text(text) else escaped(text) for text in self.texts(key)]
        return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"

    def columns(self, keys: np.ndarray, schema: pa.Schema) -> tuple[dict[str, pa.Array], list[Misfit]]:
        """The key's columns in their types of the lake, and apart the keys that a type does not hold."""
        fields = [schema.field(name) for name in self.names]
        if self.is_number:
            return self._integers(keys, fields[0].type)
        makers = [_maker(kind, field.type) for kind, field in zip(self.kinds, fields)]
        rows: list[list[Any]] = []
        others: list[Misfit] = []
        for key in keys:
            row: list[Any] = []
            try:
                for make, value in zip(makers, self._values(key)):
                    row.append(make(value))
                rows.append(row)
            except ValueError:
                others.append(Misfit(key, self.names[len(row)]))
        columns = list(zip(*rows)) or [()] * len(fields)
        return {field.name: _array(values, field.type) for field, values in zip(fields, columns)}, others

    def _integers(self, keys: np.ndarray, kept: pa.DataType) -> tuple[dict[str, pa.Array], list[Misfit]]:
        """The same of one integer: a column may have become narrower since keys were captured."""
        bounds = np.iinfo(f"int{kept.bit_width}")
        is_kept = (keys >= bounds.min) & (keys <= bounds.max)
        others = [Misfit(int(key), self.name) for key in keys[~is_kept]]
        return {self.name: pa.array(keys[is_kept]).cast(kept)}, others

    def _values(self, key: LedgerKey) -> list[Value]:
        if isinstance(key, (int, np.integer)):
            return [int(key)]
        values, place, last = [], 0, len(self.kinds) - 1
        for position, kind in enumerate(self.kinds):
            value, place = decoded(kind, key, place, position == last)
            values.append(value)
        return values


def _encoded(kind: str, column: pa.Array, is_last: bool) -> list[bytes]:
    """Every value's bytes; what PostgreSQL has as a number is encoded without a Python object a value."""
    if pa.types.is_string(column.type):
        texts = column.cast(pa.binary()).to_pylist()
        return [encoded(kind, parsed(kind, text), is_last) for text in texts] if kind != TEXT or not is_last else texts
    if pa.types.is_integer(column.type):
        return _eight_bytes(column.cast(pa.int64()).to_numpy())
    if pa.types.is_date32(column.type):
        return _eight_bytes(column.cast(pa.int32()).cast(pa.int64()).to_numpy())
    if pa.types.is_timestamp(column.type):
        return _eight_bytes(column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64()).to_numpy() - EPOCH)
    values = column.to_pylist()
    if kind == NUMBER:
        values = [plain_number(f"{value:f}") for value in values]
    return [encoded(kind, value, is_last) for value in values]


def _eight_bytes(values: np.ndarray) -> list[bytes]:
    raw = (values.view(np.uint64) ^ _SIGN).astype(">u8").tobytes()
    return [raw[start : start + 8] for start in range(0, len(raw), 8)]


def _maker(kind: str, kept: pa.DataType) -> Callable[[Value], Any]:
    """What makes of a key's value one of the lake's type; it raises ValueError for a value that the type lacks."""
    if pa.types.is_string(kept):
        return lambda value: written(kind, value).decode("utf-8")
    if kind == DATE:
        return lambda value: _within(value, _DAYS)
    if kind == TIMESTAMP:
        return lambda value: _within(int(value) + EPOCH, _MICROS)
    if kind == NUMBER:
        return lambda value: _decimal(str(value), kept)
    if kind == INTEGER:
        bounds = range(-(2 ** (kept.bit_width - 1)), 2 ** (kept.bit_width - 1))
        return lambda value: _within(value, bounds)
    return lambda value: value


def _within(value: Value, bounds: range) -> int:
    if value not in bounds:
        raise ValueError(value)
    return int(value)


def _decimal(text: str, kept: pa.DataType) -> Decimal:
    value, whole = Decimal(text), kept.precision - kept.scale
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > kept.scale or (value and value.adjusted() >= whole):
        raise ValueError(text)
    return value


def _array(values: Sequence[Any], kept: pa.DataType) -> pa.Array:
    if pa.types.is_date32(kept):
        return pa.array(values, pa.int32()).cast(kept)
    if pa.types.is_timestamp(kept) or pa.types.is_integer(kept):
        return pa.array(values, pa.int64()).cast(kept)
    return pa.array(cast(Any, values), kept)
