"""Rows that fit their star table, and those to quarantine: each with its reason and all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType

from totelake.contracts.identifiers import REASON as _REASON
from totelake.contracts.model import Table
from totelake.contracts.types import BINARY
from totelake.star.exact import as_text

METADATA_TYPES: Mapping[str, str] = {"_op": "string", "_batch": "bigint", "_captured_at": "timestamp"}
METADATA = tuple(METADATA_TYPES)
_COUNT = "quarantined"
_FIELDS = ("rule", "column_name", "value")


def reason(rule: str, column: str, value: SparkColumn) -> SparkColumn:
    """Why a row is quarantined: the rule that it breaks, the source's column and its value."""
    parts = (F.lit(rule), F.lit(column), value.cast("string"))
    return F.struct(*[part.alias(name) for name, part in zip(_FIELDS, parts)])


def no_reason() -> SparkColumn:
    """Nothing speaks against the row."""
    return F.lit(None).cast("struct<rule:string,column_name:string,value:string>")


def first_reason(reasons: Sequence[SparkColumn], of_key: Sequence[SparkColumn] = ()) -> SparkColumn:
    """The first reason against a row; NULL when it fits. A deletion has its key alone: only those of the key count."""
    return F.coalesce(no_reason(), *of_key, F.when(F.col("_op") != "D", F.coalesce(no_reason(), *reasons)))


@dataclass(frozen=True)
class SplitRows:
    """Rows that fit, with the target's columns, and those that do not, as the quarantine has them."""

    rows: DataFrame
    quarantined: DataFrame
    _observed: Observation

    @property
    def count_quarantined(self) -> int:
        """How many do not fit; known only when `rows` has been written."""
        return int(self._observed.get[_COUNT])


def split_by_reason(
    candidates: DataFrame, source: Table, columns: Sequence[SparkColumn], reasons: Sequence[SparkColumn]
) -> SplitRows:
    """Split rows of a source table by the first reason against each."""
    marked = candidates.withColumn(_REASON, first_reason(reasons))
    observed = Observation()
    counted = marked.observe(observed, F.count(F.col(_REASON)).alias(_COUNT))
    rows = counted.where(F.col(_REASON).isNull()).select(*columns, *METADATA)
    quarantined = as_quarantined(marked.where(F.col(_REASON).isNotNull()), source, source.column_names, _REASON)
    return SplitRows(rows, quarantined, observed)


def as_quarantined(rows: DataFrame, source: Table, names: Sequence[str], marked: str) -> DataFrame:
    """Rows with a reason in the column `marked` in the quarantine's form, with these columns as their payload."""
    kinds = {name: BINARY if isinstance(rows.schema[name].dataType, BinaryType) else "" for name in names}
    texts = [as_text(name, kind).alias(name) for name, kind in kinds.items()]
    return rows.select(
        F.lit(source.name).alias("source_table"),
        F.col(source.key[0].name).cast("bigint").alias("source_key"),
        *[F.col(f"{marked}.{name}").alias(name) for name in _FIELDS],
        F.to_json(F.struct(*texts), {"ignoreNullFields": "false"}).alias("payload"),
        *METADATA,
    )
