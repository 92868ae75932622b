"""Requests that a load sends for objects: one for a small one, and those of a transfer where the answer breaks off."""

from __future__ import annotations

import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.faults.network import BadDay
from totelake.ports.s3 import S3Store
from totelake.runtime import Clients
from totelake.warehouse.lake_objects import objects

pytestmark = pytest.mark.integration


@pytest.mark.usefixtures("aws")
def test_a_small_object_is_one_request_and_a_broken_answer_is_taken_up_again(tmp_path: Path) -> None:
    s3, bucket, sent = Clients.from_environment().s3, f"processed-{uuid.uuid4().hex[:12]}", Counter[str]()
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    keys = [f"k{place:02}" for place in range(20)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode() * 10)
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")

    def decide(operation: str, request: Any) -> str:
        sent[operation] += 1
        return "cut" if request.url.endswith("k07") and "cut" not in day.given else ""

    def found() -> list[tuple[str, bytes]]:
        return [
            (key, body.read_bytes() if isinstance(body, Path) else body.read())
            for key, body in objects(S3Store(s3, bucket), [*keys, "empty"], tmp_path, {})
        ]

    whole = [*((key, key.encode() * 10) for key in keys), ("empty", b"")]
    day = BadDay(decide)
    with day.over(s3):
        assert found() == whole
    assert (day.given, sent) == ({"cut": 1}, {"GetObject": 22, "HeadObject": 1})
    sent.clear()
    with day.over(s3):
        assert found() == whole
    assert sent == {"GetObject": 21}
