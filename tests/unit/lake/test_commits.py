"""The commit protocol against an S3 that fails as S3 can: lost answers, conflicts, outages, races."""

from __future__ import annotations

import io
from typing import Any, Callable

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from totelake.errors import LakeError, RetriableError
from totelake.lake import keys
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import LakeObject, Manifest, TableCommit


def client_error(status: int, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "op")


class Events:
    def register(self, *_: Any, **__: Any) -> None:
        """The fake writes conditionally anyhow."""


class FakeS3:
    """An in-memory S3 with conditional writes; `faults` are called before a put, in turn, and may store and raise."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.faults: list[Callable[[str, bytes], None]] = []
        self.read_faults: list[Exception] = []
        self.copies = 0
        self.lists = 0
        self.meta = type("Meta", (), {"events": Events()})()

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        if self.faults:
            self.faults.pop(0)(Key, Body)
        if Key in self.objects:
            raise client_error(412, "PreconditionFailed")
        self.objects[Key] = Body

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if self.read_faults:
            raise self.read_faults.pop(0)
        if Key not in self.objects:
            raise client_error(404, "NoSuchKey")
        return {"Body": io.BytesIO(self.objects[Key])}

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise client_error(404, "404")
        return {"ContentLength": len(self.objects[Key])}

    def copy_object(self, Bucket: str, Key: str, CopySource: dict[str, str]) -> None:
        self.copies += 1
        self.objects[Key] = self.objects[CopySource["Key"]]

    def list_objects_v2(self, Bucket: str, Prefix: str, StartAfter: str) -> dict[str, Any]:
        self.lists += 1
        found = sorted(key for key in self.objects if key.startswith(Prefix) and key > StartAfter)
        return {"Contents": [{"Key": key} for key in found[:1000]], "IsTruncated": len(found) > 1000}


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


def log_of(s3: FakeS3) -> CommitLog:
    return CommitLog(s3, "bucket", "totesys", sleep=lambda _: None)


def manifest(number: int = 1, attempt: str = "mine", objects: tuple[LakeObject, ...] = ()) -> Manifest:
    return Manifest("totesys", number, attempt, "data", "2026-11-24T00:00:00Z", {"staff": TableCommit(objects)})


def test_a_commit_is_found_again(s3: FakeS3) -> None:
    assert log_of(s3).newest() is None
    assert log_of(s3).commit(manifest()) is True
    assert log_of(s3).newest() == manifest()
    assert log_of(s3).newest(after=1) is None


def test_of_two_attempts_at_one_number_one_wins(s3: FakeS3) -> None:
    assert log_of(s3).commit(manifest(attempt="theirs")) is True
    assert log_of(s3).commit(manifest(attempt="mine")) is False
    assert log_of(s3).get(1).attempt == "theirs"


def test_a_commit_whose_answer_was_lost_is_mine(s3: FakeS3) -> None:
    def stored_but_unanswered(key: str, body: bytes) -> None:
        s3.objects[key] = body
        raise EndpointConnectionError(endpoint_url="http://s3")

    s3.faults = [stored_but_unanswered]
    assert log_of(s3).commit(manifest()) is True


def test_conflicts_and_outages_are_tried_again(s3: FakeS3) -> None:
    def fail(error: Exception) -> Callable[[str, bytes], None]:
        def fault(key: str, body: bytes) -> None:
            raise error

        return fault

    s3.faults = [fail(client_error(409, "ConditionalRequestConflict")), fail(client_error(500, "InternalError"))]
    assert log_of(s3).commit(manifest()) is True


def test_an_outage_that_lasts_is_an_error_and_no_commit(s3: FakeS3) -> None:
    def fault(key: str, body: bytes) -> None:
        raise client_error(503, "SlowDown")

    s3.faults = [fault] * 6
    with pytest.raises(RetriableError, match="s3://bucket/_commits/totesys/000000000001.json could not be written"):
        log_of(s3).commit(manifest())
    assert log_of(s3).newest() is None


def test_an_unreadable_owner_is_asked_for_again_and_never_taken_for_absent(s3: FakeS3) -> None:
    log_of(s3).commit(manifest(attempt="theirs"))
    s3.read_faults = [client_error(500, "InternalError")]
    assert log_of(s3).commit(manifest()) is False


@pytest.mark.parametrize("where", ["write", "read"])
def test_a_refusal_is_raised_at_once(s3: FakeS3, where: str) -> None:
    def fault(key: str, body: bytes) -> None:
        raise client_error(403, "AccessDenied")

    if where == "write":
        s3.faults = [fault]
    else:
        log_of(s3).commit(manifest())
        s3.read_faults = [client_error(403, "AccessDenied")]
    with pytest.raises(ClientError, match="AccessDenied"):
        log_of(s3).commit(manifest(attempt="other"))


def test_a_missing_manifest_is_an_error(s3: FakeS3) -> None:
    with pytest.raises(LakeError, match="s3://bucket/_commits/totesys/000000000009.json is not there; restore"):
        log_of(s3).get(9)


@given(st.integers(0, 9000), st.integers(0, 9100))
@settings(max_examples=60, deadline=None)
def test_the_newest_number_is_found_in_a_log_of_any_length(length: int, after: int) -> None:
    s3 = FakeS3()
    s3.objects = {keys.commit_key("totesys", number): b"" for number in range(1, length + 1)}
    assert log_of(s3).newest_number(after) == (length if length > after else None)
    assert s3.lists <= 20


def test_since_follows_the_log_in_order_over_pages(s3: FakeS3) -> None:
    for number in range(1, 1204):
        log_of(s3).commit(manifest(number))
    assert [found.number for found in log_of(s3).since(100)] == list(range(101, 1204))
    assert [found.number for found in log_of(s3).since(100, limit=2)] == [101, 102]


def staged(s3: FakeS3, name: str = "a", content: bytes = b"rows") -> LakeObject:
    s3.objects[f"_inflight/{name}"] = content
    return LakeObject(f"_inflight/{name}", f"totesys/staff/{name}", 1, len(content))


def test_finish_copies_once_however_often_it_is_repeated(s3: FakeS3) -> None:
    committed = manifest(objects=(staged(s3), staged(s3, "b"), LakeObject("state", "state", 0, 0)))
    for _ in range(3):
        log_of(s3).finish(committed)
    assert (s3.objects["totesys/staff/a"], s3.copies) == (b"rows", 2)


def test_finish_repairs_a_copy_of_another_size(s3: FakeS3) -> None:
    item = staged(s3)
    s3.objects[item.key] = b"ro"
    log_of(s3).finish(manifest(objects=(item,)))
    assert s3.objects[item.key] == b"rows"


def test_finish_of_an_object_that_is_nowhere_is_an_error(s3: FakeS3) -> None:
    item = staged(s3)
    del s3.objects[item.staged]
    with pytest.raises(LakeError, match="_inflight/a of totesys 1 is not there with its 4 bytes, nor is its copy"):
        log_of(s3).finish(manifest(objects=(item,)))


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
