"""A star table's objects as rows of its contract's types, whatever narrower types a former contract gave them.

Spark reads no column by a wider type than the object has, so objects are read by their own types, group by group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from totelake.contracts.identifiers import spark_quoted
from totelake.contracts.model import Table
from totelake.contracts.types import spark_type
from totelake.lake.footers import NotParquetError, read_footer
from totelake.ports.object_store import ObjectStore
from totelake.schemas.hive_widening import is_wider
from totelake.star.projection import columns_text
from totelake.star.sorting import METADATA_TYPES

_READS_AT_ONCE = 8
# an object of a former contract may have a narrower type than these
_WIDE = ("bigint", "double", "decimal(")


def read_versions(spark: SparkSession, store: ObjectStore, table: Table, keys: Sequence[str]) -> DataFrame:
    """The rows of these objects: the contract's columns, NULL where an object has none, and the metadata."""
    columns = {column.name: spark_type(column.type) for column in table.lake_columns}
    groups: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    for key, narrower in zip(keys, _narrower(store, keys, columns)):
        groups[narrower].append(store.address(key))
    frames = []
    for narrower, paths in groups.items():
        rows = spark.read.schema(columns_text({**columns, **dict(narrower), **METADATA_TYPES})).parquet(*paths)
        frames.append(rows.withColumns({name: F.col(spark_quoted(name)).cast(columns[name]) for name, _ in narrower}))
    return reduce(DataFrame.unionByName, frames)


def _narrower(store: ObjectStore, keys: Sequence[str], columns: Mapping[str, str]) -> list[tuple[tuple[str, str], ...]]:
    """By object the columns with a narrower type than the contract's, and that type."""
    wide = {name: kind for name, kind in columns.items() if kind.startswith(_WIDE)}
    if not wide:
        return [()] * len(keys)

    def of_object(key: str) -> tuple[tuple[str, str], ...]:
        size = store.size(key)
        try:
            found = read_footer(store, key, size) if size is not None else ()
        except NotParquetError:
            # Spark names the object when it reads it, as it does one that is gone
            found = ()
        return tuple((name, kind) for name, kind in found if is_wider(kind, wide.get(name, "")))

    with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
        return list(pool.map(of_object, keys))
