"""The ledger: key and row hash of every row that has been captured, in key order.

A base, and small deltas on top of it. It lies where the newest manifest says, is read by the row groups that the asked
keys touch, and by its key column alone when only keys matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Callable

import numpy as np

from totelake.capture.ledger.files import BaseFile, BaseWriter, Entries, read_delta, write_delta
from totelake.capture.ledger.keys import MOST_BYTES_KEYS
from totelake.capture.ledger.merge import KeyHashes, find
from totelake.lake.objects import ObjectWriter
from totelake.lake.records.batch import LedgerFiles
from totelake.ports.object_store import ObjectStore

# how the names of a ledger's files end
BASE, DELTA = ".parquet", "-delta.parquet"
_FOLD_DELTAS = 50
_FOLD_SHARE = 0.25
_FOLD_ROWS = 10_000


class Ledger:
    """What is known of one table's rows; `files` are those that its state names, None before the first capture."""

    def __init__(self, store: ObjectStore, files: LedgerFiles | None) -> None:
        self.files = files or LedgerFiles()
        base = self.files.base
        self._base_rows = base.rows if base else 0
        self._base = BaseFile(store, base) if base and base.rows else None
        self.changes, self._delta_bytes = Entries.none(), 0
        for file in self.files.deltas:
            entries, fetched = read_delta(store, file)
            self.changes, self._delta_bytes = self.changes.then(entries), self._delta_bytes + fetched

    @property
    def count(self) -> int:
        """How many keys are known."""
        return self._base_rows + int(self.changes.change.sum(dtype=np.int64))

    @property
    def fetched(self) -> int:
        """Bytes read so far."""
        return self._delta_bytes + (self._base.fetched if self._base else 0)

    def too_many_deltas(self, more: Entries) -> bool:
        """Whether one more delta makes them too many, or too large beside the base."""
        rows = len(self.changes) + len(more)
        is_large = rows > _FOLD_ROWS and rows > _FOLD_SHARE * self._base_rows
        is_large |= more.keys.dtype == object and rows > MOST_BYTES_KEYS
        return len(self.files.deltas) >= _FOLD_DELTAS or is_large

    def renewed(self, changes: Entries, open_state: Callable[[str], ObjectWriter]) -> LedgerFiles:
        """The files after these changes: one more delta, or a new base when the deltas have become too many.

        `open_state` begins a file whose name ends as given.
        """
        if not len(changes):
            return self.files
        if not self.too_many_deltas(changes):
            return replace(self.files, deltas=(*self.files.deltas, write_delta(open_state(DELTA), changes)))
        base = BaseWriter(open_state(BASE))
        for keys, hashes in self.chunks(later=changes):
            base.write(keys, hashes)
        return LedgerFiles(base.store())

    def lookup(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For ascending keys: whether each is known, and the hash of its row."""
        known, hashes = np.zeros(len(keys), dtype=bool), np.zeros(len(keys), dtype=np.uint64)
        if self._base is not None and len(keys):
            groups = np.searchsorted(self._base.mins, keys, side="right") - 1
            wanted = [int(group) for group in np.unique(groups[groups >= 0])]
            for group, base_keys, base_hashes in self._base.groups(wanted):
                chosen = np.flatnonzero(groups == group)
                found, places = find(base_keys, keys[chosen])
                known[chosen] = found
                hashes[chosen[found]] = base_hashes[places[found]]
        found, places = find(self.changes.keys, keys)
        known[found] = self.changes.alive[places[found]]
        hashes[found] = self.changes.hashes[places[found]]
        return known, hashes

    def chunks(self, with_hashes: bool = True, later: Entries | None = None) -> Iterator[KeyHashes]:
        """All keys in order, a row group at a time, each with its row's hash (or zeros), `later` changes applied."""
        over = self.changes if later is None else self.changes.then(later)
        mins = self._base.mins if self._base is not None else np.zeros(0, dtype=np.int64)
        for group in range(len(mins)):
            low = None if group == 0 else mins[group]
            high = None if group + 1 == len(mins) else mins[group + 1]
            yield merged(self._group(group, with_hashes), over.between(low, high))
        if not len(mins) and len(over):
            yield KeyHashes(over.keys[over.alive], over.hashes[over.alive])

    def _group(self, group: int, with_hashes: bool) -> KeyHashes:
        assert self._base is not None  # nosec B101 # only a base has groups
        if with_hashes:
            return self._base.group(group)
        return KeyHashes.of_keys(self._base.keys(group))


def merged(base: KeyHashes, over: Entries) -> KeyHashes:
    """Keys with their hashes after these changes."""
    keys, hashes = base
    if not len(over):
        return base
    replaced, _ = find(over.keys, keys)
    keys = np.concatenate([keys[~replaced], over.keys[over.alive]])
    hashes = np.concatenate([hashes[~replaced], over.hashes[over.alive]])
    order = np.argsort(keys, kind="stable")
    return KeyHashes(keys[order], hashes[order])
