"""Objects of S3, as a crawl lists them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from localglue.errors import InvalidInput

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class ListedObject:
    """What a listing says about an object; size in bytes, modified in seconds since the epoch."""

    key: str
    etag: str
    size: int
    modified: float


def list_objects(s3: S3Client, bucket: str, prefix: str) -> Iterator[ListedObject]:
    """Every object below the prefix, in the order of the keys. Raises InvalidInput when S3 does not list them."""
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for one in page.get("Contents", ()):
                yield ListedObject(one["Key"], one["ETag"], one["Size"], one["LastModified"].timestamp())
    except ClientError as problem:
        code = problem.response.get("Error", {}).get("Code", "")
        raise InvalidInput(
            f"the target s3://{bucket}/{prefix} cannot be listed ({code}); check the bucket"
        ) from problem
