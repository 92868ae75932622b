"""The query cache: tied to stack, bucket and content, bounded, private, and never outside its folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_IMODE

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.query.lakes import ROW, MemoryLake, parquet
from totelake.errors import LakeError, RetriableError
from totelake.ports.memory import MemoryStore
from totelake.ports.object_store import Listed
from totelake.query.cache import Cache

NAME = "SELECT name FROM dim_staff"
OTHER = parquet(staff_id=1, name="Bob")
PARTS = st.sampled_from(["..", ".", "", "%2e%2e", "~", "a", "a b", "é", "'", "*", "[0]", "x" * 200, "\n", "con"])
KEYS = st.lists(PARTS, min_size=1, max_size=5).map("/".join).filter(bool)


@pytest.fixture
def stored() -> MemoryStore:
    return MemoryStore("lake")


def put(store: MemoryStore, key: str, body: bytes = ROW) -> Listed:
    """The object as a listing shows it."""
    store.put(key, body)
    return next(item for item in store.list("") if item.key == key)


def fetch(cache: Cache, store: MemoryStore, *items: Listed) -> list[Path]:
    """What one query reads."""
    with cache.in_use():
        return [cache.file(store, item) for item in items]


def files(folder: Path) -> list[Path]:
    """The cached objects and whatever else but the lock."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=KEYS)
def test_no_key_leads_out_of_the_folder(key: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    root, store = tmp_path_factory.mktemp("root"), MemoryStore("lake")
    home = root / "a" / "b" / "query"
    (path,) = fetch(Cache(home, "one"), store, put(store, key))
    assert path.parent.parent == home
    assert files(root) == [path]
    assert path.read_bytes() == ROW


def test_what_lies_there_is_for_its_owner_alone(tmp_path: Path, stored: MemoryStore) -> None:
    home = tmp_path / "query"
    home.mkdir(mode=0o755)
    fetch(Cache(home, "one"), stored, put(stored, "k"))
    modes = {path.is_dir(): S_IMODE(path.stat().st_mode) for path in [home, *home.rglob("*")]}
    assert modes == {True: 0o700, False: 0o600}


def test_a_file_is_fetched_once_and_anew_when_bucket_or_content_differ(tmp_path: Path, stored: MemoryStore) -> None:
    cache, other = Cache(tmp_path, "one"), MemoryStore("other")
    first = put(stored, "k")
    (path,) = fetch(cache, stored, first)
    before = path.stat().st_mtime_ns
    assert fetch(cache, stored, first) == [path]
    assert path.stat().st_mtime_ns == before
    (replaced,) = fetch(cache, stored, put(stored, "k", OTHER))
    (elsewhere,) = fetch(cache, other, put(other, "k"))
    assert len({path, replaced, elsewhere}) == 3
    assert (replaced.read_bytes(), elsewhere.read_bytes()) == (OTHER, ROW)


@pytest.mark.parametrize("change", ["content", "stack"])
def test_a_query_answers_from_what_is_there_now(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = MemoryLake(monkeypatch)
    assert world.ask(NAME, tmp_path) == [("Ada",)]
    (known,) = files(tmp_path)
    if change == "content":
        world.store.put("dim_staff/000000000001-0.parquet", OTHER)
        assert world.ask(NAME, tmp_path) == [("Bob",)]
    else:
        assert world.ask(NAME, tmp_path, stack="two") == [("Ada",)]
        assert not known.exists()
        assert len(files(tmp_path)) == 1


def test_the_oldest_go_first_and_none_while_a_query_reads_it(tmp_path: Path, stored: MemoryStore) -> None:
    items = [put(stored, f"k{number}") for number in range(4)]
    cache = Cache(tmp_path, "one", most=2 * len(ROW))
    with cache.in_use():
        paths = [cache.file(stored, item) for item in items]
        for age, path in enumerate(paths):
            os.utime(path, (1000 + age, 1000 + age))
        assert len(files(tmp_path)) == 4
    assert sorted(files(tmp_path)) == sorted(paths[2:])


def test_another_process_that_reads_keeps_all_files(tmp_path: Path, stored: MemoryStore) -> None:
    cache, item = Cache(tmp_path, "one", most=0), put(stored, "k")
    with (tmp_path / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        (path,) = fetch(cache, stored, item)
        assert path.is_file()
    fetch(cache, stored)
    assert files(tmp_path) == []


def test_many_at_once_have_the_whole_file(tmp_path: Path, stored: MemoryStore) -> None:
    item = put(stored, "k")

    def read(_: int) -> bytes:
        cache = Cache(tmp_path, "one")
        with cache.in_use():
            return cache.file(stored, item).read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read, range(40))) == {ROW}
    assert len(files(tmp_path)) == 1


def test_what_a_killed_process_and_earlier_versions_left_goes(tmp_path: Path, stored: MemoryStore) -> None:
    cache, item = Cache(tmp_path, "one"), put(stored, "k")
    (path,) = fetch(cache, stored, item)
    (path.parent / "half.part").write_bytes(b"PAR1")
    old = tmp_path / "totelake-processed" / "dim_staff"
    old.mkdir(parents=True)
    (old / "1.parquet").write_bytes(ROW)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "mine").write_text("stays")
    (tmp_path / "link").symlink_to(outside)
    fetch(cache, stored, item)
    assert files(tmp_path) == [path]
    assert (outside / "mine").read_text() == "stays"


class Torn(MemoryStore):
    """A store whose stream breaks off, or ends early."""

    def __init__(self, failure: Exception | None) -> None:
        super().__init__("torn")
        self._failure = failure

    def stream(self, key: str, size: int) -> Iterator[bytes]:
        yield self.get(key)[:20]
        if self._failure:
            raise self._failure


@pytest.mark.parametrize(
    ("failure", "error", "words"),
    [
        (None, RetriableError, "s3://torn/k was replaced while it was read; ask again"),
        (RetriableError("S3 is busy"), RetriableError, "S3 is busy"),
        (OSError(28, "No space left on device"), LakeError, r"s3://torn/k cannot be kept in .*\(No space left"),
    ],
)
def test_a_fetch_that_breaks_off_leaves_nothing(
    failure: Exception | None, error: type[Exception], words: str, tmp_path: Path
) -> None:
    store = Torn(failure)
    with pytest.raises(error, match=words):
        fetch(Cache(tmp_path, "one"), store, put(store, "k"))
    assert files(tmp_path) == []


@pytest.mark.parametrize("body", [ROW[:-1], b"PAR1", b"PAR", b"a few words", b"\0" * 100])
def test_what_is_no_parquet_is_named_and_not_kept(body: bytes, tmp_path: Path, stored: MemoryStore) -> None:
    with pytest.raises(LakeError, match="s3://lake/k is truncated or no parquet; restore it"):
        fetch(Cache(tmp_path, "one"), stored, put(stored, "k", body))
    assert files(tmp_path) == []
