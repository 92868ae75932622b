"""Objects of the lake in the order of their keys, the next ones read while one is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pyarrow as pa

from totelake.errors import RetriableError
from totelake.lake.checksums import digest_of, refuse_other
from totelake.ports.object_store import ObjectStore

# together they bound what is in memory of objects that were read ahead: 8 MiB
_AHEAD = 8
_SMALL = 1024**2


def objects(
    store: ObjectStore, keys: Sequence[str], folder: Path, checksums: Mapping[str, str]
) -> Iterator[tuple[str, pa.NativeFile | Path]]:
    """Each key with its object: below 1 MiB in memory, by one request, else a file that is gone with the next one.

    Up to eight are read ahead of the one that is asked for; only what is small is kept of them. Raises DamagedError
    for an object that is not there or has another SHA-256 than `checksums` says by its key, when its turn comes.
    """
    rest = iter(keys)
    waiting: deque[tuple[str, Future[bytes | None]]] = deque()
    with ThreadPoolExecutor(_AHEAD) as pool:
        while True:
            waiting.extend((key, pool.submit(_small, store, key)) for key in islice(rest, _AHEAD - len(waiting)))
            if not waiting:
                return
            key, reading = waiting.popleft()
            body = reading.result()
            where, checksum = store.address(key), checksums.get(key, "")
            if body is not None:
                refuse_other(where, digest_of([body], checksum), checksum)
                yield key, pa.BufferReader(body)
                continue
            path = folder / "object.parquet"
            store.download(key, path)
            refuse_other(where, digest_of(_chunks(path), checksum), checksum)
            yield key, path


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_SMALL):
            yield chunk


def _small(store: ObjectStore, key: str) -> bytes | None:
    """The object; None when it is large, or broke off: a download takes it up again."""
    try:
        body = store.read(key, 0, _SMALL)
    except RetriableError:
        return None
    return body if len(body) < _SMALL else None
