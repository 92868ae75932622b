"""What the local stack has of AWS beside what moto has."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration
KEY = "arn:aws:kms:eu-west-2:123456789012:key/1"


@pytest.fixture
def s3(aws: str) -> Any:
    return boto3.client("s3", endpoint_url=aws)


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket with the two statements of the deployment's policy, encrypted with a key."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    arn = f"arn:aws:s3:::{name}"
    tls = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
    once = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{arn}/_commits/*"}
    tls["Condition"], once["Condition"] = (
        {"Bool": {"aws:SecureTransport": "false"}}, {"Null": {"s3:if-none-match": "true"}},
    )  # fmt: skip
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [tls, once]}))
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=rules)
    return name


def test_what_is_written_once_is_written_with_if_none_match_and_cannot_be_copied(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="data/1", Body=b"1")
    s3.put_object(Bucket=bucket, Key="_commits/1", Body=b"1", IfNoneMatch="*")
    assert s3.get_object(Bucket=bucket, Key="_commits/1")["Body"].read() == b"1"
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket=bucket, Key="_commits/2", Body=b"2")
    with pytest.raises(ClientError, match="403"):
        s3.copy_object(Bucket=bucket, Key="_commits/3", CopySource=f"{bucket}/data/1")
    s3.delete_object(Bucket=bucket, Key="_commits/1")


def test_answers_do_not_tell_the_id_of_the_buckets_key(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="data/1", Body=b"1")
    for answer in (put, s3.head_object(Bucket=bucket, Key="data/1"), s3.get_object(Bucket=bucket, Key="data/1")):
        assert (answer["ServerSideEncryption"], answer.get("SSEKMSKeyId")) == ("aws:kms", None)


def test_a_named_query_can_be_deleted(aws: str) -> None:
    athena = boto3.client("athena", endpoint_url=aws)
    query = athena.create_named_query(Name="q", Database="d", QueryString="SELECT 1")["NamedQueryId"]
    athena.delete_named_query(NamedQueryId=query)
    assert query not in athena.list_named_queries()["NamedQueryIds"]
