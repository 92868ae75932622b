"""The object store as the suite needs it: objects of one bucket, written whole, never amended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from totelake.errors import DamagedError


class NoSuchObjectError(DamagedError):
    """An object that is read is not there."""

    def __init__(self, bucket: str, key: str) -> None:
        super().__init__(f"s3://{bucket}/{key} is not there; restore the object from the bucket's version history")


@dataclass(frozen=True)
class Listed:
    """An object as a listing shows it; `etag` differs when its content does."""

    key: str
    bytes: int
    modified: datetime
    etag: str = ""

    @property
    def folder(self) -> str:
        """The prefix that it lies in, with its slash."""
        return f"{self.key.rsplit('/', 1)[0]}/"


@dataclass(frozen=True)
class Stat:
    """An object's bytes, and the SHA-256 of its content in hex, as the store keeps it.

    `sha256` is '' where it keeps none. Of an object in parts it is that of the SHA-256 of the parts, a dash, and how
    many there are.
    """

    bytes: int
    sha256: str = ""


class Upload(Protocol):
    """An object that is uploaded in parts; nothing is there before `complete`."""

    def part(self, body: bytes) -> None:
        """Send the next part."""

    def complete(self) -> None:
        """Put the object in place. Raises LakeError when there is no part, or one before the last is below 5 MiB."""

    def abandon(self) -> None:
        """Drop what was sent."""


class ObjectStore(Protocol):
    """Objects of one bucket.

    Every call raises RetriableError when the store cannot be reached or is busy, and LakeError when it refuses.
    """

    @property
    def bucket(self) -> str:
        """The bucket's name."""

    def address(self, key: str) -> str:
        """The object's address for people and for Spark."""

    def get(self, key: str) -> bytes:
        """The whole object. Raises NoSuchObjectError."""

    def find(self, key: str) -> bytes | None:
        """The whole object; None when there is none."""

    def read(self, key: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`; fewer where the object ends. Raises NoSuchObjectError."""

    def stream(self, key: str, size: int) -> Iterator[bytes]:
        """The whole object in pieces of about `size` bytes. Raises NoSuchObjectError."""

    def size(self, key: str) -> int | None:
        """The object's bytes; None when there is none."""

    def stat(self, key: str) -> Stat | None:
        """The object's bytes and SHA-256, in one request that reads nothing of it; None when there is none."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object, in the place of one that is there."""

    def create(self, key: str, body: bytes) -> bool:
        """Write an object only where none is; whether this call wrote it. Waits for a writer that is at it.

        Raises RetriableError when the answer is lost: the object may be there.
        """

    def upload(self, key: str) -> Upload:
        """Begin an object of parts, each of at least 5 MiB but the last."""

    def copy(self, source: str, target: str, size: int) -> None:
        """Copy an object of that many bytes within the bucket. Raises NoSuchObjectError."""

    def list(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """The objects below a prefix by key, only those beyond the key `after`.

        An object whose key is the prefix itself is not below it.
        """

    def page(self, prefix: str, after: str = "") -> tuple[Sequence[Listed], bool]:
        """The first objects that `list` would give, in one request; whether there are more."""

    def first(self, prefix: str) -> str | None:
        """The first key below a prefix, in one request that lists no other; None when there is none."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The names right below a prefix that have objects below them."""

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there count as deleted. Raises LakeError when one is refused."""

    def download(self, key: str, path: Path) -> None:
        """Write the object to a file. Raises NoSuchObjectError."""


class BucketStore(ABC):
    """What every object store of one bucket does alike."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._bucket

    def address(self, key: str) -> str:
        """The object's address for people and for Spark."""
        return f"s3://{self._bucket}/{key}"

    @abstractmethod
    def find(self, key: str) -> bytes | None:
        """The whole object; None when there is none."""

    def get(self, key: str) -> bytes:
        """The whole object. Raises NoSuchObjectError."""
        found = self.find(key)
        if found is None:
            raise NoSuchObjectError(self._bucket, key)
        return found
