"""The ledger's files: keys and row hashes, sorted by key, in row groups that can be read one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import pyarrow as pa

from totelake.capture.ledger.keys import LedgerKey
from totelake.capture.ledger.merge import KeyHashes, place_of
from totelake.errors import DamagedError
from totelake.lake.objects import ObjectReader, ObjectWriter
from totelake.lake.records.batch import StateFile
from totelake.ports.object_store import ObjectStore
from totelake.runtime import parquet as pq

GROUP_ROWS = 16_384
_SPAN = 4 * 1024**2
# a row group of keys that are bytes ends where they are so many
_GROUP_BYTES = 4 * 1024**2
_HASH = pa.field("hash", pa.uint64())
_CHANGE = pa.field("change", pa.int8())


@dataclass(frozen=True)
class Entries:
    """Changes to a ledger, sorted by key, one for each: the new hash, or gone; `change` is what it did to the count."""

    keys: np.ndarray
    hashes: np.ndarray
    alive: np.ndarray
    change: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def none(cls) -> Entries:
        """No changes."""
        zero = np.zeros(0, dtype=np.int64)
        return cls(zero, zero.astype(np.uint64), zero.astype(bool), zero.astype(np.int8))

    @classmethod
    def of(cls, keys: np.ndarray, hashes: np.ndarray, change: np.ndarray) -> Entries:
        """Changes in any order, each key at most once; -1 in `change` means that the key is gone."""
        order = np.argsort(keys, kind="stable")
        change = change[order].astype(np.int8)
        return cls(keys[order], hashes[order], change >= 0, change)

    @classmethod
    def removing(cls, keys: np.ndarray) -> Entries:
        """The deletion of known keys, in any order."""
        count = len(keys)
        return cls.of(keys, np.zeros(count, dtype=np.uint64), np.full(count, -1, dtype=np.int8))

    @classmethod
    def joined(cls, parts: Sequence[Entries]) -> Entries:
        """Several in any order, each key in one of them at most."""
        fields = ("keys", "hashes", "change")
        return cls.of(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))

    def then(self, later: Entries) -> Entries:
        """These changes followed by later ones: the later hash counts, the counts add up."""
        if not len(self) or not len(later):
            return later if len(later) else self
        keys = np.concatenate([self.keys, later.keys])
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        last = np.append(keys[1:] != keys[:-1], True)
        sums = np.cumsum(np.concatenate([self.change, later.change])[order].astype(np.int64))[last]
        return Entries(
            keys[last],
            np.concatenate([self.hashes, later.hashes])[order][last],
            np.concatenate([self.alive, later.alive])[order][last],
            np.diff(sums, prepend=0).astype(np.int8),
        )

    def between(self, low: LedgerKey | None, high: LedgerKey | None) -> Entries:
        """Those with low <= key < high; None leaves a side open."""
        start = 0 if low is None else place_of(self.keys, low)
        end = len(self) if high is None else place_of(self.keys, high)
        return Entries(self.keys[start:end], self.hashes[start:end], self.alive[start:end], self.change[start:end])


class BaseWriter:
    """Writes a base: keys in ascending order, in blocks of any size."""

    def __init__(self, target: ObjectWriter) -> None:
        self._target = target
        self._writer: pq.ParquetWriter | None = None
        self._keys: list[np.ndarray] = []
        self._hashes: list[np.ndarray] = []
        self._waiting = self._bytes = 0
        self.rows = 0

    def write(self, keys: np.ndarray, hashes: np.ndarray) -> None:
        """Append a block."""
        if not len(keys):
            return
        self._keys.append(keys)
        self._hashes.append(hashes)
        self._waiting += len(keys)
        self._bytes += sum(map(len, keys)) if keys.dtype == object else 0
        self.rows += len(keys)
        if self._waiting >= GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush(whole_groups_only=self._bytes < _GROUP_BYTES)

    def store(self) -> StateFile:
        """Finish the file."""
        self._flush(whole_groups_only=False)
        self._opened(pa.int64()).close()
        stored = self._target.store()
        return StateFile(stored.key, self.rows, stored.bytes, stored.kept)

    def abandon(self) -> None:
        """Drop the file."""
        self._target.abandon()

    def _opened(self, key_type: pa.DataType) -> pq.ParquetWriter:
        """The file's writer; the first keys decide of which type all are."""
        if self._writer is None:
            schema = pa.schema([pa.field("key", key_type), _HASH])
            self._writer = pq.ParquetWriter(
                self._target, schema, compression="zstd", use_dictionary=False, write_statistics=["key"]
            )
        return self._writer

    def _flush(self, whole_groups_only: bool) -> None:
        if not self._waiting:
            return
        keys, hashes = np.concatenate(self._keys), np.concatenate(self._hashes)
        end = len(keys) - len(keys) % GROUP_ROWS if whole_groups_only else len(keys)
        if end:
            column = _column(keys[:end])
            table = pa.Table.from_arrays([column, pa.array(hashes[:end])], names=["key", "hash"])
            self._opened(column.type).write_table(table, row_group_size=GROUP_ROWS)
        self._keys, self._hashes, self._waiting = [keys[end:]], [hashes[end:]], len(keys) - end
        self._bytes = sum(map(len, keys[end:])) if keys.dtype == object else 0


def write_delta(target: ObjectWriter, entries: Entries) -> StateFile:
    """Write changes as one file."""
    keys, hashes = _column(entries.keys), pa.array(entries.hashes, mask=~entries.alive)
    schema = pa.schema([pa.field("key", keys.type), _HASH, _CHANGE])
    table = pa.Table.from_arrays([keys, hashes, pa.array(entries.change)], schema=schema)
    pq.write_table(table, target, compression="zstd", use_dictionary=False)
    stored = target.store()
    return StateFile(stored.key, len(entries), stored.bytes, stored.kept)


def _column(keys: np.ndarray) -> pa.Array:
    return pa.array(keys, pa.binary() if keys.dtype == object else pa.int64())


def read_delta(store: ObjectStore, file: StateFile) -> tuple[Entries, int]:
    """Read a file of changes whole; also the bytes fetched."""
    reader = ObjectReader(store, file.key, file.bytes, file.sha256)
    with reading(store, file):
        table = pq.ParquetFile(reader).read(use_threads=False)
    column = table.column("hash")
    alive = ~np.asarray(column.is_null().to_numpy())
    entries = Entries(
        table.column("key").to_numpy(),
        column.fill_null(0).to_numpy().astype(np.uint64),
        alive,
        table.column("change").to_numpy(),
    )
    return entries, reader.fetched


class BaseFile:
    """A base in place, read by row groups; group i holds keys from `mins[i]` up to `mins[i + 1]`."""

    def __init__(self, store: ObjectStore, file: StateFile) -> None:
        self._store, self._state = store, file
        self._reader = ObjectReader(store, file.key, file.bytes, file.sha256)
        with reading(store, file):
            self._file = pq.ParquetFile(self._reader)
            self._groups = [self._file.metadata.row_group(i) for i in range(self._file.metadata.num_row_groups)]
            self.mins = self._first_keys()

    @property
    def fetched(self) -> int:
        """Bytes read so far."""
        return self._reader.fetched

    def group(self, index: int) -> KeyHashes:
        """Keys and hashes of one row group."""
        table = self._read(index, ["key", "hash"])
        return KeyHashes(table.column("key").to_numpy(), table.column("hash").to_numpy())

    def keys(self, index: int) -> np.ndarray:
        """The keys alone of one row group."""
        keys: np.ndarray = self._read(index, ["key"]).column("key").to_numpy()
        return keys

    def groups(self, wanted: Sequence[int]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Several row groups in order; neighbours are fetched together, up to 4 MB a request."""
        position = 0
        while position < len(wanted):
            end = position + 1
            start_byte = self._bounds(wanted[position])[0]
            while (
                end < len(wanted)
                and wanted[end] == wanted[end - 1] + 1
                and self._bounds(wanted[end])[1] - start_byte <= _SPAN
            ):
                end += 1
            self._reader.fetch(start_byte, self._bounds(wanted[end - 1])[1])
            for index in wanted[position:end]:
                yield (index, *self.group(index))
            position = end

    def _first_keys(self) -> np.ndarray:
        """The first key of each row group: of bytes the file's statistics lack those that are too long."""
        if self._file.schema_arrow.field("key").type == pa.int64():
            return np.array([group.column(0).statistics.min for group in self._groups], dtype=np.int64)
        found = np.empty(len(self._groups), dtype=object)
        for index, group in enumerate(self._groups):
            statistics = group.column(0).statistics
            told = statistics.min if statistics is not None and statistics.has_min_max else b""
            found[index] = told or self.keys(index)[0]
        return found

    def _read(self, index: int, columns: list[str]) -> pa.Table:
        with reading(self._store, self._state):
            return self._file.read_row_group(index, columns=columns, use_threads=False)

    def _bounds(self, index: int) -> tuple[int, int]:
        columns = [self._groups[index].column(i) for i in range(2)]
        starts = [min(c.data_page_offset, c.dictionary_page_offset or c.data_page_offset) for c in columns]
        return min(starts), max(start + c.total_compressed_size for start, c in zip(starts, columns))


class reading:
    """Says which state file is damaged when it does not read as parquet."""

    def __init__(self, store: ObjectStore, file: StateFile) -> None:
        self._where = store.address(file.key)

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, pa.ArrowInvalid):
            raise DamagedError(
                f"{self._where} is no readable ledger ({error}); restore it from the bucket's version history"
            ) from error
