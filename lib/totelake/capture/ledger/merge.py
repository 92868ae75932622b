"""The source's rows held against the ledger's, both in the order of their keys: what is new, changed or gone.

Pure: it walks through two iterators together and keeps no more than a chunk of either, and the keys that are gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

import numpy as np

from totelake.capture.ledger.keys import LedgerKey


class KeyOrderError(Exception):
    """The source gives a key twice, or a lesser one after a greater: what is compared then would be lost."""


class KeyHashes(NamedTuple):
    """Keys, ascending, and the hash of each key's row (uint64)."""

    keys: np.ndarray
    hashes: np.ndarray

    @classmethod
    def of_keys(cls, keys: np.ndarray) -> KeyHashes:
        """Keys whose rows' content does not matter: each has the hash 0."""
        return cls(keys, np.zeros(len(keys), dtype=np.uint64))

    @classmethod
    def joined(cls, parts: Iterable[KeyHashes]) -> KeyHashes:
        """Several one after the other; with none of them there is no key of any kind."""
        found = [cls.of_keys(np.zeros(0, dtype=np.int64)), *parts]
        return cls(np.concatenate([part.keys for part in found]), np.concatenate([part.hashes for part in found]))


class Hashed(Protocol):
    """Rows with their keys, ascending, and their hashes: `KeyHashes`, or a chunk that knows more of its rows."""

    @property
    def keys(self) -> np.ndarray:
        """The keys, ascending."""

    @property
    def hashes(self) -> np.ndarray:
        """The hash of each row (uint64)."""


Rows = TypeVar("Rows", bound=Hashed)


@dataclass(frozen=True)
class Compared(Generic[Rows]):
    """A chunk of the source's rows: which of them the ledger does not know, and which have another hash there."""

    rows: Rows
    is_new: np.ndarray
    is_changed: np.ndarray


class Merge(Generic[Rows]):
    """A walk through the source's chunks and the ledger's. Iterating over it, once, gives each chunk compared.

    Raises KeyOrderError when the source's keys do not ascend.
    """

    def __init__(self, source: Iterable[Rows], ledger: Iterable[KeyHashes]) -> None:
        self._gone: list[KeyHashes] = []
        self._steps = self._walk(source, OrderedReader(ledger))

    def __iter__(self) -> Iterator[Compared[Rows]]:
        return self._steps

    def gone(self) -> KeyHashes:
        """What the ledger knows and the source lacks; walks to the end first."""
        for _ in self._steps:
            pass
        return KeyHashes.joined(self._gone)

    def _walk(self, source: Iterable[Rows], ledger: OrderedReader) -> Iterator[Compared[Rows]]:
        for rows in ascending(source):
            if not len(rows.keys):
                continue
            known = ledger.take(rows.keys[-1])
            is_known, places = find(known.keys, rows.keys)
            is_changed = is_known.copy()
            is_changed[is_known] = known.hashes[places[is_known]] != rows.hashes[is_known]
            is_there, _ = find(rows.keys, known.keys)
            self._gone.append(KeyHashes(known.keys[~is_there], known.hashes[~is_there]))
            yield Compared(rows, ~is_known, is_changed)
        self._gone.append(ledger.take())


class OrderedReader:
    """Chunks in key order, taken up to a key at a time."""

    def __init__(self, chunks: Iterable[KeyHashes]) -> None:
        self._chunks = iter(chunks)
        self._rest = KeyHashes.joined(())

    def take(self, upto: LedgerKey | None = None) -> KeyHashes:
        """Everything not yet taken with a key of at most `upto`, or all of it."""
        taken = []
        while True:
            keys, hashes = self._rest
            end = len(keys) if upto is None else place_of(keys, upto, "right")
            taken.append(KeyHashes(keys[:end], hashes[:end]))
            self._rest = KeyHashes(keys[end:], hashes[end:])
            if len(self._rest.keys):
                break
            following = next(self._chunks, None)
            if following is None:
                break
            self._rest = following
        return KeyHashes.joined(taken)


def ascending(blocks: Iterable[Rows]) -> Iterator[Rows]:
    """The blocks as they come. Raises KeyOrderError at one whose keys do not ascend from the last block's on.

    It reads to the end first: a copy that is left in its middle would take its transaction with it.
    """
    last: list[LedgerKey] = []
    steps = iter(blocks)
    for rows in steps:
        keys = rows.keys
        if len(keys):
            if not np.all(keys[1:] > keys[:-1]) or (last and not keys[0] > last[0]):
                deque(steps, maxlen=0)
                raise KeyOrderError
            last = [keys[-1]]
        yield rows


def place_of(sorted_keys: np.ndarray, key: LedgerKey, side: Literal["left", "right"] = "left") -> int:
    """Where a key belongs among sorted ones, before or behind one that is equal."""
    if not len(sorted_keys):
        return 0
    # numpy would take bytes for a text that ends before its zeros
    wanted = np.array([key], dtype=sorted_keys.dtype)
    return int(np.searchsorted(sorted_keys, wanted, side=side)[0])


def find(sorted_keys: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each key, whether it is among the sorted ones, and where."""
    places = np.searchsorted(sorted_keys, keys)
    inside = places < len(sorted_keys)
    found = np.zeros(len(keys), dtype=bool)
    found[inside] = sorted_keys[places[inside]] == keys[inside]
    return found, places
