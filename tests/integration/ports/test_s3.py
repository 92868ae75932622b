"""S3Store on moto's S3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.object_store_behaviour import CreationBehaviour, ListingBehaviour, ObjectBehaviour
from totelake.errors import DamagedError, LakeError
from totelake.ports import s3 as adapter
from totelake.ports.object_store import ObjectStore
from totelake.ports.s3 import S3Store

pytestmark = pytest.mark.integration


@pytest.fixture
def store(s3: Any, bucket: str) -> ObjectStore:
    return S3Store(s3, bucket)


class TestObjects(ObjectBehaviour):
    """S3Store: objects."""


class TestCreation(CreationBehaviour):
    """S3Store: what is written once or in parts."""


class TestListing(ListingBehaviour):
    """S3Store: listings."""


def test_an_abandoned_upload_leaves_no_parts(s3: Any, bucket: str, store: ObjectStore) -> None:
    upload = store.upload("a")
    upload.part(b"1")
    assert len(s3.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
    upload.abandon()
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_a_commit_is_stored_as_json(s3: Any, bucket: str, store: ObjectStore) -> None:
    store.create("a.json", b"{}")
    assert s3.head_object(Bucket=bucket, Key="a.json")["ContentType"] == "application/json"


def test_an_object_above_the_limit_of_one_copy_is_copied_in_parts(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "_SINGLE_COPY_LIMIT", 4)
    store.put("a", b"content")
    store.copy("a", "b", 7)
    assert store.get("b") == b"content"
    with pytest.raises(LakeError, match="/absent is not there"):
        store.copy("absent", "c", 7)


@pytest.mark.parametrize(
    "read",
    [
        lambda store: store.get("a"),
        lambda store: store.find("a"),
        lambda store: store.read("a", 0, 2),
        lambda store: list(store.stream("a", 9)),
        lambda store: store.copy("a", "b", 7),
    ],
    ids=["get", "find", "read", "stream", "copy"],
)
def test_an_archived_object_is_named_with_the_remedy(
    s3: Any, bucket: str, store: ObjectStore, read: Callable[[ObjectStore], Any]
) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"content", StorageClass="GLACIER")
    with pytest.raises(DamagedError, match=f"^s3://{bucket}/a is archived; restore it"):
        read(store)


def test_a_bucket_that_is_not_there_is_named(s3: Any) -> None:
    away = S3Store(s3, "no-such-bucket-of-ours")
    for call in (lambda: away.put("a", b""), lambda: away.create("a", b""), lambda: away.page("")):
        with pytest.raises(LakeError, match="the bucket no-such-bucket-of-ours does not exist"):
            call()
