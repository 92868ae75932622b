"""What the local S3 answers to whole objects and to ranges, and how much of an object it holds for that."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localgate.keys import Keys
from totelake.stack.aws_endpoint import serving
from totelake.stack.object_bodies import _File

pytestmark = pytest.mark.integration
MIB = 1 << 20
SIZE = 5 * MIB + 17
CONTENT = bytes(range(251)) * (SIZE // 251 + 1)


def put(s3: Any) -> dict[str, str]:
    """The address of an object that is larger than a block."""
    address = {"Bucket": f"bodies-{uuid.uuid4().hex[:12]}", "Key": "large"}
    s3.create_bucket(Bucket=address["Bucket"], CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    s3.put_object(**address, Body=CONTENT[:SIZE])
    return address


@pytest.fixture
def stored(aws: str) -> tuple[Any, dict[str, str]]:
    """A client, and the address of such an object."""
    s3 = boto3.client("s3", endpoint_url=aws)
    return s3, put(s3)


@pytest.mark.parametrize(
    ("first", "last"),
    [(0, SIZE), (0, 1), (SIZE - 1, SIZE), (7, MIB + 6), (7, MIB + 7), (7, MIB + 8), (MIB, 4 * MIB), (3, SIZE)],
)
def test_a_range_is_these_bytes(stored: tuple[Any, dict[str, str]], first: int, last: int) -> None:
    s3, address = stored
    found = s3.get_object(**address, Range=f"bytes={first}-{last - 1}")
    assert found["Body"].read() == CONTENT[first:last]
    assert (found["ContentLength"], found["ContentRange"]) == (last - first, f"bytes {first}-{last - 1}/{SIZE}")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=-7", SIZE - 7, SIZE),
        (f"bytes=-{9 * MIB}", 0, SIZE),
        (f"bytes={2 * MIB}-", 2 * MIB, SIZE),
        (f"bytes=5-{9 * MIB}", 5, SIZE),
    ],
)
def test_an_open_range_goes_to_an_end(stored: tuple[Any, dict[str, str]], asked: str, first: int, last: int) -> None:
    s3, address = stored
    found = s3.get_object(**address, Range=asked)
    assert found["Body"].read() == CONTENT[first:last]
    assert found["ContentRange"] == f"bytes {first}-{last - 1}/{SIZE}"


@pytest.mark.parametrize("asked", [{}, {"Range": "bytes=0-1,4-5"}, {"Range": "bytes=x"}, {"Range": "bytes=9-4"}])
def test_what_is_no_range_is_the_whole(stored: tuple[Any, dict[str, str]], asked: dict[str, str]) -> None:
    s3, address = stored
    found = s3.get_object(**address, **asked)
    assert (found["Body"].read(), found["ContentLength"]) == (CONTENT[:SIZE], SIZE)


def test_a_range_behind_the_end_is_refused(stored: tuple[Any, dict[str, str]]) -> None:
    s3, address = stored
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(**address, Range=f"bytes={SIZE}-")


@pytest.fixture
def here() -> Iterator[Any]:
    """A client of a server in this process."""
    with serving(Keys("key", "secret")) as url:
        yield boto3.client("s3", endpoint_url=url, aws_access_key_id="key", aws_secret_access_key="secret")


def test_no_more_than_a_block_is_read_at_once(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    read = _File.read

    def counted(file: _File, begin: int, end: int) -> bytes:
        sizes.append(end - begin)
        return read(file, begin, end)

    monkeypatch.setattr(_File, "read", counted)
    address = put(here)
    assert here.get_object(**address, Range="bytes=1-")["Body"].read() == CONTENT[1:SIZE]
    assert here.get_object(**address)["Body"].read() == CONTENT[:SIZE]
    assert (max(sizes), sum(sizes)) == (MIB, 2 * SIZE - 1)


@pytest.mark.parametrize("change", ["removed", "overwritten"])
def test_an_object_that_changes_meanwhile_is_sent_as_it_was(
    here: Any, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, read = put(here), _File.read

    def slow(file: _File, begin: int, end: int) -> bytes:
        if begin == MIB:
            here.delete_object(**address) if change == "removed" else here.put_object(**address, Body=b"new")
        return read(file, begin, end)

    monkeypatch.setattr(_File, "read", slow)
    assert here.get_object(**address)["Body"].read() == CONTENT[:SIZE]
