"""An object store and a Data Catalog in memory, as strict as the real ones: what unit tests use."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from threading import RLock
from typing import Callable

from totelake.errors import ConfigurationError, LakeError
from totelake.ports.object_store import BucketStore, Listed, Stat, Upload
from totelake.ports.schema_catalog import Document

_PAGE = 1000
_LEAST_PART = 5 * 1024**2
_LONGEST_KEY = 1024
# what AWS Glue takes; more is in what it answers
_TABLE_INPUT = frozenset(
    [
        "Name", "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "StorageDescriptor",
        "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters", "TargetTable",
    ]
)  # fmt: skip
_PARTITION_INPUT = frozenset(["Values", "LastAccessTime", "StorageDescriptor", "Parameters", "LastAnalyzedTime"])


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _check_input(given: Document, known: frozenset[str], needed: str) -> None:
    """Raises ConfigurationError for what boto3 would not send, such as what was read and not made an input."""
    unknown = sorted(set(given) - known)
    if unknown or needed not in given:
        what = f"{unknown[0]} is not known" if unknown else f"{needed} is missing"
        raise ConfigurationError(f"AWS was not asked: in a TableInput or PartitionInput {what}; correct it")


class MemoryStore(BucketStore):
    """The objects of one bucket, in memory."""

    def __init__(self, bucket: str = "memory", now: Callable[[], datetime] = _now) -> None:
        super().__init__(bucket)
        self._now, self._lock = now, RLock()
        self._objects: dict[str, bytes] = {}
        self._modified: dict[str, datetime] = {}
        # of objects that were uploaded in parts, the SHA-256 that S3 keeps
        self._in_parts: dict[str, str] = {}

    def put_in_parts(self, key: str, parts: Sequence[bytes]) -> None:
        """Write an object that was uploaded in parts."""
        with self._lock:
            self.put(key, b"".join(parts))
            digests = b"".join(hashlib.sha256(part).digest() for part in parts)
            self._in_parts[key] = f"{hashlib.sha256(digests).hexdigest()}-{len(parts)}"

    def find(self, key: str) -> bytes | None:
        """The whole object; None when there is none."""
        with self._lock:
            return self._objects.get(key)

    def read(self, key: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`; fewer where the object ends. Raises NoSuchObjectError."""
        return self.get(key)[start:end]

    def stream(self, key: str, size: int) -> Iterator[bytes]:
        """The whole object in pieces of about `size` bytes. Raises NoSuchObjectError."""
        body = self.get(key)
        yield from (body[start : start + size] for start in range(0, len(body), size))

    def size(self, key: str) -> int | None:
        """The object's bytes; None when there is none."""
        found = self.find(key)
        return None if found is None else len(found)

    def stat(self, key: str) -> Stat | None:
        """The object's bytes and SHA-256, as S3 keeps it; None when there is none."""
        with self._lock:
            found = self.find(key)
            if found is None:
                return None
            return Stat(len(found), self._in_parts.get(key) or hashlib.sha256(found).hexdigest())

    def put(self, key: str, body: bytes) -> None:
        """Write an object, in the place of one that is there."""
        if not key:
            raise ConfigurationError("AWS was not asked: the key of an object is empty; give one")
        if len(key.encode("utf-8")) > _LONGEST_KEY:
            raise LakeError(f"PutObject failed with KeyTooLongError: {key}; use at most {_LONGEST_KEY} bytes")
        with self._lock:
            self._objects[key], self._modified[key] = bytes(body), self._now()
            self._in_parts.pop(key, None)

    def create(self, key: str, body: bytes) -> bool:
        """Write an object only where none is; whether this call wrote it."""
        with self._lock:
            if key in self._objects:
                return False
            self.put(key, body)
            return True

    def upload(self, key: str) -> Upload:
        """Begin an object of parts, each of at least 5 MiB but the last."""
        return _MemoryUpload(self, key)

    def copy(self, source: str, target: str, size: int) -> None:
        """Copy an object of that many bytes within the bucket. Raises NoSuchObjectError."""
        body = self.get(source)
        if source == target:
            raise LakeError(f"CopyObject failed with InvalidRequest: {source} is copied onto itself; name another key")
        self.put(target, body)

    def list(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """The objects below a prefix by key, only those beyond the key `after`."""
        beyond = max(prefix, after)
        with self._lock:
            keys = sorted(key for key in self._objects if key.startswith(prefix) and key > beyond)
            return iter([self._listed(key) for key in keys])

    def _listed(self, key: str) -> Listed:
        body = self._objects[key]
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        return Listed(key, len(body), self._modified[key], etag)

    def page(self, prefix: str, after: str = "") -> tuple[Sequence[Listed], bool]:
        """The first objects that `list` would give, in one request; whether there are more."""
        found = list(self.list(prefix, after))
        return found[:_PAGE], len(found) > _PAGE

    def first(self, prefix: str) -> str | None:
        """The first key below a prefix, in one request that lists no other; None when there is none."""
        return next((item.key for item in self.list(prefix)), None)

    def folders(self, prefix: str) -> Iterator[str]:
        """The names right below a prefix that have objects below them."""
        rest = (item.key[len(prefix) :] for item in self.list(prefix))
        return iter(dict.fromkeys(name.split("/", 1)[0] for name in rest if "/" in name))

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there count as deleted."""
        with self._lock:
            for key in keys:
                self._objects.pop(key, None)

    def download(self, key: str, path: Path) -> None:
        """Write the object to a file. Raises NoSuchObjectError."""
        path.write_bytes(self.get(key))


class _MemoryUpload:
    """An upload in parts."""

    def __init__(self, store: MemoryStore, key: str) -> None:
        self._store, self._key = store, key
        self._parts: list[bytes] = []

    def part(self, body: bytes) -> None:
        """Send the next part."""
        self._parts.append(body)

    def complete(self) -> None:
        """Put the object in place. Raises LakeError for a part that S3 would refuse."""
        if not self._parts or any(len(part) < _LEAST_PART for part in self._parts[:-1]):
            raise LakeError(f"{self._store.address(self._key)}: the upload has no part, or one below 5 MiB; write more")
        self._store.put_in_parts(self._key, self._parts)

    def abandon(self) -> None:
        """Drop what was sent."""
        self._parts.clear()


class MemoryCatalog:
    """One database of the Data Catalog, in memory."""

    def __init__(self, database: str = "memory") -> None:
        self._database, self._lock = database, RLock()
        self._tables: dict[str, list[Document]] = {}
        self._partitions: dict[str, dict[tuple[str, ...], Document]] = {}

    @property
    def database(self) -> str:
        """The database's name."""
        return self._database

    def table(self, name: str) -> Document | None:
        """The table as GetTable gives it; None when there is none."""
        with self._lock:
            return copy.deepcopy(self._tables[name.lower()][-1]) if name.lower() in self._tables else None

    def tables(self) -> Iterator[Document]:
        """All tables and views of the database."""
        with self._lock:
            return iter([copy.deepcopy(found[-1]) for _, found in sorted(self._tables.items())])

    def create(self, table: Document) -> bool:
        """Create a table from a TableInput; False when one of its name is there."""
        _check_input(table, _TABLE_INPUT, "Name")
        name = str(table["Name"]).lower()
        with self._lock:
            if name in self._tables:
                return False
            self._tables[name] = [self._described(table, 1)]
            self._partitions[name] = {}
            return True

    def replace(self, table: Document, over: Document, keep_version: bool) -> bool:
        """Put a TableInput in the place of the table that was read; False when it was changed since."""
        _check_input(table, _TABLE_INPUT, "Name")
        name = str(table["Name"]).lower()
        with self._lock:
            if name not in self._tables:
                raise LakeError(f"UpdateTable failed: {self._database} has no table {name}; create it")
            newest = self._tables[name][-1]
            if over.get("VersionId", newest["VersionId"]) != newest["VersionId"]:
                return False
            changed = self._described(table, int(newest["VersionId"]) + 1)
            self._tables[name] = [*self._tables[name], changed] if keep_version else [*self._tables[name][:-1], changed]
            return True

    def versions(self, name: str) -> Sequence[Document]:
        """The versions of a table as GetTableVersions gives them, the oldest first; none when there is no table."""
        with self._lock:
            found = self._tables.get(name.lower(), [])
            return [{"Table": copy.deepcopy(table), "VersionId": table["VersionId"]} for table in found]

    def partitions(self, name: str) -> Iterator[Document]:
        """The partitions of a table as GetPartitions gives them; none when there is no table."""
        with self._lock:
            found = copy.deepcopy(list(self._partitions.get(name.lower(), {}).values()))
        return iter([{**item, "DatabaseName": self._database, "TableName": name.lower()} for item in found])

    def add_partitions(self, name: str, partitions: Sequence[Document]) -> None:
        """Add partitions (PartitionInput); those that are there already stay. Raises LakeError when one is refused."""
        with self._lock:
            table = self.table(name)
            if table is None:
                raise LakeError(f"BatchCreatePartition failed: {self._database} has no table {name}; create it")
            for item in partitions:
                _check_input(item, _PARTITION_INPUT, "Values")
            # as AWS Glue does: those that fit are added, beside the one that is refused, too
            refused = [item["Values"] for item in partitions if len(item["Values"]) != len(table["PartitionKeys"])]
            for item in partitions:
                if item["Values"] not in refused:
                    self._partitions[name.lower()].setdefault(tuple(item["Values"]), copy.deepcopy(item))
            for values in refused:
                raise LakeError(
                    f"the partition {'/'.join(values)} of {self._database}.{name} was refused: the table has "
                    f"{len(table['PartitionKeys'])} partition keys; correct the table"
                )

    def replace_partition(self, name: str, partition: Document) -> bool:
        """Put a PartitionInput in the place of the partition of its values; False when there is none."""
        _check_input(partition, _PARTITION_INPUT, "Values")
        values = tuple(partition["Values"])
        with self._lock:
            if values not in self._partitions.get(name.lower(), {}):
                return False
            self._partitions[name.lower()][values] = copy.deepcopy(partition)
            return True

    def replace_partitions(self, name: str, partitions: Sequence[Document]) -> None:
        """Put each PartitionInput in the place of the partition of its values, where there is one."""
        for item in partitions:
            _check_input(item, _PARTITION_INPUT, "Values")
        for item in partitions:
            self.replace_partition(name, item)

    def _described(self, table: Document, version: int) -> Document:
        defaults = {"PartitionKeys": [], "Parameters": {}, "DatabaseName": self._database}
        own = {"Name": str(table["Name"]).lower(), "VersionId": str(version)}
        return {**defaults, **copy.deepcopy(dict(table)), **own}
