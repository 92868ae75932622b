"""Objects as files: parts that fit S3's limits, one digest, and reads that ask for no more than they need."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faulty import FaultyStore
from totelake.errors import LakeError
from totelake.lake import checksums
from totelake.lake.objects import ObjectReader, ObjectWriter, Stored
from totelake.ports.memory import MemoryStore

PART = 5 * 1024**2
TAIL = 64 * 1024


def stored(content: bytes, in_parts: str = "") -> Stored:
    return Stored("k", len(content), hashlib.sha256(content).hexdigest(), in_parts)


@pytest.mark.parametrize(
    "pieces",
    [[], [b""], [b"abc"], [b"a", b"bc"], [b"x" * PART], [b"x" * (2 * PART + 1)], [b"x" * (PART - 1), b"y" * 2, b"z"]],
    ids=["nothing", "empty", "one", "two", "a part", "parts and a rest", "over the edge of a part"],
)
def test_what_was_written_is_the_object(pieces: Sequence[bytes]) -> None:
    store, content = MemoryStore(), b"".join(pieces)
    writer = ObjectWriter(store, "k", PART)
    for piece in pieces:
        assert writer.write(piece) == len(piece)
    assert (writer.tell(), store.find("k")) == (len(content), None)
    found, there = writer.store(), store.stat("k")
    assert (found, store.get("k")) == (stored(content, found.in_parts), content)
    assert bool(found.in_parts) == (len(content) >= PART)
    assert there is not None and there.sha256 == found.kept


def test_numbers_are_written_as_their_bytes() -> None:
    store = MemoryStore()
    writer = ObjectWriter(store, "k")
    assert writer.write(memoryview(b"abcd").cast("H")) == 4
    assert writer.store() == stored(b"abcd")


def test_parts_grow_so_that_ten_thousand_hold_any_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "_MOST_PARTS", 20)
    store = MemoryStore()
    upload = store.upload("k")
    sizes: list[int] = []
    monkeypatch.setattr(upload, "part", lambda body: sizes.append(len(body)))
    monkeypatch.setattr(store, "upload", lambda key: upload)
    ObjectWriter(store, "k", 4).write(b"x" * 200)
    assert sizes[:6] == [4, 4, 8, 8, 12, 12] and sizes == sorted(sizes)


@pytest.mark.parametrize("size", [3, PART + 3])
def test_what_was_abandoned_is_not_there(size: int) -> None:
    store = MemoryStore()
    writer = ObjectWriter(store, "k", PART)
    writer.write(b"x" * size)
    writer.abandon()
    assert store.find("k") is None


@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 220), st.integers(-1, 220)), max_size=8))
def test_a_reader_reads_as_a_file_does(content: bytes, reads: list[tuple[int, int]]) -> None:
    store, file = MemoryStore(), io.BytesIO(content)
    store.put("k", content)
    reader = ObjectReader(store, "k", len(content))
    for position, count in reads:
        assert reader.seek(position) == file.seek(position)
        assert reader.read(count) == file.read(count)


def test_positions_are_from_the_beginning_from_here_and_from_the_end() -> None:
    store = MemoryStore()
    store.put("k", b"0123456789")
    reader = ObjectReader(store, "k", 10)
    assert (reader.seek(-3, io.SEEK_END), reader.read(2), reader.seek(-4, io.SEEK_CUR), reader.read(1)) == (
        7, b"78", 5, b"5",
    )  # fmt: skip
    assert (reader.tell(), reader.size(), reader.seekable(), reader.readable()) == (6, 10, True, True)


def test_only_spans_that_are_not_at_hand_are_fetched() -> None:
    store = MemoryStore()
    store.put("k", bytes(TAIL) + b"x" * TAIL)
    reader = ObjectReader(store, "k", 2 * TAIL)
    reader.seek(TAIL)
    assert (reader.read(10), reader.fetched) == (b"x" * 10, TAIL)
    reader.fetch(0, 100)
    reader.seek(50)
    assert (reader.read(50), reader.fetched) == (bytes(50), TAIL + 100)
    reader.seek(99)
    assert (reader.read(2), reader.fetched) == (bytes(2), TAIL + 102)


@pytest.mark.parametrize("content", [None, b"short"], ids=["gone", "of another size"])
def test_an_object_that_is_not_as_a_manifest_says_is_an_error(content: bytes | None) -> None:
    store = FaultyStore()
    if content is not None:
        store.put("k", content)
    with pytest.raises(LakeError) as raised:
        ObjectReader(store, "k", 10)
    assert str(raised.value) == (
        "s3://bucket/k is not there with its 10 bytes though a manifest names it; restore it from the bucket's version "
        "history"
    )
