"""Columns of the lake's objects, for comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from totelake.errors import DamagedError
from totelake.lake.objects import ObjectReader
from totelake.ports.object_store import ObjectStore


def read_columns(store: ObjectStore, key: str, size: int, names: Sequence[str]) -> pa.Table:
    """The columns of these names of an object of `size` bytes, in their order.

    Raises DamagedError when it is not there, archived, no parquet file, or lacks one of them.
    """
    try:
        # a dataset, which pyarrow's read_table makes, has columns of its own beside a table's
        found = pq.ParquetFile(ObjectReader(store, key, size)).read(columns=list(names), use_threads=False)
        return found.select(list(names))
    except (pa.ArrowInvalid, KeyError) as error:
        words = " ".join(str(error).split()).rstrip(".")
        raise DamagedError(
            f"{store.address(key)} is not what its job wrote ({words}); restore it from the bucket's version history"
        ) from error
