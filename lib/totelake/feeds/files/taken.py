"""Which files of a table are taken: a list of their keys, versions and sizes, which the position names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from totelake.errors import DamagedError
from totelake.lake.objects import ObjectReader, ObjectWriter
from totelake.lake.records.batch import StateFile
from totelake.ports.object_store import Listed, ObjectStore

_SCHEMA = pa.schema([("key", pa.string()), ("etag", pa.string()), ("bytes", pa.int64())])
_TABLES = "tables"
Position = Mapping[str, Any]


@dataclass(frozen=True)
class TakenFiles:
    """The files of one table that are taken, each once: size and ETag by key."""

    files: Mapping[str, tuple[str, int]]

    @classmethod
    def of(cls, position: Position, table: str, store: ObjectStore) -> TakenFiles:
        """Those of a position. Raises DamagedError when their list cannot be read."""
        entry = position.get(_TABLES, {}).get(table)
        if entry is None:
            return cls({})
        file = StateFile(**entry)
        try:
            found = pq.ParquetFile(ObjectReader(store, file.key, file.bytes)).read(use_threads=False)
        except pa.ArrowInvalid as error:
            raise DamagedError(
                f"{store.address(file.key)} is no readable list of files ({error}); restore it from the bucket's "
                "version history"
            ) from error
        columns = (found.column(name).to_pylist() for name in _SCHEMA.names)
        return cls({key: (etag, size) for key, etag, size in zip(*columns)})

    def has(self, item: Listed) -> bool:
        """Whether that version of a file is taken."""
        return self.files.get(item.key) == (item.etag, item.bytes)

    def store(self, target: ObjectWriter) -> StateFile:
        """Write the list."""
        rows = sorted((key, etag, size) for key, (etag, size) in self.files.items())
        columns = list(zip(*rows)) or [(), (), ()]
        pq.write_table(pa.Table.from_pydict(dict(zip(_SCHEMA.names, columns)), schema=_SCHEMA), target)
        stored = target.store()
        return StateFile(stored.key, len(rows), stored.bytes, stored.sha256)

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(size for _, size in self.files.values())


def position_of(lists: Iterable[tuple[str, StateFile]]) -> Position:
    """The position that names the lists of tables."""
    return {_TABLES: {name: asdict(file) for name, file in lists}}


def list_in(position: Position, table: str) -> StateFile | None:
    """The list of a table that a position names."""
    entry = position.get(_TABLES, {}).get(table)
    return None if entry is None else StateFile(**entry)
