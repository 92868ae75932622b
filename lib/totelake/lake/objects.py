"""Objects of S3 as files: written as a stream whose memory is bounded, read by ranges of bytes."""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from totelake.errors import LakeError

_PART = 8 * 1024**2
_MOST_PARTS = 10_000
_TAIL = 64 * 1024


@dataclass(frozen=True)
class Stored:
    """An object that is in place; `sha256` is its content's, in hex."""

    key: str
    bytes: int
    sha256: str


class ObjectWriter(io.RawIOBase):
    """A new object, written once from front to end; nothing is there before `store`."""

    def __init__(self, s3: Any, bucket: str, key: str, part: int = _PART) -> None:
        super().__init__()
        self._s3, self._bucket, self._key, self._part = s3, bucket, key, part
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self._size = 0
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []

    def writable(self) -> bool:
        """True: that is all it is for."""
        return True

    def tell(self) -> int:
        """The bytes written so far."""
        return self._size

    def write(self, data: Any) -> int:
        """Take bytes; whole parts go to S3 at once. Parts grow, so that 10,000 of them hold any table."""
        view = memoryview(data).cast("B")
        self._digest.update(view)
        self._buffer += view
        self._size += len(view)
        while len(self._buffer) >= self._next_part():
            size = self._next_part()
            self._send(bytes(self._buffer[:size]))
            del self._buffer[:size]
        return len(view)

    def store(self) -> Stored:
        """Put the object in place: in one request when it is small, else by completing the upload."""
        target = {"Bucket": self._bucket, "Key": self._key}
        if self._upload is None:
            self._s3.put_object(**target, Body=bytes(self._buffer))
        else:
            if self._buffer:
                self._send(bytes(self._buffer))
            self._s3.complete_multipart_upload(**target, UploadId=self._upload, MultipartUpload={"Parts": self._parts})
        self._buffer.clear()
        return Stored(self._key, self._size, self._digest.hexdigest())

    def abandon(self) -> None:
        """Drop what was sent; a failure to do so leaves only parts that the bucket's rule for them removes."""
        self._buffer.clear()
        if self._upload is not None:
            with suppress(ClientError, BotoCoreError):
                self._s3.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._upload)

    def _next_part(self) -> int:
        return self._part * (1 + 10 * len(self._parts) // _MOST_PARTS)

    def _send(self, body: bytes) -> None:
        target = {"Bucket": self._bucket, "Key": self._key}
        if self._upload is None:
            self._upload = self._s3.create_multipart_upload(**target)["UploadId"]
        number = len(self._parts) + 1
        answer = self._s3.upload_part(**target, UploadId=self._upload, PartNumber=number, Body=body)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})


class NullWriter(ObjectWriter):
    """Counts and digests like the real one and keeps nothing, for a run that only reports."""

    def __init__(self, key: str) -> None:
        super().__init__(None, "", key)

    def store(self) -> Stored:
        """What would have been stored."""
        self._buffer.clear()
        return Stored(self._key, self._size, self._digest.hexdigest())

    def _send(self, body: bytes) -> None:
        return


class ObjectReader(io.RawIOBase):
    """An object read by ranges: the tail is fetched first, further spans as asked; `fetched` counts the bytes."""

    def __init__(self, s3: Any, bucket: str, key: str, size: int) -> None:
        super().__init__()
        self._s3, self._bucket, self._key, self._size = s3, bucket, key, size
        self._position = 0
        self._spans: list[tuple[int, bytes]] = []
        self.fetched = 0
        self.fetch(max(0, size - _TAIL), size)
        self._tail = self._spans.pop()

    def fetch(self, start: int, end: int) -> None:
        """Get a span in one request and keep it in place of the one before."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._key, Range=f"bytes={start}-{end - 1}")
            body = answer["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "InvalidRange"):
                raise
            body = b""
        if len(body) != end - start:
            raise LakeError(
                f"s3://{self._bucket}/{self._key} is not there with its {self._size} bytes though a manifest names it; "
                "restore it from the bucket's version history"
            )
        self.fetched += len(body)
        self._spans = [(start, body)]

    def readable(self) -> bool:
        """True: that is all it is for."""
        return True

    def seekable(self) -> bool:
        """True: reads are by position."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def size(self) -> int:
        """The object's bytes."""
        return self._size

    def read(self, count: int = -1) -> bytes:
        """Bytes from the position on, out of what is at hand or by a request."""
        end = self._size if count is None or count < 0 else min(self._size, self._position + count)
        start = min(self._position, end)
        self._position = end
        if start == end:
            return b""
        for _ in range(2):
            for begin, body in (self._tail, *self._spans):
                if begin <= start and end <= begin + len(body):
                    return body[start - begin : end - begin]
            self.fetch(start, end)
        raise LakeError(f"s3://{self._bucket}/{self._key} could not be read at {start}-{end}; run the job again")
