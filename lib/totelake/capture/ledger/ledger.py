"""The ledger: key and row hash of every row that has been captured, in key order.

A base, and small deltas on top of it. It lies where the newest manifest says, is read by the row groups that the asked
keys touch, and by its key column alone when only keys matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from totelake.capture.ledger.files import BaseFile, Entries, StateFile, read_delta

_FOLD_DELTAS = 50
_FOLD_SHARE = 0.25
_FOLD_ROWS = 10_000
_LAST = np.iinfo(np.int64).max
Chunk = tuple[np.ndarray, np.ndarray]


class Ledger:
    """What is known of one table's rows; `document` is its entry in the manifest's state, None before the first."""

    def __init__(self, s3: Any, bucket: str, document: Mapping[str, Any] | None) -> None:
        document = document or {}
        self.base_file = StateFile.from_dict(document["base"]) if document.get("base") else None
        self.delta_files = tuple(StateFile.from_dict(item) for item in document.get("deltas", ()))
        self._base = BaseFile(s3, bucket, self.base_file) if self.base_file and self.base_file.rows else None
        self.changes, self._delta_bytes = Entries.none(), 0
        for file in self.delta_files:
            entries, fetched = read_delta(s3, bucket, file)
            self.changes, self._delta_bytes = self.changes.then(entries), self._delta_bytes + fetched

    @property
    def count(self) -> int:
        """How many keys are known."""
        return (self.base_file.rows if self.base_file else 0) + int(self.changes.change.sum(dtype=np.int64))

    @property
    def fetched(self) -> int:
        """Bytes read from S3 so far."""
        return self._delta_bytes + (self._base.fetched if self._base else 0)

    def too_many_deltas(self, more: Entries) -> bool:
        """Whether one more delta makes them too many, or too large beside the base."""
        rows = len(self.changes) + len(more)
        base_rows = self.base_file.rows if self.base_file else 0
        return len(self.delta_files) >= _FOLD_DELTAS or (rows > _FOLD_ROWS and rows > _FOLD_SHARE * base_rows)

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

    def chunks(self, with_hashes: bool = True, later: Entries | None = None) -> Iterator[Chunk]:
        """All keys in order, a row group at a time, each with its row's hash (or zeros), `later` changes applied."""
        over = self.changes if later is None else self.changes.then(later)
        mins = self._base.mins if self._base is not None else np.zeros(0, dtype=np.int64)
        for group in range(len(mins)):
            low = None if group == 0 else int(mins[group])
            high = None if group + 1 == len(mins) else int(mins[group + 1])
            yield _merged(self._group(group, with_hashes), over.between(low, high))
        if not len(mins) and len(over):
            yield over.keys[over.alive], over.hashes[over.alive]

    def _group(self, group: int, with_hashes: bool) -> Chunk:
        assert self._base is not None  # nosec B101 # only a base has groups
        if with_hashes:
            return self._base.group(group)
        keys = self._base.keys(group)
        return keys, np.zeros(len(keys), dtype=np.uint64)


class OrderedReader:
    """Chunks in key order, taken up to a key at a time."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._chunks = chunks
        self._keys, self._hashes = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)

    def take(self, upto: int = _LAST) -> Chunk:
        """Everything not yet taken with a key of at most `upto`."""
        taken = []
        while True:
            end = int(np.searchsorted(self._keys, upto, side="right"))
            taken.append((self._keys[:end], self._hashes[:end]))
            self._keys, self._hashes = self._keys[end:], self._hashes[end:]
            if len(self._keys):
                break
            following = next(self._chunks, None)
            if following is None:
                break
            self._keys, self._hashes = following
        return np.concatenate([item[0] for item in taken]), np.concatenate([item[1] for item in taken])


def find(sorted_keys: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each key, whether it is among the sorted ones, and where."""
    places = np.searchsorted(sorted_keys, keys)
    inside = places < len(sorted_keys)
    found = np.zeros(len(keys), dtype=bool)
    found[inside] = sorted_keys[places[inside]] == keys[inside]
    return found, places


def _merged(base: Chunk, over: Entries) -> Chunk:
    keys, hashes = base
    if not len(over):
        return keys, hashes
    replaced, _ = find(over.keys, keys)
    keys = np.concatenate([keys[~replaced], over.keys[over.alive]])
    hashes = np.concatenate([hashes[~replaced], over.hashes[over.alive]])
    order = np.argsort(keys, kind="stable")
    return keys[order], hashes[order]
