"""The looks at a bucket, held against one with the deployment's own policy and encryption, by the S3 protocol."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from totelake.canary import lake
from totelake.canary.look import Finding, Look, examine
from totelake.ports.s3 import S3Store
from totelake.runtime.outcome import OK, WARNING

pytestmark = pytest.mark.integration
IS_AWS = True


@pytest.fixture
def s3(aws: str) -> Any:
    return boto3.client("s3", endpoint_url=aws)


@pytest.fixture
def store(s3: Any) -> S3Store:
    """An empty bucket, encrypted by KMS."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=rules)
    return S3Store(s3, name)


def write_once(s3: Any, bucket: str) -> None:
    """The statement of the deployment's policy."""
    once = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/_commits/*",
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [once]}))


def looks(s3: Any, store: S3Store) -> Iterator[Look]:
    """Every look at a bucket."""
    yield lake.written_once(store, "_commits/canary/1-once")
    yield lake.refused_put(store, "_commits/canary/1-plain", IS_AWS)
    yield lake.refused_copy(store, "_canary/1/origin", "_commits/canary/1-copy", IS_AWS)
    yield lake.multipart(store, "_canary/1/parts")
    yield lake.encryption(store, "_canary/1/encrypted", s3, IS_AWS)


def outcomes(findings: list[Finding]) -> dict[str, str]:
    """By look."""
    return {item.look: item.outcome for item in findings}


def test_a_bucket_whose_policy_wants_the_condition_refuses_the_rest(s3: Any, store: S3Store) -> None:
    write_once(s3, store.bucket)
    found = list(examine(looks(s3, store)))
    assert {item.outcome for item in found} == {OK}, found
    assert list(store.list("")) == []


def test_a_bucket_without_the_policy_is_told_and_nothing_stays(s3: Any, store: S3Store) -> None:
    found = list(examine(looks(s3, store)))
    assert outcomes(found) == {
        "conditional PUT": OK, "plain PUT": WARNING, "CopyObject": WARNING, "multipart upload": OK, "KMS": OK,
    }  # fmt: skip
    assert list(store.list("")) == []
