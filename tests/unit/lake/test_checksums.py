"""An object is what its manifest names, or nobody reads it: by what S3 keeps of it, else by all of its bytes."""

from __future__ import annotations

import hashlib
import random
from threading import Lock

import pytest

from totelake.errors import DamagedError
from totelake.lake.checksums import PART, ObjectChecks, check, digest_of, part_size
from totelake.lake.manifest import LakeObject
from totelake.lake.objects import ObjectReader, ObjectWriter
from totelake.ports.memory import MemoryStore
from totelake.ports.object_store import NoSuchObjectError, Stat

BODY, FORGED = b"what a job wrote", b"what a job WROTE"
SHA256 = hashlib.sha256(BODY).hexdigest()
NOT_OURS = (
    r"^s3://b/k is not what its job wrote \(SHA-256 \w{16}, the manifest says \w{16}\): somebody replaced it; restore"
)


class Store(MemoryStore):
    """A store that keeps no SHA-256 where `keeps` is False, as S3 of what Spark wrote; counts requests and bytes."""

    def __init__(self, keeps: bool = True) -> None:
        super().__init__("b")
        self._keeps, self._guard = keeps, Lock()
        self.stats = self.bytes = 0

    def stat(self, key: str) -> Stat | None:
        with self._guard:
            self.stats += 1
        found = super().stat(key)
        return found if found is None or self._keeps else Stat(found.bytes)

    def get(self, key: str) -> bytes:
        body = super().get(key)
        with self._guard:
            self.bytes += len(body)
        return body


@pytest.mark.parametrize("keeps", [True, False])
def test_an_object_of_its_size_with_another_content_is_refused(keeps: bool) -> None:
    store = Store(keeps)
    store.put("k", BODY)
    check(store, "k", len(BODY), SHA256)
    assert (store.stats, store.bytes) == (1, 0 if keeps else len(BODY))
    store.put("k", FORGED)
    with pytest.raises(DamagedError, match=NOT_OURS):
        check(store, "k", len(BODY), SHA256)
    check(store, "k", len(BODY), "")


def test_an_object_of_another_size_is_refused_unread_and_so_is_none() -> None:
    store = Store()
    store.put("k", BODY + b"!")
    with pytest.raises(DamagedError, match="^s3://b/k has 17 bytes, its manifest says 16: somebody replaced it; "):
        check(store, "k", len(BODY), SHA256)
    with pytest.raises(NoSuchObjectError):
        check(store, "absent", len(BODY), SHA256)
    assert store.bytes == 0


@pytest.fixture(scope="module")
def large() -> bytes:
    """More than two parts of bytes."""
    return random.Random(1).randbytes(2 * PART + 3)


def test_an_object_in_parts_is_told_by_what_s3_keeps_of_the_parts(large: bytes) -> None:
    store = Store()
    writer = ObjectWriter(store, "k")
    writer.write(large)
    stored = writer.store()
    assert (stored.in_parts[-2:], digest_of([large], stored.in_parts)) == ("-3", stored.in_parts)
    check(store, "k", len(large), stored.kept)
    assert store.bytes == 0
    # a manifest that names the whole's is answered by reading it
    check(store, "k", len(large), stored.sha256)
    assert store.bytes == len(large)


def test_what_was_restored_as_one_piece_is_the_same_object_and_a_forged_one_is_not(large: bytes) -> None:
    store = Store()
    writer = ObjectWriter(store, "k")
    writer.write(large)
    kept = writer.store().kept
    store.put("k", large)
    check(store, "k", len(large), kept)
    store.put("k", large[:-1] + b"!")
    with pytest.raises(DamagedError, match=NOT_OURS):
        check(store, "k", len(large), kept)


def test_parts_are_cut_alike_whatever_the_chunks_are(large: bytes) -> None:
    pieces = [large[start : start + 3_000_001] for start in range(0, len(large), 3_000_001)]
    assert digest_of(pieces, "-") == digest_of([large], "-")
    assert [part_size(sent, 4) for sent in (0, 999, 1000, 9999)] == [4, 4, 8, 40]


@pytest.mark.parametrize("size", [len(BODY), 200_000], ids=["within the tail", "beyond it"])
def test_a_reader_of_spans_compares_before_it_gives_any(size: int) -> None:
    store, body = Store(), BODY * (size // len(BODY))
    checksum = hashlib.sha256(body).hexdigest()
    store.put("k", body)
    assert ObjectReader(store, "k", len(body), checksum).read(4) == b"what"
    # what lies in the tail needs no request of its own
    assert store.stats == (0 if size == len(BODY) else 1)
    store.put("k", b"W" + body[1:])
    with pytest.raises(DamagedError, match=NOT_OURS):
        ObjectReader(store, "k", len(body), checksum)


def test_each_object_is_compared_once_for_all_who_read_it() -> None:
    store = Store()
    items = [LakeObject("", f"k{number}", 1, len(BODY), SHA256) for number in range(20)]
    for item in items:
        store.put(item.key, BODY)
    checks = ObjectChecks(store)
    checks.check(items)
    checks.check(items[::-1])
    assert store.stats == len(items)
    store.put("k", FORGED)
    for _ in range(2):
        with pytest.raises(DamagedError, match=NOT_OURS):
            checks.check([*items, LakeObject("", "k", 1, len(BODY), SHA256)])
