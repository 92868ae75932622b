"""Rows that cannot become rows of their star table: marked with the reason, and set apart with all that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from totelake.contracts.model import Table

METADATA_TYPES: Mapping[str, str] = {"_op": "string", "_batch": "bigint", "_captured_at": "timestamp"}
METADATA = tuple(METADATA_TYPES)
_REASON = "_reason"
_FIELDS = ("rule", "column_name", "value")


def reason(rule: str, column: str, value: SparkColumn) -> SparkColumn:
    """Why a row is refused: the rule that it breaks, the source's column and its value."""
    parts = (F.lit(rule), F.lit(column), value.cast("string"))
    return F.struct(*[part.alias(name) for name, part in zip(_FIELDS, parts)])


def no_reason() -> SparkColumn:
    """Nothing speaks against the row."""
    return F.lit(None).cast("struct<rule:string,column_name:string,value:string>")


@dataclass(frozen=True)
class Sorted:
    """Rows that fit, with the target's columns; those that do not, as quarantine rows; how many, once written."""

    rows: DataFrame
    refused: DataFrame
    _observed: Observation

    @property
    def count_refused(self) -> int:
        """How many were refused; known only when `rows` has been written."""
        return int(self._observed.get["refused"])


def sort_out(
    candidates: DataFrame, source: Table, columns: Sequence[SparkColumn], reasons: Sequence[SparkColumn]
) -> Sorted:
    """Split rows of the source by the first reason against each; a deletion is never refused."""
    first = F.when(F.col("_op") != "D", F.coalesce(no_reason(), *reasons))
    marked = candidates.withColumn(_REASON, first)
    observed = Observation()
    counted = marked.observe(observed, F.count(F.col(_REASON)).alias("refused"))
    rows = counted.where(F.col(_REASON).isNull()).select(*columns, *METADATA)
    refused = quarantined(marked.where(F.col(_REASON).isNotNull()), source, source.column_names, _REASON)
    return Sorted(rows, refused, observed)


def quarantined(rows: DataFrame, source: Table, names: Sequence[str], marked: str) -> DataFrame:
    """Rows with a reason in the column `marked` as the quarantine has them, with these columns as their payload."""
    texts = [F.col(name).cast("string").alias(name) for name in names]
    return rows.select(
        F.lit(source.name).alias("source_table"),
        F.col(source.key[0].name).cast("bigint").alias("source_key"),
        *[F.col(f"{marked}.{name}").alias(name) for name in _FIELDS],
        F.to_json(F.struct(*texts), {"ignoreNullFields": "false"}).alias("payload"),
        *METADATA,
    )
