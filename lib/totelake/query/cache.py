"""Objects of the lake as files of this machine: kept for one stack, by content, and no more than a bound."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from totelake.errors import LakeError, RetriableError
from totelake.ports.object_store import Listed, ObjectStore
from totelake.stack.private_files import private_folder

_MOST = 2 * 1024**3
_CHUNK = 1024**2
_LOCK, _PART = "lock", ".part"
_MAGIC, _SMALLEST = b"PAR1", 12


class Cache:
    """Files below `folder` that only their owner may read; those of another stack than `stack` are removed.

    A file's name is the hash of bucket, key and ETag: no key leads out of the folder, and a replaced object is another
    file. Several processes may use one folder.
    """

    def __init__(self, folder: Path, stack: str, most: int = _MOST) -> None:
        self._folder, self._files, self._most = folder, folder / _hash(stack), most

    @property
    def folder(self) -> Path:
        """Where the files of this stack are."""
        return self._files

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep all files while the block reads them; then the oldest go, unless another process reads them still."""
        private_folder(self._folder)
        with os.fdopen(os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            private_folder(self._files)
            try:
                yield
            finally:
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self._trim()

    def file(self, store: ObjectStore, item: Listed) -> Path:
        """A parquet object as a file, fetched when it is not there. Raises LakeError when it is no parquet."""
        path = self._files / f"{_hash(store.bucket, item.key, item.etag)}.parquet"
        if path.is_file():
            return path
        where = store.address(item.key)
        try:
            descriptor, part = tempfile.mkstemp(_PART, dir=self._files)
            try:
                with os.fdopen(descriptor, "w+b") as file:
                    for chunk in store.stream(item.key, _CHUNK):
                        file.write(chunk)
                    _check(file, item.bytes, where)
                os.replace(part, path)
            finally:
                Path(part).unlink(missing_ok=True)
        except OSError as error:
            raise LakeError(
                f"{where} cannot be kept in {self._folder} ({error.strerror}); see to the folder and ask again"
            ) from error
        return path

    def _trim(self) -> None:
        """Remove what other stacks and ended processes left, and of this stack's files the oldest beyond the bound."""
        for other in self._folder.iterdir():
            if other.is_dir() and not other.is_symlink():
                if other != self._files:
                    shutil.rmtree(other, ignore_errors=True)
            elif other.name != _LOCK:
                other.unlink()
        used = 0
        for path in sorted(self._files.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True):
            used += 0 if path.suffix == _PART else path.stat().st_size
            if path.suffix == _PART or used > self._most:
                path.unlink()


def _check(file: IO[bytes], size: int, where: str) -> None:
    if file.tell() != size:
        raise RetriableError(f"{where} was replaced while it was read; ask again")
    ends = []
    for start in (0, max(size - len(_MAGIC), 0)):
        file.seek(start)
        ends.append(file.read(len(_MAGIC)))
    if size < _SMALLEST or ends != [_MAGIC, _MAGIC]:
        raise LakeError(f"{where} is truncated or no parquet; restore it from the bucket's version history")


def _hash(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
