"""S3Store over answers that no server gives on demand: conflicts, refusals, lost connections."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from tests.unit.ports.answers import Client, client_error
from totelake.errors import LakeError, RetriableError
from totelake.ports.s3 import S3Store

WRITTEN: dict[str, Any] = {}
THERE = client_error("PreconditionFailed", 412, "PutObject")
CONFLICT = client_error("ConditionalRequestConflict", 409, "PutObject")
DENIED = client_error("AccessDenied", 403, "PutObject", "Access Denied")


def store(waits: list[float] | None = None, **answers: list[Any]) -> S3Store:
    """A store whose client answers so."""
    client: Any = Client(**answers)
    return S3Store(client, "lake", (waits if waits is not None else []).append)


@pytest.mark.parametrize(
    ("answers", "wrote"),
    [([WRITTEN], True), ([THERE], False), ([CONFLICT, CONFLICT, WRITTEN], True), ([CONFLICT, THERE], False)],
    ids=["first", "late", "after another who failed", "after another who wrote"],
)
def test_a_writer_that_is_at_it_is_waited_for_and_what_is_there_stays(answers: list[Any], wrote: bool) -> None:
    waits: list[float] = []
    assert store(waits, put_object=list(answers)).create("k", b"") is wrote
    assert len(waits) == len(answers) - 1
    assert all(0 <= wait <= 0.1 * 2**number for number, wait in enumerate(waits))


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (DENIED, LakeError, "PutObject failed with AccessDenied: Access Denied; grant the job's role this action"),
        (client_error("InternalError", 500, "PutObject"), RetriableError, "PutObject failed with InternalError"),
        (EndpointConnectionError(endpoint_url="http://s3"), RetriableError, "Could not connect to the endpoint URL"),
        (ReadTimeoutError(endpoint_url="http://s3"), RetriableError, "AWS did not answer in time: Read timeout"),
    ],
    ids=["refused", "broken", "away", "answer lost"],
)
def test_what_else_goes_wrong_is_raised_at_once(answer: Exception, kind: type[Exception], words: str) -> None:
    waits: list[float] = []
    with pytest.raises(kind, match=words):
        store(waits, put_object=[answer]).create("k", b"")
    assert waits == []


def test_a_conflict_without_end_is_an_error() -> None:
    waits: list[float] = []
    with pytest.raises(RetriableError, match="^others write s3://lake/k all the time; run the job again$"):
        store(waits, put_object=[CONFLICT] * 6).create("k", b"")
    assert len(waits) == 6


def test_a_refused_read_is_no_missing_object() -> None:
    for code, call in (("get_object", "find"), ("head_object", "size")):
        with pytest.raises(LakeError, match="AccessDenied"):
            getattr(store(**{code: [client_error("AccessDenied", 403)]}), call)("k")


def test_objects_are_deleted_a_thousand_at_a_time_and_a_refused_one_is_named() -> None:
    refused = {"Errors": [{"Key": "k1500", "Code": "AccessDenied", "Message": "Access Denied"}]}
    client: Any = Client(delete_objects=[{}, refused])
    with pytest.raises(LakeError) as raised:
        S3Store(client, "lake").delete([f"k{number}" for number in range(2500)])
    assert str(raised.value) == (
        "s3://lake/k1500 could not be deleted: Access Denied; let the bucket's policy allow it to the job"
    )
    assert [len(parameters["Delete"]["Objects"]) for _, parameters in client.calls] == [1000, 1000]


def test_a_delete_that_s3_is_too_busy_for_may_be_tried_again() -> None:
    refused = {"Errors": [{"Key": "k", "Code": "InternalError", "Message": "We encountered an internal error"}]}
    client: Any = Client(delete_objects=[refused])
    with pytest.raises(RetriableError, match=r"^s3://lake/k could not be deleted: .*; run the job again$"):
        S3Store(client, "lake").delete(["k"])


def test_an_upload_that_cannot_be_dropped_is_left_to_the_buckets_rule() -> None:
    client: Any = Client(
        create_multipart_upload=[{"UploadId": "u"}], upload_part=[{"ETag": "e"}], abort_multipart_upload=[DENIED]
    )
    upload = S3Store(client, "lake").upload("k")
    upload.part(b"1")
    upload.abandon()
    assert [operation for operation, _ in client.calls][-1] == "abort_multipart_upload"
