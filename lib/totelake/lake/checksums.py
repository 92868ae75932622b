"""Whether an object is the one that its writer left: its size and SHA-256 against those that a manifest names.

S3 keeps the SHA-256 of what we write, and tells it together with the size, so one request compares an object of any
size. Of what Spark wrote, and of objects older than these checks, it keeps none: such an object is read whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from totelake.errors import DamagedError
from totelake.lake.manifest import LakeObject
from totelake.ports.object_store import NoSuchObjectError, ObjectStore, Stat

PART = 8 * 1024**2
_MOST_PARTS = 10_000
_CHUNK = 1024**2
_AT_ONCE = 8


def part_size(sent: int, first: int = PART) -> int:
    """The bytes of the part after `sent` parts of an upload. Parts grow, so that 10,000 of them hold any table."""
    return first * (1 + 10 * sent // _MOST_PARTS)


class PartsDigest:
    """What S3 keeps of an object in parts: the SHA-256 of its parts' SHA-256, in hex, and after a dash their number."""

    def __init__(self) -> None:
        self._digests: list[bytes] = []

    def add(self, part: bytes) -> None:
        """Take the next part."""
        self._digests.append(hashlib.sha256(part).digest())

    def value(self) -> str:
        """The digest of all parts so far."""
        return f"{hashlib.sha256(b''.join(self._digests)).hexdigest()}-{len(self._digests)}"


def check(store: ObjectStore, key: str, size: int, checksum: str) -> None:
    """Raises DamagedError unless the object is there with that size and SHA-256 ('': none is known, size alone)."""
    found = store.stat(key)
    if found is None:
        raise NoSuchObjectError(store.bucket, key)
    if found.bytes != size:
        raise DamagedError(
            f"{store.address(key)} has {found.bytes} bytes, its manifest says {size}: somebody replaced it; restore it "
            "from the bucket's version history"
        )
    compare(store, key, found, checksum)


def compare(store: ObjectStore, key: str, found: Stat, checksum: str) -> None:
    """Raises DamagedError unless an object that was found with the right size has that SHA-256."""
    if not checksum or found.sha256 == checksum:
        return
    # S3 keeps none, or one of other parts: the same bytes may have been written again by a restore
    is_whole = found.sha256 and "-" not in found.sha256 + checksum
    digest = found.sha256 if is_whole else digest_of(store.stream(key, _CHUNK), checksum)
    refuse_other(store.address(key), digest, checksum)


def digest_of(chunks: Iterable[bytes], like: str) -> str:
    """The SHA-256 of an object's content in the form of another: of the whole, or of the parts in which we upload."""
    if "-" not in like:
        whole = hashlib.sha256()
        for chunk in chunks:
            whole.update(chunk)
        return whole.hexdigest()
    parts, waiting, sent = PartsDigest(), bytearray(), 0
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= part_size(sent):
            size = part_size(sent)
            parts.add(bytes(waiting[:size]))
            del waiting[:size]
            sent += 1
    if waiting:
        parts.add(bytes(waiting))
    return parts.value()


def refuse_other(where: str, digest: str, checksum: str) -> None:
    """Raises DamagedError when the digest of what was read is not the one that the manifest names; '' names none."""
    if checksum and digest != checksum:
        raise DamagedError(
            f"{where} is not what its job wrote (SHA-256 {digest[:16]}, the manifest says {checksum[:16]}): somebody "
            "replaced it; restore it from the bucket's version history"
        )


class ObjectChecks:
    """Compares objects of one bucket, each once for whoever reads it, several at once; any thread may ask."""

    def __init__(self, store: ObjectStore) -> None:
        self._store, self._lock = store, Lock()
        self._known: set[str] = set()

    def check(self, items: Iterable[LakeObject]) -> None:
        """Raises DamagedError for the first object that is not as its manifest says."""
        with self._lock:
            wanted = {item.key: item for item in items if item.key not in self._known}
        if not wanted:
            return
        with ThreadPoolExecutor(min(_AT_ONCE, len(wanted))) as pool:
            list(pool.map(self._check, wanted.values()))
        with self._lock:
            self._known |= wanted.keys()

    def _check(self, item: LakeObject) -> None:
        check(self._store, item.key, item.bytes, item.checksum)
