"""The columns of a parquet object, read from its footer by one request for the object's tail."""

from __future__ import annotations

import pyarrow as pa

from totelake.errors import LakeError
from totelake.lake.objects import ObjectReader
from totelake.ports.object_store import ObjectStore
from totelake.runtime import parquet as pq

_SMALLEST = 12
_SIMPLE = {
    "int8": "tinyint", "int16": "smallint", "int32": "int", "int64": "bigint", "float": "float", "double": "double",
    "bool": "boolean", "string": "string", "large_string": "string", "binary": "binary", "large_binary": "binary",
    "date32[day]": "date",
}  # fmt: skip


class NotParquetError(LakeError):
    """An object that is truncated, or not parquet at all."""


def read_footer(store: ObjectStore, key: str, size: int) -> tuple[tuple[str, str], ...]:
    """The columns as (name, Hive type) in the file's order. Raises NotParquetError."""
    where = store.address(key)
    if size < _SMALLEST:
        raise NotParquetError(f"{where} has {size} bytes, no parquet file is that small; remove it")
    reader = ObjectReader(store, key, size)
    try:
        schema = pq.ParquetFile(reader).schema_arrow
    except (pa.ArrowException, OSError) as error:
        words = " ".join(str(error).split())
        raise NotParquetError(f"{where} is truncated or no parquet ({words}); restore or remove it") from error
    return tuple((field.name.lower(), hive_of_arrow(field.type)) for field in schema)


def hive_of_arrow(kind: pa.DataType) -> str:
    """The Hive type that reads a parquet column; what Hive has no type for keeps Arrow's name."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return _SIMPLE.get(str(kind), str(kind))
