"""The commit protocol over a store that fails as S3 can: lost answers, conflicts, outages, races."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SOURCE
from tests.faulty import BUSY, LOST, REFUSED, FaultyStore, failing, unanswered
from totelake.errors import DamagedError, LakeError, RetriableError
from totelake.lake import keys
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import LakeObject, Manifest, TableCommit


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore()


def log_of(store: FaultyStore) -> CommitLog:
    return CommitLog(store, SOURCE, sleep=lambda _: None)


def manifest(number: int = 1, attempt: str = "mine", objects: tuple[LakeObject, ...] = ()) -> Manifest:
    return Manifest(SOURCE, number, attempt, "data", "2026-11-24T00:00:00Z", {"staff": TableCommit(objects)})


def test_a_commit_is_found_again(store: FaultyStore) -> None:
    assert log_of(store).newest() is None
    assert log_of(store).commit(manifest()) is True
    assert log_of(store).newest() == manifest()
    assert log_of(store).newest(after=1) is None


def test_of_two_attempts_at_one_number_one_wins(store: FaultyStore) -> None:
    assert log_of(store).commit(manifest(attempt="theirs")) is True
    assert log_of(store).commit(manifest(attempt="mine")) is False
    assert log_of(store).get(1).attempt == "theirs"


def test_a_commit_whose_answer_was_lost_is_mine(store: FaultyStore) -> None:
    store.faults = [unanswered(store)]
    assert log_of(store).commit(manifest()) is True


def test_an_outage_that_passes_is_waited_for(store: FaultyStore) -> None:
    store.faults = [failing(BUSY), failing(LOST)]
    assert log_of(store).commit(manifest()) is True


def test_an_outage_that_lasts_is_an_error_and_no_commit(store: FaultyStore) -> None:
    store.faults = [failing(BUSY)] * 6
    with pytest.raises(RetriableError, match="s3://bucket/_commits/totesys/000000000001.json could not be written"):
        log_of(store).commit(manifest())
    assert log_of(store).newest() is None


def test_an_unreadable_owner_is_asked_for_again_and_never_taken_for_absent(store: FaultyStore) -> None:
    log_of(store).commit(manifest(attempt="theirs"))
    store.read_faults = [BUSY]
    assert log_of(store).commit(manifest()) is False


def test_an_owner_that_cannot_be_read_at_all_is_an_error(store: FaultyStore) -> None:
    log_of(store).commit(manifest(attempt="theirs"))
    store.read_faults = [BUSY] * 9
    with pytest.raises(RetriableError, match="could not be written \\(it is there, but whose it is cannot be read\\)"):
        log_of(store).commit(manifest())


@pytest.mark.parametrize("where", ["write", "read"])
def test_a_refusal_is_raised_at_once(store: FaultyStore, where: str) -> None:
    if where == "write":
        store.faults = [failing(REFUSED)]
    else:
        log_of(store).commit(manifest())
        store.read_faults = [REFUSED]
    with pytest.raises(LakeError, match="AccessDenied"):
        log_of(store).commit(manifest(attempt="other"))


def test_a_missing_manifest_is_an_error(store: FaultyStore) -> None:
    with pytest.raises(LakeError, match="s3://bucket/_commits/totesys/000000000009.json is not there; restore"):
        log_of(store).get(9)


@given(st.integers(0, 9000), st.integers(0, 9100))
@settings(max_examples=60)
def test_the_newest_number_is_found_in_a_log_of_any_length(length: int, after: int) -> None:
    store = FaultyStore()
    for number in range(1, length + 1):
        store.put(keys.commit_key(SOURCE, number), b"")
    assert log_of(store).newest_number(after) == (length if length > after else None)
    assert store.pages <= 20


def test_since_follows_the_log_in_order_over_pages(store: FaultyStore) -> None:
    for number in range(1, 1204):
        log_of(store).commit(manifest(number))
    assert [found.number for found in log_of(store).since(100)] == list(range(101, 1204))
    assert [found.number for found in log_of(store).since(100, limit=2)] == [101, 102]


def staged(store: FaultyStore, name: str = "a", content: bytes = b"rows") -> LakeObject:
    store.put(f"_inflight/{name}", content)
    return LakeObject(f"_inflight/{name}", f"totesys/staff/{name}", 1, len(content))


def test_finish_copies_once_however_often_it_is_repeated(store: FaultyStore) -> None:
    committed = manifest(objects=(staged(store), staged(store, "b"), LakeObject("state", "state", 0, 0)))
    for _ in range(3):
        log_of(store).finish(committed)
    assert (store.get("totesys/staff/a"), store.copies) == (b"rows", 2)


def test_finish_repairs_a_copy_of_another_size(store: FaultyStore) -> None:
    item = staged(store)
    store.put(item.key, b"ro")
    log_of(store).finish(manifest(objects=(item,)))
    assert store.get(item.key) == b"rows"


@pytest.mark.parametrize("place", ["staged", "final"])
def test_finish_takes_no_other_object_of_the_same_size(store: FaultyStore, place: str) -> None:
    item = staged(store)
    item = replace(item, checksum=hashlib.sha256(store.get(item.staged)).hexdigest())
    store.put(item.staged if place == "staged" else item.key, b"SWOR")
    with pytest.raises(DamagedError, match=r"^s3://bucket/.* is not what its job wrote \(SHA-256 \w{16}, the manifest"):
        log_of(store).finish(manifest(objects=(item,)))
    assert (store.copies, store.size(item.key)) == (0, None if place == "staged" else 4)


def test_finish_of_an_object_that_is_nowhere_is_an_error(store: FaultyStore) -> None:
    item = staged(store)
    store.delete([item.staged])
    with pytest.raises(LakeError, match="_inflight/a of totesys 1 is not there with its 4 bytes, nor is its copy"):
        log_of(store).finish(manifest(objects=(item,)))


def test_attempts_never_share_a_place() -> None:
    first, second = (keys.Attempt.new("totesys", 3, "jr_1") for _ in range(2))
    assert first.staged_key("staff", "a.parquet") != second.staged_key("staff", "a.parquet")
    assert first.staged_key("staff", "a.parquet").startswith("_inflight/totesys/000000000003/jr_1-")
    assert first.state_key("totesys/staff", ".parquet").startswith("_state/totesys/staff/000000000003-jr_1-")


def test_keys_of_the_lake() -> None:
    assert (
        keys.ingested_key("totesys", "staff", "2026-11-24", 5)
        == "totesys/staff/ingested_on=2026-11-24/000000000005.parquet"
    )
    assert keys.schema_key("totesys", "staff", "ab") == "_schemas/totesys/staff/ab.json"
    assert keys.commit_number(keys.commit_key("totesys", 12)) == 12
