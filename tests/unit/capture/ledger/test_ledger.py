"""The ledger against a dictionary: whatever changes come, in whatever batches, both know the same."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Callable

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.capture.ledger import files as ledger_file
from totelake.capture.ledger.files import BaseWriter, Entries, write_delta
from totelake.capture.ledger.keys import LedgerKey
from totelake.capture.ledger.ledger import Ledger
from totelake.capture.ledger.merge import OrderedReader
from totelake.errors import LakeError
from totelake.lake.objects import ObjectReader, ObjectWriter
from totelake.lake.records.batch import LedgerFiles
from totelake.ports.memory import MemoryStore
from totelake.ports.object_store import Upload

KEYS = st.integers(-50, 400)
HASHES = st.integers(0, 2**64 - 1)
# keys that are bytes: with zeros at their ends, and of more bytes than the statistics of parquet hold
MAKERS: dict[str, Callable[[int], LedgerKey]] = {
    "number": lambda number: number,
    "bytes": lambda number: bytes(2 + number % 3) if number < 0 else b"k%d" % number + bytes(number % 3),
    "long": lambda number: bytes([100 + number % 2]) * (5000 if number % 3 else 1) + b"%d" % number,
}


def rows_of(keys: st.SearchStrategy[LedgerKey]) -> st.SearchStrategy[dict[LedgerKey, int]]:
    return st.dictionaries(keys, HASHES, max_size=200)


def batches_of(keys: st.SearchStrategy[LedgerKey]) -> st.SearchStrategy[list[dict[LedgerKey, int | None]]]:
    return st.lists(st.dictionaries(keys, st.none() | HASHES, max_size=40), max_size=4)


ALL_KEYS = st.sampled_from(sorted(MAKERS)).map(lambda name: KEYS.map(MAKERS[name]))


def array(keys: Iterable[LedgerKey]) -> np.ndarray:
    found = list(keys)
    return np.array(found, dtype=object if any(isinstance(key, bytes) for key in found) else np.int64)


def store(objects: MemoryStore, rows: dict[LedgerKey, int]) -> LedgerFiles:
    base = BaseWriter(ObjectWriter(objects, "base"))
    keys = array(sorted(rows))
    hashes = np.array([rows[key] for key in sorted(rows)], dtype=np.uint64)
    for start in range(0, len(keys), 7):
        base.write(keys[start : start + 7], hashes[start : start + 7])
    return LedgerFiles(base.store())


def entries_of(known: dict[LedgerKey, int], batch: dict[LedgerKey, int | None]) -> Entries:
    """The changes that a run would write: unknown keys that are gone are none."""
    real = {key: value for key, value in batch.items() if value is not None or key in known}
    keys = array(real)
    hashes = np.array([value or 0 for value in real.values()], dtype=np.uint64)
    change = [-1 if value is None else int(key not in known) for key, value in real.items()]
    return Entries.of(keys, hashes, np.array(change, dtype=np.int8))


def apply(known: dict[LedgerKey, int], batch: dict[LedgerKey, int | None]) -> None:
    for key, value in batch.items():
        if value is None:
            known.pop(key, None)
        else:
            known[key] = value


def content(ledger: Ledger, later: Entries | None = None) -> dict[LedgerKey, int]:
    keys, hashes = OrderedReader(ledger.chunks(later=later)).take()
    assert keys.tolist() == sorted(keys.tolist())
    return dict(zip(keys.tolist(), hashes.tolist()))


@given(st.data())
def test_it_knows_what_a_dictionary_knows(data: st.DataObject) -> None:
    kind = data.draw(ALL_KEYS)
    rows, batches, asked = (data.draw(one) for one in (rows_of(kind), batches_of(kind), st.sets(kind, max_size=60)))
    objects, known = MemoryStore("b"), dict(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger_file, "GROUP_ROWS", 16)
        document = store(objects, known)
        for number, batch in enumerate(batches):
            entries = entries_of(known, batch)
            assert content(Ledger(objects, document), later=entries) == {
                **{key: value for key, value in known.items() if batch.get(key, 0) is not None},
                **{key: value for key, value in batch.items() if value is not None},
            }
            delta = write_delta(ObjectWriter(objects, f"d{number}"), entries)
            document = replace(document, deltas=(*document.deltas, delta))
            apply(known, batch)
        ledger = Ledger(objects, document)
        assert content(ledger) == known
        assert ledger.count == len(known)
        keys = array(sorted(asked))
        found, hashes = ledger.lookup(keys)
        assert found.tolist() == [key in known for key in sorted(asked)]
        assert hashes[found].tolist() == [known[key] for key in sorted(asked) if key in known]
        only_keys, _ = OrderedReader(ledger.chunks(with_hashes=False)).take()
        assert only_keys.tolist() == sorted(known)


@given(st.data())
def test_reading_up_to_keys_gives_every_row_once(data: st.DataObject) -> None:
    kind = data.draw(ALL_KEYS)
    rows, stops = data.draw(rows_of(kind)), data.draw(st.lists(kind, max_size=5))
    reader = OrderedReader(Ledger(objects := MemoryStore("b"), store(objects, rows)).chunks())
    taken: list[LedgerKey] = []
    for stop in sorted(stops):
        keys, _ = reader.take(stop)
        assert all(key <= stop for key in keys.tolist())
        taken += keys.tolist()
    assert taken + reader.take()[0].tolist() == sorted(rows)


def test_a_lookup_reads_only_the_groups_it_touches() -> None:
    objects = MemoryStore("b")
    rows = {key: (key * 0x9E3779B97F4A7C15) % 2**64 for key in range(200_000)}
    ledger = Ledger(objects, store(objects, rows))
    before = ledger.fetched
    found, hashes = ledger.lookup(np.array([5, 6], dtype=np.int64))
    assert found.all() and hashes.tolist() == [rows[5], rows[6]]
    assert ledger.fetched - before < len(objects.get("base")) / 5


def test_an_empty_document_knows_nothing() -> None:
    ledger = Ledger(MemoryStore("b"), None)
    assert ledger.count == 0 and content(ledger) == {}


def test_too_many_or_too_large_deltas_are_folded() -> None:
    objects = MemoryStore("b")
    document = store(objects, {key: key for key in range(100)})
    many = Entries.of(np.arange(10_001), np.zeros(10_001, dtype=np.uint64), np.ones(10_001, dtype=np.int8))
    few = Entries.of(np.arange(3), np.zeros(3, dtype=np.uint64), np.zeros(3, dtype=np.int8))
    assert Ledger(objects, document).too_many_deltas(many)
    assert not Ledger(objects, document).too_many_deltas(few)
    for number, is_large in ((250_001, True), (250_000, False)):
        keys = np.array([b"%08d" % key for key in range(number)], dtype=object)
        bytes_keys = Entries.of(keys, np.zeros(number, dtype=np.uint64), np.ones(number, dtype=np.int8))
        base = replace(document, base=replace(document.base, rows=2_000_000) if document.base else None)
        assert Ledger(objects, base).too_many_deltas(bytes_keys) == is_large
    delta = write_delta(ObjectWriter(objects, "d"), few)
    assert Ledger(objects, replace(document, deltas=(delta,) * 50)).too_many_deltas(few)


def test_a_row_group_of_long_keys_ends_before_it_has_too_many_bytes() -> None:
    objects = MemoryStore("b")
    rows: dict[LedgerKey, int] = {bytes([place]) * 1_000_000: place for place in range(20)}
    document = store(objects, rows)
    assert content(Ledger(objects, document)) == rows
    assert document.base is not None
    groups = pq.ParquetFile(io.BytesIO(objects.get("base"))).metadata.num_row_groups
    assert 2 <= groups <= 4


def test_a_missing_ledger_object_is_named() -> None:
    objects = MemoryStore("b")
    document = store(objects, {1: 1})
    objects.put("base", b"")
    with pytest.raises(LakeError, match="s3://b/base is not there"):
        Ledger(objects, document)


def test_a_damaged_ledger_object_is_named() -> None:
    objects = MemoryStore("b")
    document = store(objects, {1: 1})
    objects.put("base", b"x" * len(objects.get("base")))
    with pytest.raises(LakeError, match="s3://b/base is not what its job wrote"):
        Ledger(objects, document)


class SmallParts(MemoryStore):
    """A store that takes parts of any size, so that a test writes many of them with few bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, list[bytes]] = {}
        self.abandoned: list[str] = []

    def upload(self, key: str) -> Upload:
        """Begin an object of parts."""
        self.parts[key] = []
        return SmallUpload(self, key)


class SmallUpload:
    """An upload to such a store."""

    def __init__(self, store: SmallParts, key: str) -> None:
        self._store, self._key = store, key

    def part(self, body: bytes) -> None:
        """Keep the next part."""
        self._store.parts[self._key].append(body)

    def complete(self) -> None:
        """Put the object in place."""
        self._store.put(self._key, b"".join(self._store.parts.pop(self._key)))

    def abandon(self) -> None:
        """Drop what was sent."""
        self._store.parts.pop(self._key)
        self._store.abandoned.append(self._key)


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(1, 64))
def test_whatever_is_written_is_stored_and_digested_whole(pieces: list[bytes], part: int) -> None:
    objects = SmallParts()
    writer = ObjectWriter(objects, "k", part=part)
    for piece in pieces:
        writer.write(piece)
    stored, whole = writer.store(), b"".join(pieces)
    assert objects.get("k") == whole
    assert (stored.bytes, stored.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())


def test_an_abandoned_object_leaves_no_upload() -> None:
    objects = SmallParts()
    writer = ObjectWriter(objects, "k", part=4)
    writer.write(b"12345678")
    writer.abandon()
    assert (list(objects.list("")), objects.parts, objects.abandoned) == ([], {}, ["k"])


def test_a_reader_gives_any_range() -> None:
    objects = MemoryStore("b")
    objects.put("k", bytes(range(256)) * 1024)
    reader = ObjectReader(objects, "k", 256 * 1024)
    reader.seek(300)
    assert reader.read(3) == bytes([44, 45, 46])
    assert reader.tell() == 303
    reader.seek(-2, 2)
    assert reader.read() == bytes([254, 255]) and reader.read() == b""
