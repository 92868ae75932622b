"""Objects as files: written as a stream whose memory is bounded, read by ranges of bytes."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Any

from totelake.errors import DamagedError, RetriableError
from totelake.lake.checksums import PART, PartsDigest, check, digest_of, part_size, refuse_other
from totelake.ports.memory import MemoryStore
from totelake.ports.object_store import NoSuchObjectError, ObjectStore, Upload

_TAIL = 64 * 1024


@dataclass(frozen=True)
class Stored:
    """An object that is in place; `sha256` is its content's, in hex.

    `in_parts` is what S3 keeps of one that was uploaded in parts, '' of one that was not.
    """

    key: str
    bytes: int
    sha256: str
    in_parts: str = ""

    @property
    def kept(self) -> str:
        """The SHA-256 by which S3 tells this object, for one that stays at its key."""
        return self.in_parts or self.sha256


class ObjectWriter(io.RawIOBase):
    """A new object, written once from front to end; nothing is there before `store`."""

    def __init__(self, store: ObjectStore, key: str, part: int = PART) -> None:
        super().__init__()
        self._store, self._key, self._part = store, key, part
        self._buffer = bytearray()
        self._digest, self._part_digests = hashlib.sha256(), PartsDigest()
        self._size = 0
        self._upload: Upload | None = None
        self._parts = 0

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
        if self._upload is None:
            self._store.put(self._key, bytes(self._buffer))
        else:
            if self._buffer:
                self._send(bytes(self._buffer))
            self._upload.complete()
        self._buffer.clear()
        in_parts = self._part_digests.value() if self._upload is not None else ""
        return Stored(self._key, self._size, self._digest.hexdigest(), in_parts)

    def abandon(self) -> None:
        """Drop what was sent."""
        self._buffer.clear()
        if self._upload is not None:
            self._upload.abandon()

    def _next_part(self) -> int:
        return part_size(self._parts, self._part)

    def _send(self, body: bytes) -> None:
        if self._upload is None:
            self._upload = self._store.upload(self._key)
        self._upload.part(body)
        self._part_digests.add(body)
        self._parts += 1


class NullWriter(ObjectWriter):
    """Counts and digests like the real one and keeps nothing, for a run that only reports."""

    def __init__(self, key: str) -> None:
        super().__init__(MemoryStore(), key)

    def store(self) -> Stored:
        """What would have been stored."""
        self._buffer.clear()
        return Stored(self._key, self._size, self._digest.hexdigest())

    def _send(self, body: bytes) -> None:
        return


class ObjectReader(io.RawIOBase):
    """An object read by ranges: the tail is fetched first, further spans as asked; `fetched` counts the bytes.

    Raises DamagedError for an object that has another SHA-256 than `checksum`; with '' it is not compared.
    """

    def __init__(self, store: ObjectStore, key: str, size: int, checksum: str = "") -> None:
        super().__init__()
        self._store, self._key, self._size = store, key, size
        self._position = 0
        self._spans: list[tuple[int, bytes]] = []
        self.fetched = 0
        self.fetch(max(0, size - _TAIL), size)
        self._tail = self._spans.pop()
        self._check(checksum)

    def _check(self, checksum: str) -> None:
        if not checksum:
            return
        start, body = self._tail
        if start:
            check(self._store, self._key, self._size, checksum)
        else:
            refuse_other(self._store.address(self._key), digest_of([body], checksum), checksum)

    def fetch(self, start: int, end: int) -> None:
        """Get a span in one request and keep it in place of the one before."""
        try:
            body = self._store.read(self._key, start, end)
        except NoSuchObjectError:
            body = b""
        if len(body) != end - start:
            raise DamagedError(
                f"{self._store.address(self._key)} is not there with its {self._size} bytes though a manifest "
                "names it; restore it from the bucket's version history"
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
        raise RetriableError(f"{self._store.address(self._key)} could not be read at {start}-{end}; run the job again")
