"""Expiry of garbage: lists what may hold some, asks what of it is, and deletes that and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from totelake.errors import LakeError
from totelake.lake.keys import INFLIGHT, STATE, number_text
from totelake.operate.maintain.garbage import Listed

_MOST_AT_ONCE = 1000
# sorts after every key below a number, and before those of the next
_AFTER = "~"


def inflight_of(s3: Any, bucket: str, log: str, mark: int) -> list[Listed]:
    """What attempts at a log's numbers beyond the mark have in flight."""
    prefix = f"{INFLIGHT}/{log}/"
    return list(_objects(s3, bucket, prefix, f"{prefix}{number_text(mark)}{_AFTER}"))


def state_of(s3: Any, bucket: str, log: str) -> list[Listed]:
    """A log's objects of state."""
    prefix = f"{STATE}/{log}/"
    return objects_below(s3, bucket, prefix)


def objects_below(s3: Any, bucket: str, prefix: str) -> list[Listed]:
    """All objects below a prefix."""
    return list(_objects(s3, bucket, prefix, prefix))


def logs_of(s3: Any, bucket: str, root: str) -> list[str]:
    """The logs that have something below a root prefix."""
    found: list[str] = []
    after = f"{root}/"
    while True:
        answer = s3.list_objects_v2(Bucket=bucket, Prefix=f"{root}/", Delimiter="/", StartAfter=after)
        prefixes = [item["Prefix"] for item in answer.get("CommonPrefixes", ())]
        found += [prefix.split("/")[1] for prefix in prefixes]
        if not answer["IsTruncated"]:
            return found
        after = f"{prefixes[-1]}{_AFTER}"


def delete(s3: Any, bucket: str, items: Sequence[Listed]) -> None:
    """Delete objects. Raises LakeError with S3's own words when one is refused."""
    for start in range(0, len(items), _MOST_AT_ONCE):
        keys = [{"Key": item.key} for item in items[start : start + _MOST_AT_ONCE]]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        for refused in answer.get("Errors", ()):
            raise LakeError(
                f"s3://{bucket}/{refused['Key']} could not be deleted: {refused.get('Message', refused['Code'])}; "
                "see what the bucket's policy allows the job and run it again"
            )


def _objects(s3: Any, bucket: str, prefix: str, after: str) -> Iterator[Listed]:
    while True:
        answer = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=after)
        contents = answer.get("Contents", ())
        for item in contents:
            yield Listed(item["Key"], item["Size"], item["LastModified"])
        if not answer["IsTruncated"]:
            return
        after = contents[-1]["Key"]
