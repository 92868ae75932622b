"""What is known of a table's records, and what it is after a run: few changes as a delta, many as a base anew."""

from __future__ import annotations

from typing import Callable, NamedTuple, Protocol

import numpy as np

from totelake.capture.ledger.files import BaseWriter, Entries
from totelake.capture.ledger.ledger import BASE, Ledger, merged
from totelake.capture.ledger.merge import OrderedReader, find
from totelake.lake.objects import ObjectWriter
from totelake.lake.records.batch import LedgerFiles

# the changes of more records are never in memory at once
_MOST_CHANGES = 250_000
OpenState = Callable[[str], ObjectWriter]


class Compared(NamedTuple):
    """Of each key whether it is known, and whether it is known with another content."""

    is_known: np.ndarray
    is_changed: np.ndarray


class Stored(NamedTuple):
    """The ledger's files after the run, and how many keys it has then."""

    files: LedgerFiles
    keys: int


class Known(Protocol):
    """The ledger while records are compared with it, chunk by chunk in the order of their keys."""

    def compared(self, keys: np.ndarray, hashes: np.ndarray) -> Compared:
        """Compare a chunk, and remember it."""

    def store(self) -> Stored:
        """Write what is known now."""


def known_for(ledger: Ledger, most_rows: int, open_state: OpenState) -> Known:
    """The ledger, for a run that compares at most so many rows."""
    return _Whole(ledger, open_state) if most_rows > _MOST_CHANGES else _Changes(ledger, open_state)


class _Changes:
    """Looks keys up and writes changes as a delta."""

    def __init__(self, ledger: Ledger, open_state: OpenState) -> None:
        self._ledger, self._open_state = ledger, open_state
        self._changes = [Entries.none()]

    def compared(self, keys: np.ndarray, hashes: np.ndarray) -> Compared:
        is_known, before = self._ledger.lookup(keys)
        is_changed = is_known & (before != hashes)
        chosen = ~is_known | is_changed
        self._changes.append(Entries.of(keys[chosen], hashes[chosen], (~is_known[chosen]).astype(np.int8)))
        return Compared(is_known, is_changed)

    def store(self) -> Stored:
        changes = Entries.joined(self._changes)
        count = self._ledger.count + int(changes.change.sum(dtype=np.int64))
        return Stored(self._ledger.renewed(changes, self._open_state), count)


class _Whole:
    """Walks through the whole ledger and writes it anew."""

    def __init__(self, ledger: Ledger, open_state: OpenState) -> None:
        self._ledger, self._reader = ledger, OrderedReader(ledger.chunks())
        self._base = BaseWriter(open_state(BASE))
        self._has_changes = False

    def compared(self, keys: np.ndarray, hashes: np.ndarray) -> Compared:
        there = self._reader.take(keys[-1])
        is_known, places = find(there.keys, keys)
        is_changed = is_known.copy()
        is_changed[is_known] = there.hashes[places[is_known]] != hashes[is_known]
        self._has_changes |= bool((~is_known | is_changed).any())
        self._base.write(*merged(there, Entries.of(keys, hashes, (~is_known).astype(np.int8))))
        return Compared(is_known, is_changed)

    def store(self) -> Stored:
        if not self._has_changes:
            self._base.abandon()
            return Stored(self._ledger.files, self._ledger.count)
        self._base.write(*self._reader.take())
        return Stored(LedgerFiles(self._base.store()), self._base.rows)
