"""Columns of the lake's objects, for comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from totelake.errors import DamagedError
from totelake.lake.objects import ObjectReader
from totelake.ports.object_store import ObjectStore
from totelake.runtime import parquet as pq


def read_columns(store: ObjectStore, key: str, size: int, checksum: str, names: Sequence[str]) -> pa.Table:
    """The columns of these names of an object of `size` bytes, in their order.

    Raises DamagedError when it is not there, archived, no parquet file, or lacks one of them, or has another SHA-256
    than `checksum` ('': not compared).
    """
    with _naming(store, key):
        return _file(store, key, size, checksum).read(columns=list(names), use_threads=False).select(list(names))


def read_typed(store: ObjectStore, key: str, size: int, checksum: str, schema: pa.Schema) -> pa.Table:
    """The columns of a schema of an object of `size` bytes, which a former contract may have made.

    A column that the contract did not have then is NULL, a narrower one is read as the wider. Raises DamagedError when
    the object is not there, archived, no parquet file, has a column of another kind, or another SHA-256 than `checksum`
    ('': not compared).
    """
    with _naming(store, key):
        file = _file(store, key, size, checksum)
        there = set(file.schema_arrow.names)
        rows = file.read(columns=[name for name in schema.names if name in there], use_threads=False)
        columns = [
            rows[field.name].cast(field.type) if field.name in there else pa.nulls(rows.num_rows, field.type)
            for field in schema
        ]
        return pa.table(columns, schema=schema)


def _file(store: ObjectStore, key: str, size: int, checksum: str) -> pq.ParquetFile:
    # a dataset, which pyarrow's read_table makes, has columns of its own beside a table's
    return pq.ParquetFile(ObjectReader(store, key, size, checksum))


@contextmanager
def _naming(store: ObjectStore, key: str) -> Iterator[None]:
    """Raises DamagedError, which names the object, for what is none of a job's parquet files."""
    try:
        yield
    except (pa.ArrowInvalid, KeyError) as error:
        words = " ".join(str(error).split()).rstrip(".")
        raise DamagedError(
            f"{store.address(key)} is not what its job wrote ({words}); restore it from the bucket's version history"
        ) from error
