"""Rows of any number in the order of their keys, the last ones of each key alone: sorted in parts, merged from disk.

Memory is bounded by a part, and by a few rows of each part while they are merged, however often a key is there and
however wide its rows are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from totelake.capture.ledger.keys import LedgerKey
from totelake.capture.ledger.merge import place_of
from totelake.lake.pieces import in_pieces
from totelake.runtime import parquet as pq

KEY, PART, PLACE = "_key", "_part", "_place"
FITS = -1
"""The place of a row that fits. One that does not is there with its key alone, and with its place elsewhere."""
# so many rows of a part, or bytes of them, are read at once
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 512, 128 * 1024
# whoever takes them writes so many, or bytes of them, as a group
_ROWS_GIVEN, _BYTES_GIVEN = 16_384, 16 * 1024**2


class Runs:
    """Sorted parts of rows, which files in a folder hold. Rows have their key in `_key`, and numbers in `_part` and
    `_place`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self.rows = self.bytes = 0

    def add(self, rows: pa.RecordBatch) -> None:
        """Take rows that follow all those before, those of a part together; of two with one key the later counts."""
        if not rows.num_rows:
            return
        order = _lasts(rows, by_part=True)
        path = self._folder / f"{len(self._files)}.arrow"
        with pa.OSFile(str(path), "wb") as target, pq.new_arrow_file(target, rows.schema) as writer:
            for start in range(0, len(order), _ROWS_AT_ONCE):
                for few in in_pieces(_taken(rows, order[start : start + _ROWS_AT_ONCE]), _BYTES_AT_ONCE):
                    writer.write_batch(few)
        self._files.append(path)
        self.bytes += path.stat().st_size
        self.rows += len(order)

    def merged(self, without: Collection[int] = ()) -> Iterator[pa.RecordBatch]:
        """The last row that fits and the last that does not of each key, the later second, in the order of the keys.

        Rows of the parts that are left out do not count.
        """
        group = _Group()
        for rows in self._merged(without):
            if group.add(rows):
                yield _one(group.parts)
                group = _Group()
        if group.parts:
            yield _one(group.parts)

    def _merged(self, without: Collection[int]) -> Iterator[pa.RecordBatch]:
        cursors = [cursor for cursor in map(_Cursor, self._files) if cursor.rows is not None]
        left_out = np.array(sorted(without), dtype=np.int64)
        while cursors:
            rows = _up_to(min(cursor.keys[-1] for cursor in cursors), cursors, left_out)
            cursors = [cursor for cursor in cursors if cursor.rows is not None]
            if rows is not None:
                yield rows


class _Group:
    """Rows that are in memory together."""

    def __init__(self) -> None:
        self.parts: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def add(self, rows: pa.RecordBatch) -> bool:
        """Take rows; whether they are as many now, or as large, as may be together."""
        self.parts.append(rows)
        self._rows += rows.num_rows
        self._bytes += rows.nbytes
        return self._rows >= _ROWS_GIVEN or self._bytes >= _BYTES_GIVEN


class _Cursor:
    """A file of sorted rows, read a few at a time; `rows` is None behind the last."""

    def __init__(self, path: Path) -> None:
        self._file = pq.open_arrow_file(pa.memory_map(str(path)))
        self._next = 0
        self.rows: pa.RecordBatch | None = None
        self.keys: np.ndarray = np.zeros(0, dtype=np.int64)
        self._advance()

    def up_to(self, bound: LedgerKey) -> Iterator[pa.RecordBatch]:
        """The rows from here on with a key of at most that."""
        while self.rows is not None:
            end = place_of(self.keys, bound, "right")
            if end:
                yield self.rows.slice(0, end)
            if end < self.rows.num_rows:
                self.rows, self.keys = self.rows.slice(end), self.keys[end:]
                return
            self._advance()

    def _advance(self) -> None:
        if self._next >= self._file.num_record_batches:
            self.rows = None
            return
        self.rows = self._file.get_batch(self._next)
        self._next += 1
        self.keys = _keys(self.rows)


def _keys(rows: pa.RecordBatch) -> np.ndarray:
    found: np.ndarray = rows.column(rows.schema.get_field_index(KEY)).to_numpy(zero_copy_only=False)
    return found


def _up_to(bound: LedgerKey, cursors: list[_Cursor], left_out: np.ndarray) -> pa.RecordBatch | None:
    """The last rows of each key of at most that; None of none. The many rows of one key are never together."""
    last, group = list[pa.RecordBatch](), _Group()
    for cursor in cursors:
        for part in cursor.up_to(bound):
            rows = part.filter(pa.array(~np.isin(_numbers(part, PART), left_out))) if len(left_out) else part
            if not rows.num_rows:
                continue
            if group.add(rows):
                last, group = [_folded([*last, *group.parts])], _Group()
    parts = [*last, *group.parts]
    return _folded(parts) if parts else None


def _folded(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    rows = _one(parts)
    return _taken(rows, _lasts(rows))


def _lasts(rows: pa.RecordBatch, by_part: bool = False) -> np.ndarray:
    """The places of the last row of each key that fits, and of the last that does not, in the order of the keys.

    `by_part`: of each key in each part, since a part may be left out.
    """
    keys = _keys(rows)
    order = np.argsort(keys, kind="stable")
    keys, fits, parts = keys[order], (_numbers(rows, PLACE) == FITS)[order], _numbers(rows, PART)[order]
    kept = np.zeros(len(keys), dtype=bool)
    for places in (np.flatnonzero(fits), np.flatnonzero(~fits)):
        if not len(places):
            continue
        own, of = keys[places], parts[places]
        is_last = np.append(own[1:] != own[:-1], True)
        if by_part:
            is_last[:-1] |= of[1:] != of[:-1]
        kept[places[is_last]] = True
    return order[kept]


def _numbers(rows: pa.RecordBatch, name: str) -> np.ndarray:
    found: np.ndarray = rows.column(rows.schema.get_field_index(name)).to_numpy()
    return found


def _taken(rows: pa.RecordBatch, places: np.ndarray) -> pa.RecordBatch:
    return rows.take(pa.array(places))


def _one(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Several parts as one; there is at least one."""
    columns = [pa.concat_arrays([part.column(place) for part in parts]) for place in range(parts[0].num_columns)]
    return pa.RecordBatch.from_arrays(columns, schema=parts[0].schema)
