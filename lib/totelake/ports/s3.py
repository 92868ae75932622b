"""The object store on Amazon S3, by a client of boto3; releases before 1.35 have no parameter for If-None-Match."""

from __future__ import annotations

import base64
import hashlib
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Literal

from botocore.exceptions import BotoCoreError, ClientError

from totelake.errors import DamagedError, LakeError, RetriableError
from totelake.ports.aws_causes import kind_and_remedy
from totelake.ports.aws_errors import code_of, status_of, translated
from totelake.ports.object_store import BucketStore, Listed, NoSuchObjectError, Stat, Upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TRIES = 6
_CONFLICT, _THERE, _MISSING = 409, 412, 404
_MOST_DELETED_AT_ONCE = 1000
_SHA256: Literal["SHA256"] = "SHA256"
_SINGLE_COPY_LIMIT = 5 * 1024**3
# the character after /: in the place of a folder's slash it sorts behind all keys of that folder
_BEHIND = "0"
_EVENT = "before-call.s3.PutObject"
_HANDLER_ID = "totelake-if-none-match"
_conditional = threading.local()


def _set_header(params: Mapping[str, Any], **_: Any) -> None:
    if getattr(_conditional, "active", False):
        params["headers"]["If-None-Match"] = "*"


def _in_hex(checksum: str, etag: str) -> str:
    """A SHA-256 of S3's in hex: of an object in parts that of theirs, and their number, which its ETag has, too."""
    if not checksum:
        return ""
    digest, _, parts = checksum.partition("-")
    number = parts or etag.strip('"').partition("-")[2]
    return base64.b64decode(digest).hex() + (f"-{number}" if number else "")


class S3Store(BucketStore):
    """The objects of one bucket of S3."""

    def __init__(self, client: S3Client, bucket: str, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(bucket)
        self._client, self._sleep = client, sleep

    def find(self, key: str) -> bytes | None:
        """The whole object; None when there is none."""
        with translated():
            try:
                return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if code_of(error) == "NoSuchKey":
                    return None
                self._unreadable(error, key)
                raise

    def read(self, key: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`; fewer where the object ends. Raises NoSuchObjectError."""
        if end <= start:
            # no range says "nothing": S3 would ignore it and send the whole object
            return self._nothing(key)
        with translated():
            try:
                span = f"bytes={start}-{end - 1}"
                return self._client.get_object(Bucket=self._bucket, Key=key, Range=span)["Body"].read()
            except ClientError as error:
                if code_of(error) == "InvalidRange":
                    return b""
                self._unreadable(error, key)
                raise

    def stream(self, key: str, size: int) -> Iterator[bytes]:
        """The whole object in pieces of about `size` bytes. Raises NoSuchObjectError."""
        with translated():
            try:
                body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
                yield from body.iter_chunks(size)
            except ClientError as error:
                self._unreadable(error, key)
                raise

    def size(self, key: str) -> int | None:
        """The object's bytes; None when there is none."""
        with translated():
            try:
                return int(self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"])
            except ClientError as error:
                if status_of(error) != _MISSING:
                    raise
                return None

    def stat(self, key: str) -> Stat | None:
        """The object's bytes and SHA-256, in one request that reads nothing of it; None when there is none."""
        with translated():
            try:
                found = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
            except ClientError as error:
                if status_of(error) != _MISSING:
                    raise
                return None
        return Stat(int(found["ContentLength"]), _in_hex(found.get("ChecksumSHA256", ""), found["ETag"]))

    def put(self, key: str, body: bytes) -> None:
        """Write an object, in the place of one that is there. S3 compares its SHA-256, and keeps it."""
        with translated():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ChecksumAlgorithm=_SHA256)

    def create(self, key: str, body: bytes) -> bool:
        """Write an object only where none is; whether this call wrote it. Waits for a writer that is at it.

        Raises RetriableError when the answer is lost: the object may be there.
        """
        for attempt in range(_TRIES):
            with translated():
                try:
                    self._put_if_absent(key, body)
                    return True
                except ClientError as error:
                    if status_of(error) == _THERE:
                        return False
                    if status_of(error) != _CONFLICT:
                        raise
            self._sleep(random.uniform(0, 0.1 * 2**attempt))  # nosec B311 # spreads retries, guards nothing
        raise RetriableError(f"others write {self.address(key)} all the time; run the job again")

    def _put_if_absent(self, key: str, body: bytes) -> None:
        self._client.meta.events.register(_EVENT, _set_header, unique_id=_HANDLER_ID)
        before = getattr(_conditional, "active", False)
        _conditional.active = True
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")
        finally:
            _conditional.active = before

    def upload(self, key: str) -> Upload:
        """Begin an object of parts, each of at least 5 MiB but the last."""
        return _S3Upload(self._client, self._bucket, key)

    def copy(self, source: str, target: str, size: int) -> None:
        """Copy an object of that many bytes within the bucket. Raises NoSuchObjectError."""
        origin: Any = {"Bucket": self._bucket, "Key": source}
        with translated():
            try:
                if size < _SINGLE_COPY_LIMIT:
                    # S3 reckons it of the copy, whatever it keeps of the source
                    self._client.copy_object(
                        Bucket=self._bucket, Key=target, CopySource=origin, ChecksumAlgorithm=_SHA256
                    )
                else:
                    self._client.copy(origin, self._bucket, target)
            except ClientError as error:
                self._unreadable(error, source)
                raise

    def list(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """The objects below a prefix by key, only those beyond the key `after`."""
        while True:
            found, is_more = self.page(prefix, after)
            yield from found
            if not is_more:
                return
            after = found[-1].key

    def page(self, prefix: str, after: str = "") -> tuple[Sequence[Listed], bool]:
        """The first objects that `list` would give, in one request; whether there are more."""
        with translated():
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, StartAfter=max(prefix, after))
        found = [
            Listed(item["Key"], item["Size"], item["LastModified"], item["ETag"]) for item in answer.get("Contents", ())
        ]
        return found, answer["IsTruncated"]

    def first(self, prefix: str) -> str | None:
        """The first key below a prefix, in one request that lists no other; None when there is none."""
        with translated():
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, StartAfter=prefix, MaxKeys=1)
        found = answer.get("Contents", [])
        return found[0]["Key"] if found else None

    def folders(self, prefix: str) -> Iterator[str]:
        """The names right below a prefix that have objects below them."""
        after = prefix
        while True:
            with translated():
                answer = self._client.list_objects_v2(
                    Bucket=self._bucket, Prefix=prefix, Delimiter="/", StartAfter=after
                )
            found = [item["Prefix"] for item in answer.get("CommonPrefixes", ())]
            yield from (name[len(prefix) :].rstrip("/") for name in found)
            if not answer["IsTruncated"]:
                return
            after = f"{found[-1][:-1]}{_BEHIND}" if found else answer["Contents"][-1]["Key"]

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there count as deleted. Raises LakeError when one is refused,
        RetriableError when S3 was only too busy for it."""
        for start in range(0, len(keys), _MOST_DELETED_AT_ONCE):
            with translated():
                named = [{"Key": key} for key in keys[start : start + _MOST_DELETED_AT_ONCE]]
                answer = self._client.delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": named, "Quiet": True},  # type: ignore[typeddict-item]
                )
            for refused in answer.get("Errors", ()):
                said = refused.get("Message", refused["Code"])
                kind, remedy = kind_and_remedy(refused["Code"], said, "let the bucket's policy allow it to the job")
                raise kind(f"{self.address(refused['Key'])} could not be deleted: {said}; {remedy}")

    def download(self, key: str, path: Path) -> None:
        """Write the object to a file. Raises NoSuchObjectError."""
        with translated():
            try:
                self._client.download_file(self._bucket, key, str(path))
            except ClientError as error:
                self._unreadable(error, key)
                raise

    def _nothing(self, key: str) -> bytes:
        if self.size(key) is None:
            raise NoSuchObjectError(self._bucket, key)
        return b""

    def _unreadable(self, error: ClientError, key: str) -> None:
        """Raises NoSuchObjectError where the object is not there, DamagedError where it is archived."""
        if code_of(error) in ("NoSuchKey", "404"):
            raise NoSuchObjectError(self._bucket, key) from error
        if code_of(error) in ("InvalidObjectState", "ObjectNotInActiveTierError"):
            raise DamagedError(
                f"{self.address(key)} is archived; restore it (`aws s3api restore-object`), copy it onto itself in the "
                "class STANDARD, and see that no lifecycle rule archives what the lake reads"
            ) from error


class _S3Upload:
    """A multipart upload; it begins with its first part."""

    def __init__(self, client: S3Client, bucket: str, key: str) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []

    def part(self, body: bytes) -> None:
        """Send the next part."""
        with translated():
            if self._id is None:
                begun = self._client.create_multipart_upload(
                    Bucket=self._bucket, Key=self._key, ChecksumAlgorithm=_SHA256
                )
                self._id = begun["UploadId"]
            number = len(self._parts) + 1
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._id,
                PartNumber=number,
                Body=body,
                ChecksumAlgorithm=_SHA256,
            )
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            self._parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": digest})

    def complete(self) -> None:
        """Put the object in place. Raises LakeError for parts that S3 does not take."""
        if self._id is None:
            raise LakeError(f"s3://{self._bucket}/{self._key}: the upload has no part; put the object instead")
        with translated():
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._id,
                MultipartUpload={"Parts": self._parts},  # type: ignore[typeddict-item]
            )

    def abandon(self) -> None:
        """Drop what was sent; a failure to do so leaves only parts that the bucket's rule for them removes."""
        if self._id is None:
            return
        with suppress(ClientError, BotoCoreError):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._id)
        self._id, self._parts = None, []
