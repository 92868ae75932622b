"""What every ObjectStore does: inherited by the tests of each implementation, which give the fixture `store`.

Where implementations differ, what Amazon's API reference documents decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from totelake.errors import ConfigurationError, LakeError
from totelake.ports.object_store import NoSuchObjectError, ObjectStore, Stat

# S3 lists so many objects in one answer, and deletes so many in one request
PAGE = 1000
LEAST_PART = 5 * 1024**2
ABSENT = r"s3://[^/]+/absent/key is not there; restore the object from the bucket's version history"
READS: Sequence[Callable[[ObjectStore, Path], object]] = (
    lambda store, path: store.get("absent/key"),
    lambda store, path: store.read("absent/key", 0, 1),
    lambda store, path: store.read("absent/key", 1, 1),
    lambda store, path: list(store.stream("absent/key", 1)),
    lambda store, path: store.download("absent/key", path),
    lambda store, path: store.copy("absent/key", "other", 1),
)


def keys_of(store: ObjectStore, prefix: str, after: str = "") -> list[str]:
    """The keys that a listing gives."""
    return [item.key for item in store.list(prefix, after)]


def pages_of(store: ObjectStore, prefix: str) -> Iterator[list[str]]:
    """The keys below a prefix, page by page."""
    after, is_more = "", True
    while is_more:
        found, is_more = store.page(prefix, after)
        yield [item.key for item in found]
        after = found[-1].key


class ObjectBehaviour:
    """One object: written, read, copied, deleted."""

    def test_what_was_put_is_read(self, store: ObjectStore) -> None:
        store.put("a/b", b"0123456789")
        assert (store.get("a/b"), store.find("a/b"), store.size("a/b")) == (b"0123456789", b"0123456789", 10)
        assert store.address("a/b") == f"s3://{store.bucket}/a/b"

    def test_a_put_takes_the_place_of_what_was_there(self, store: ObjectStore) -> None:
        store.put("a", b"long before")
        store.put("a", b"now")
        assert (store.get("a"), store.size("a")) == (b"now", 3)

    @pytest.mark.parametrize("key", ["day=2026-11-24/a b.parquet", "ünïcode/+&?#%=~", "with//two", "q'uote\"d"])
    def test_a_key_comes_back_as_it_was_given(self, store: ObjectStore, key: str) -> None:
        store.put(key, b"x")
        assert (store.get(key), keys_of(store, "")) == (b"x", [key])
        store.copy(key, f"{key}2", 1)
        store.delete([key])
        assert keys_of(store, "") == [f"{key}2"]

    @pytest.mark.parametrize(
        ("start", "end", "span"),
        [(0, 10, b"0123456789"), (0, 1, b"0"), (3, 7, b"3456"), (8, 20, b"89"), (10, 12, b""), (4, 4, b"")],
        ids=["whole", "first byte", "middle", "over the end", "beyond the end", "nothing"],
    )
    def test_a_span_is_read(self, store: ObjectStore, start: int, end: int, span: bytes) -> None:
        store.put("a", b"0123456789")
        assert store.read("a", start, end) == span

    def test_the_store_tells_the_sha256_of_what_was_put_and_copied(self, store: ObjectStore) -> None:
        assert store.stat("a") is None
        for key, body in (("a", b"0123456789"), ("a", b"other"), ("empty", b"")):
            store.put(key, body)
            assert store.stat(key) == Stat(len(body), hashlib.sha256(body).hexdigest())
        store.copy("a", "b", 5)
        assert store.stat("b") == store.stat("a")

    def test_of_an_object_in_parts_it_tells_that_of_the_parts_and_of_its_copy_the_whole(
        self, store: ObjectStore
    ) -> None:
        parts = [b"a" * LEAST_PART, b"b"]
        upload = store.upload("a")
        for part in parts:
            upload.part(part)
        upload.complete()
        digests = b"".join(hashlib.sha256(part).digest() for part in parts)
        assert store.stat("a") == Stat(LEAST_PART + 1, f"{hashlib.sha256(digests).hexdigest()}-2")
        store.copy("a", "b", LEAST_PART + 1)
        assert store.stat("b") == Stat(LEAST_PART + 1, hashlib.sha256(b"".join(parts)).hexdigest())

    def test_an_empty_object_is_an_object(self, store: ObjectStore) -> None:
        store.put("a", b"")
        assert (store.get("a"), store.find("a"), store.size("a"), store.read("a", 0, 9)) == (b"", b"", 0, b"")
        assert b"".join(store.stream("a", 4)) == b""

    def test_a_stream_is_the_whole_object_in_pieces(self, store: ObjectStore) -> None:
        store.put("a", b"0123456789")
        pieces = list(store.stream("a", 4))
        assert (b"".join(pieces), len(pieces)) == (b"0123456789", 3)

    def test_a_missing_object_has_no_content_and_no_size(self, store: ObjectStore) -> None:
        assert (store.find("absent"), store.size("absent")) == (None, None)

    @pytest.mark.parametrize("read", READS, ids=["get", "read", "read nothing", "stream", "download", "copy"])
    def test_reading_a_missing_object_says_which(
        self, store: ObjectStore, tmp_path: Path, read: Callable[[ObjectStore, Path], object]
    ) -> None:
        with pytest.raises(NoSuchObjectError, match=f"^{ABSENT}$"):
            read(store, tmp_path / "file")

    def test_a_download_is_a_file_with_the_content(self, store: ObjectStore, tmp_path: Path) -> None:
        store.put("a", b"content")
        store.download("a", tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == b"content"

    def test_a_copy_has_the_content_and_leaves_the_original(self, store: ObjectStore) -> None:
        store.put("a", b"content")
        store.put("b", b"former")
        store.copy("a", "b", 7)
        assert (store.get("a"), store.get("b")) == (b"content", b"content")

    def test_a_copy_onto_itself_is_refused(self, store: ObjectStore) -> None:
        store.put("a", b"content")
        with pytest.raises(LakeError, match="CopyObject failed with InvalidRequest"):
            store.copy("a", "a", 7)
        assert store.get("a") == b"content"

    def test_an_object_without_a_key_is_refused(self, store: ObjectStore) -> None:
        for write in (store.put, store.create):
            with pytest.raises(ConfigurationError, match="AWS was not asked: "):
                write("", b"x")
        assert keys_of(store, "") == []

    def test_deleting_what_is_not_there_is_no_failure(self, store: ObjectStore) -> None:
        store.put("a", b"1")
        store.put("b", b"1")
        store.delete(["a", "absent"])
        store.delete(["a"])
        store.delete([])
        assert keys_of(store, "") == ["b"]


class CreationBehaviour:
    """An object that is written once, by whoever comes first, and one that is uploaded in parts."""

    def test_an_object_is_created_once(self, store: ObjectStore) -> None:
        assert store.create("a", b"first") is True
        assert store.create("a", b"second") is False
        assert store.get("a") == b"first"

    def test_what_was_put_is_there_for_a_creation_and_a_deleted_object_is_not(self, store: ObjectStore) -> None:
        store.put("a", b"put")
        assert store.create("a", b"created") is False
        store.delete(["a"])
        assert store.create("a", b"created") is True

    def test_a_put_after_a_creation_is_not_conditional(self, store: ObjectStore) -> None:
        store.create("a", b"created")
        store.put("a", b"put")
        assert store.get("a") == b"put"

    def test_of_threads_that_create_one_object_one_wins(self, store: ObjectStore) -> None:
        bodies = [str(number).encode() for number in range(16)]
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda body: store.create("a", body), bodies))
        assert [body for body, wrote in zip(bodies, made) if wrote] == [store.get("a")]

    def test_an_upload_is_there_when_it_is_complete(self, store: ObjectStore) -> None:
        upload = store.upload("a")
        upload.part(b"1" * LEAST_PART)
        upload.part(b"2")
        assert store.find("a") is None
        upload.complete()
        assert store.get("a") == b"1" * LEAST_PART + b"2"

    def test_an_upload_that_was_abandoned_leaves_nothing(self, store: ObjectStore) -> None:
        upload = store.upload("a")
        upload.part(b"1")
        upload.abandon()
        store.upload("b").abandon()
        assert keys_of(store, "") == []
        with pytest.raises(LakeError, match="the upload has no part"):
            upload.complete()
        assert keys_of(store, "") == []

    @pytest.mark.parametrize("parts", [[], [b"1", b"2"]], ids=["none", "a small one that is not the last"])
    def test_an_upload_with_parts_that_s3_does_not_take_is_refused(
        self, store: ObjectStore, parts: Sequence[bytes]
    ) -> None:
        upload = store.upload("a")
        for part in parts:
            upload.part(part)
        with pytest.raises(LakeError):
            upload.complete()
        upload.abandon()
        assert store.find("a") is None


class ListingBehaviour:
    """Listings: by key, from a key on, in pages, by folder."""

    def test_a_listing_is_in_the_order_of_the_keys_and_below_its_prefix(self, store: ObjectStore) -> None:
        for key in ("a/2", "a/10", "a/1", "b/1", "a", "a/é", "a/~"):
            store.put(key, b"x")
        assert keys_of(store, "a/") == ["a/1", "a/10", "a/2", "a/~", "a/é"]
        assert keys_of(store, "c") == []

    def test_a_listing_begins_after_a_key(self, store: ObjectStore) -> None:
        for key in ("a/1", "a/2", "a/3", "b/1"):
            store.put(key, b"x")
        assert keys_of(store, "a/", "a/1") == ["a/2", "a/3"]
        assert keys_of(store, "a/", "a/15") == ["a/2", "a/3"]
        assert (keys_of(store, "a/", "a/3"), keys_of(store, "b/", "a/3")) == ([], ["b/1"])

    def test_an_object_that_has_the_prefix_for_its_key_is_not_below_it(self, store: ObjectStore) -> None:
        # consoles make such an object for an empty folder
        for key in ("a/", "a/1"):
            store.put(key, b"")
        assert (keys_of(store, "a/"), list(store.folders("")), list(store.folders("a/"))) == (["a/1"], ["a"], [])
        assert keys_of(store, "a/", "a") == ["a/1"]

    def test_a_listing_says_how_large_and_how_old_an_object_is(self, store: ObjectStore) -> None:
        store.put("a/b/c", b"123")
        found = next(store.list("a/"))
        assert (found.key, found.bytes, found.folder) == ("a/b/c", 3, "a/b/")
        assert abs(datetime.now(timezone.utc) - found.modified) < timedelta(minutes=1)

    def test_folders_are_the_names_right_below_a_prefix(self, store: ObjectStore) -> None:
        for key in ("a/b/1", "a/b/c/2", "a/d=1/3", "a/file", "b/1", "a/b0", "a/ü/é"):
            store.put(key, b"x")
        assert list(store.folders("a/")) == ["b", "d=1", "ü"]
        assert list(store.folders("absent/")) == []

    def test_the_first_key_below_a_prefix_is_that_of_a_listing(self, store: ObjectStore) -> None:
        for key in ("a/-2", "a/-10", "a/1", "a/", "a/-", "b/1"):
            store.put(key, b"x")
        assert [store.first(prefix) for prefix in ("a/-", "a/", "a/-2", "b/", "c/")] == [
            "a/-10", "a/-", None, "b/1", None,
        ]  # fmt: skip

    def test_more_objects_than_a_page_holds(self, store: ObjectStore) -> None:
        names = [f"{number:04d}" for number in range(PAGE + 3)]
        with ThreadPoolExecutor(8) as pool:
            # whatever is in a folder, the next page of folders begins behind all of it
            list(pool.map(lambda name: store.put(f"many/{name}/é", b""), names))
        assert [len(page) for page in pages_of(store, "many/")] == [PAGE, 3]
        assert [len(page) for page in pages_of(store, "many/0")] == [PAGE]
        every = [f"many/{name}/é" for name in names]
        assert [key for page in pages_of(store, "many/") for key in page] == keys_of(store, "many/") == every
        # an object that sorts right behind the last folder of a page
        store.put(f"many/{names[PAGE - 1]}0", b"")
        assert list(store.folders("many/")) == names
        store.delete(keys_of(store, "many/"))
        assert store.page("many/") == ([], False)
