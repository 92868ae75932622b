"""Objects come in the order of their keys, small ones read ahead by one request each, and never more than a few."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from totelake.errors import DamagedError, RetriableError
from totelake.ports.memory import MemoryStore
from totelake.warehouse import lake_objects
from totelake.warehouse.lake_objects import objects

SMALL, AHEAD = 1000, 8


class Counting(MemoryStore):
    """A store that remembers what was asked; the reads of `broken` keys break off."""

    def __init__(self) -> None:
        super().__init__("processed")
        self.reads, self.downloads, self.broken = list[str](), list[str](), set[str]()
        self.at_once, self.most_at_once, self._guard = 0, 0, threading.Lock()

    def read(self, key: str, start: int, end: int) -> bytes:
        """What a memory store has, noted."""
        with self._guard:
            self.reads.append(key)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if key in self.broken:
                raise RetriableError("AWS's answer broke off")
            return super().read(key, start, end)
        finally:
            with self._guard:
                self.at_once -= 1

    def size(self, key: str) -> int | None:
        """Nobody asks for it."""
        raise AssertionError(key)

    def download(self, key: str, path: Path) -> None:
        """What a memory store has, noted."""
        self.downloads.append(key)
        super().download(key, path)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """A hundred objects, each its own name but for two large ones."""
    monkeypatch.setattr(lake_objects, "_SMALL", SMALL)
    found = Counting()
    for place in range(100):
        found.put(f"{place:03}", f"{place:03}".encode() * (SMALL if place in (20, 60) else 1))
    return found


def bodies(store: Counting, keys: list[str], folder: Path) -> Iterator[tuple[str, bytes]]:
    """What each object holds."""
    for key, body in objects(store, keys, folder, {}):
        yield key, body.read_bytes() if isinstance(body, Path) else body.read()


def test_every_object_comes_once_and_in_order_by_one_request_but_for_large_ones_and_broken_answers(
    store: Counting, tmp_path: Path
) -> None:
    keys = [f"{place:03}" for place in range(99, -1, -1)]
    store.broken = {"000", "050", "099"}
    found = list(bodies(store, keys, tmp_path))
    assert [(key, body[:3].decode(), len(body)) for key, body in found] == [
        (key, key, 3 * SMALL if key in ("020", "060") else 3) for key in keys
    ]
    assert sorted(store.reads) == sorted(keys)
    assert store.downloads == ["099", "060", "050", "020", "000"]


def test_only_a_few_are_read_ahead(store: Counting, tmp_path: Path) -> None:
    keys = [f"{place:03}" for place in range(100)]
    ahead = []
    for done, (key, _) in enumerate(bodies(store, keys, tmp_path), start=1):
        assert store.reads.index(key) < done + AHEAD
        ahead.append(len(store.reads) - done)
    assert max(ahead) < AHEAD
    assert store.most_at_once <= AHEAD


def test_one_that_is_gone_is_told_when_its_turn_comes(store: Counting, tmp_path: Path) -> None:
    found = bodies(store, ["000", "gone", "001"], tmp_path)
    assert next(found) == ("000", b"000")
    with pytest.raises(DamagedError, match="gone is not there"):
        next(found)
