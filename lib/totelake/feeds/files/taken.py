"""Which files of a table are taken, and which cannot be read: lists of keys and versions that the position names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from totelake.errors import DamagedError
from totelake.lake.objects import ObjectReader, ObjectWriter
from totelake.lake.records.batch import StateFile
from totelake.ports.object_store import Listed, ObjectStore
from totelake.runtime import parquet as pq

_SCHEMA = pa.schema([("key", pa.string()), ("etag", pa.string()), ("bytes", pa.int64())])
TAKEN, UNREAD = "tables", "unread"
"""The lists that a position has of each table: the files that are taken, and those that cannot be read as they are."""
TRIED = "tried"
"""By table the last key of the files that cannot be read and were tried again, where a run does not try them all."""
Version = tuple[str, int]
"""A file's ETag and size."""
Position = Mapping[str, Any]


@dataclass(frozen=True)
class TakenFiles:
    """The files of one list of a table, each once: its version by key."""

    files: Mapping[str, Version]

    @classmethod
    def of(cls, position: Position, table: str, store: ObjectStore, which: str = TAKEN) -> TakenFiles:
        """Those of a position. Raises DamagedError when their list cannot be read."""
        file = list_in(position, table, which)
        if file is None:
            return cls({})
        try:
            found = pq.ParquetFile(ObjectReader(store, file.key, file.bytes, file.sha256)).read(use_threads=False)
        except pa.ArrowInvalid as error:
            raise DamagedError(
                f"{store.address(file.key)} is no readable list of files ({error}); restore it from the bucket's "
                "version history"
            ) from error
        columns = (found.column(name).to_pylist() for name in _SCHEMA.names)
        return cls({key: (etag, size) for key, etag, size in zip(*columns)})

    def has(self, item: Listed) -> bool:
        """Whether that version of a file is in the list."""
        return self.files.get(item.key) == version_of(item)

    def store(self, target: ObjectWriter) -> StateFile:
        """Write the list."""
        rows = sorted((key, etag, size) for key, (etag, size) in self.files.items())
        columns = list(zip(*rows)) or [(), (), ()]
        pq.write_table(pa.Table.from_pydict(dict(zip(_SCHEMA.names, columns)), schema=_SCHEMA), target)
        stored = target.store()
        return StateFile(stored.key, len(rows), stored.bytes, stored.kept)


def version_of(item: Listed) -> Version:
    """A listed file's version."""
    return item.etag, item.bytes


def position_of(lists: Mapping[str, Mapping[str, StateFile]], tried: Mapping[str, str]) -> Position:
    """The position that names these lists, by which of them and by table, and the last keys that were tried; what has
    no table is left out."""
    named: dict[str, Any] = {
        which: {name: asdict(file) for name, file in files.items()}
        for which, files in lists.items()
        if files or which == TAKEN
    }
    return {**named, TRIED: dict(tried)} if tried else named


def list_in(position: Position, table: str, which: str = TAKEN) -> StateFile | None:
    """A list of a table that a position names."""
    entry = position.get(which, {}).get(table)
    return None if entry is None else StateFile(**entry)
