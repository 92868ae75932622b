"""The commit protocol: a log of manifests, each written only where none is, that readers follow instead of listings.

Writing a manifest with `If-None-Match: *` is the commit. What happens before it leaves only garbage in flight; what
comes after it (copies to final keys) can be repeated by anyone from the manifest alone.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from totelake.errors import LakeError, RetriableError
from totelake.lake import keys
from totelake.lake.conditional import put_if_absent
from totelake.lake.manifest import LakeObject, Manifest, from_json, to_json

_TRIES = 6
_PAGE = 1000
_SINGLE_COPY_LIMIT = 5 * 1024**3
_COPIES_AT_ONCE = 8


def status_of(error: ClientError) -> int:
    """The HTTP status of an AWS error."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


class CommitLog:
    """One log of one bucket: `_commits/<log>/<number, 12 digits>.json`."""

    def __init__(self, s3: Any, bucket: str, log: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._sleep = sleep
        self.log = log

    def newest(self, after: int = 0) -> Manifest | None:
        """The newest manifest with a number beyond `after`; None when there is none."""
        number = self.newest_number(after)
        return None if number is None else self.get(number)

    def newest_number(self, after: int = 0) -> int | None:
        """The newest number beyond `after`, found by one listing, or by doubling steps when the log is long."""
        numbers, truncated = self._page(after)
        if not numbers:
            return None
        last, step = numbers[-1], _PAGE
        while truncated:
            numbers, more = self._page(last + step)
            if numbers:
                last, truncated, step = numbers[-1], more, step * 2
            elif step > _PAGE:
                step //= 2
            else:
                numbers, truncated = self._page(last)
                last = numbers[-1] if numbers else last
        return last

    def since(self, number: int, limit: int | None = None) -> Iterator[Manifest]:
        """The manifests beyond that number, in order; at most `limit`."""
        given = 0
        while True:
            numbers, truncated = self._page(number)
            for found in numbers:
                if limit is not None and given >= limit:
                    return
                yield self.get(found)
                given += 1
            if not truncated:
                return
            number = numbers[-1]

    def get(self, number: int) -> Manifest:
        """The manifest of that number. Raises LakeError when it is not there."""
        found = self._read(number)
        if found is None:
            raise LakeError(
                f"s3://{self._bucket}/{keys.commit_key(self.log, number)} is not there; "
                "restore the object from the bucket's version history"
            )
        return found

    def commit(self, manifest: Manifest) -> bool:
        """Write the manifest; True when this attempt owns the number, False when another does.

        Raises RetriableError when S3 cannot be asked; a later run then finds out whether the commit took place.
        """
        key, body = keys.commit_key(self.log, manifest.number), to_json(manifest)
        for attempt in range(_TRIES):
            try:
                put_if_absent(self._s3, self._bucket, key, body)
                return True
            except ClientError as error:
                if status_of(error) != 412 and status_of(error) != 409 and status_of(error) < 500:
                    raise
                failure: Exception = error
            except (ConnectionError, HTTPClientError) as error:
                failure = error
            owner = self._owner(manifest.number)
            if owner is not None:
                return owner == manifest.attempt
            self._sleep(random.uniform(0, 0.1 * 2**attempt))  # nosec B311 # spreads retries, guards nothing
        raise RetriableError(
            f"s3://{self._bucket}/{key} could not be written ({failure}); run the job again"
        ) from failure

    def _owner(self, number: int) -> str | None:
        try:
            found = self._read(number)
        except (ClientError, ConnectionError, HTTPClientError) as error:
            if isinstance(error, ClientError) and status_of(error) < 500:
                raise
            return None
        return None if found is None else found.attempt

    def finish(self, manifest: Manifest) -> None:
        """Copy every object of a committed manifest to its final key; what is there already is left alone."""
        pending = self.unfinished(manifest)
        if not pending:
            return
        with ThreadPoolExecutor(min(_COPIES_AT_ONCE, len(pending))) as pool:
            for done in [pool.submit(self._copy, manifest, item) for item in pending]:
                done.result()

    def unfinished(self, manifest: Manifest) -> list[LakeObject]:
        """The objects of a committed manifest that are not at their final keys."""
        items = [item for item in manifest.objects() if item.key != item.staged]
        if not items:
            return []
        with ThreadPoolExecutor(min(_COPIES_AT_ONCE, len(items))) as pool:
            sizes = list(pool.map(self._size, [item.key for item in items]))
        return [item for item, size in zip(items, sizes) if size != item.bytes]

    def _copy(self, manifest: Manifest, item: LakeObject) -> None:
        if self._size(item.staged) != item.bytes:
            raise LakeError(
                f"s3://{self._bucket}/{item.staged} of {manifest.log} {manifest.number} is not there with its "
                f"{item.bytes} bytes, nor is its copy {item.key}; restore one from the bucket's version history"
            )
        source = {"Bucket": self._bucket, "Key": item.staged}
        if item.bytes < _SINGLE_COPY_LIMIT:
            self._s3.copy_object(Bucket=self._bucket, Key=item.key, CopySource=source)
        else:
            self._s3.copy(source, self._bucket, item.key)

    def _size(self, key: str) -> int | None:
        try:
            return int(self._s3.head_object(Bucket=self._bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if status_of(error) == 404:
                return None
            raise

    def _read(self, number: int) -> Manifest | None:
        key = keys.commit_key(self.log, number)
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        return from_json(body, f"s3://{self._bucket}/{key}")

    def _page(self, after: int) -> tuple[list[int], bool]:
        answer = self._s3.list_objects_v2(
            Bucket=self._bucket, Prefix=keys.commits_prefix(self.log), StartAfter=keys.commit_key(self.log, after)
        )
        return [keys.commit_number(item["Key"]) for item in answer.get("Contents", ())], answer["IsTruncated"]
