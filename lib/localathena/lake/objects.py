"""Objects in S3 as files of this machine: fetched once for each content, kept up to a bound."""

from __future__ import annotations

import bz2
import hashlib
import os
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from localathena.locations import folder
from localathena.sql.refusals import Refused, refuse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 8
_CHUNK = 1 << 20
# what DuckDB reads as it is; a name's end tells it how the text is packed
_PACKED = (".gz", ".zst")
_UNREADABLE = (".snappy", ".lz4", ".lzo", ".deflate")


@dataclass(frozen=True)
class Object:
    """An object of a table."""

    bucket: str
    key: str
    etag: str
    size: int

    @property
    def address(self) -> str:
        """Its name in S3."""
        return f"s3://{self.bucket}/{self.key}"


class Objects:
    """Fetches objects into a folder of its own, made new; threads may share it.

    Files that a statement reads are not removed.
    """

    def __init__(self, s3: S3Client, folder: Path, most: int) -> None:
        self._s3, self._folder, self._most = s3, folder, most
        self._lock, self._pins = threading.Lock(), Counter[Path]()
        folder.mkdir(parents=True, mode=0o700)

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self._folder

    def listed(self, location: str) -> list[Object]:
        """The objects below a folder that Athena reads: not empty, and of no name that begins with _ or a dot."""
        place = folder(location)
        if place is None:
            refuse("HIVE_INVALID_METADATA", f"'{location}' is no place in S3; correct the table's location")
        bucket, prefix = place
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [
                Object(bucket, item["Key"], item["ETag"], item["Size"])
                for page in pages
                for item in page.get("Contents", ())
                if item["Size"] and not _is_hidden(item["Key"][len(prefix) :])
            ]
        except (ClientError, BotoCoreError) as error:
            raise _cannot_open(f"s3://{bucket}/{prefix}", error) from error

    @contextmanager
    def files(self, objects: Sequence[Object]) -> Iterator[list[Path]]:
        """The objects as files, which stay while the block reads them."""
        paths = [self._path(item) for item in objects]
        with self._lock:
            self._pins.update(paths)
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(self._fetch, objects, paths))
            yield paths
        finally:
            with self._lock:
                self._pins.subtract(paths)
                self._trim()

    def _path(self, item: Object) -> Path:
        name = hashlib.sha256("\0".join((item.bucket, item.key, item.etag)).encode()).hexdigest()
        end = next((end for end in _PACKED if item.key.endswith(end)), "")
        return self._folder / f"{name}{end}"

    def _fetch(self, item: Object, path: Path) -> None:
        if item.key.endswith(_UNREADABLE):
            refuse("NOT_SUPPORTED", f"{item.address} is packed in a way that is not answered on this machine")
        if path.is_file():
            os.utime(path)
            return
        descriptor, part = tempfile.mkstemp(".part", dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                body = self._s3.get_object(Bucket=item.bucket, Key=item.key, IfMatch=item.etag)["Body"]
                if item.key.endswith(".bz2"):
                    _unpack(body, file, item.address)
                else:
                    shutil.copyfileobj(body, file, _CHUNK)
            os.replace(part, path)
        except (ClientError, BotoCoreError) as error:
            raise _cannot_open(item.address, error) from error
        finally:
            Path(part).unlink(missing_ok=True)

    def _trim(self) -> None:
        """Remove the files that were used longest ago, beyond the bound; a pinned object's other forms stay with it."""
        self._pins = +self._pins
        pinned = {_hash_of(path) for path in self._pins}
        used = 0
        found = [path for path in self._folder.iterdir() if path.is_file() and path.suffix != ".part"]
        for path in sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True):
            used += path.stat().st_size
            if used > self._most and _hash_of(path) not in pinned:
                path.unlink()


def _unpack(body: Any, file: IO[bytes], address: str) -> None:
    """Write what an object of bzip2 has in all its streams. Raises Refused for one that is damaged or cut short."""
    with bz2.open(body) as packed:
        while True:
            try:
                chunk = packed.read(_CHUNK)
            except EOFError as error:
                raise Refused("HIVE_BAD_DATA", f"{address} is cut short: its bzip2 has no end") from error
            except OSError as error:
                if error.errno is not None:
                    raise  # it is the network's, and not the object's
                raise Refused("HIVE_BAD_DATA", f"{address} is no bzip2: {error}") from error
            if not chunk:
                return
            file.write(chunk)


def _hash_of(path: Path) -> str:
    return path.name.partition(".")[0]


def _is_hidden(key: str) -> bool:
    return any(part.startswith(("_", ".")) for part in key.split("/"))


def _cannot_open(address: str, error: Exception) -> Refused:
    return Refused("HIVE_CANNOT_OPEN_SPLIT", f"Error opening Hive split {address}: {error}")
