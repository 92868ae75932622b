"""Dimensions of a driving table joined to another: a change in either re-emits the rows that it reaches."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from totelake.contracts.model import Column, Table
from totelake.contracts.types import spark_type
from totelake.lake.quarantine import INVALID_VALUE, MISSING_PARENT
from totelake.star.exact import as_text, converted, is_lost
from totelake.star.projection import against, derived
from totelake.star.sorting import METADATA, reason

UNKNOWN = "Unknown"
UNREADABLE = "Q"
_NEVER = 2**63 - 1


@dataclass(frozen=True)
class Inputs:
    """The versions of both tables' rows with `_until`, the batch that ended each (NULL: none did)."""

    driving: DataFrame
    joined: DataFrame


def driving_versions(state: DataFrame | None, events: DataFrame, source: Table) -> DataFrame:
    """What the last unit kept and this unit's events.

    A deletion (`_op` D) is a version and ends the one before, and so does a version that could not be read (`_op` Q):
    a change of its parent emits nothing for that key until a version can be read again.
    """
    return _versions(state, events, source)


def joined_versions(state: DataFrame | None, events: DataFrame, source: Table) -> DataFrame:
    """The same of the joined table, where values outlive their deletion: a dimension row that refers to them stays."""
    return _versions(state, events.where("_op <> 'D'"), source)


def _versions(state: DataFrame | None, events: DataFrame, source: Table) -> DataFrame:
    columns = [*source.column_names, *METADATA]
    rows = events.select(*columns)
    both = rows if state is None else state.select(*columns).unionByName(rows)
    following = F.lead("_batch").over(Window.partitionBy(source.key[0].name).orderBy("_batch"))
    return both.select(*columns, following.alias("_until"))


def newest(versions: DataFrame) -> DataFrame:
    """Of each key the version that nothing ended: all that the next unit needs of this one."""
    return versions.where(F.col("_until").isNull()).drop("_until")


@dataclass(frozen=True)
class Candidates:
    """Driving rows beside their parent's (`_parent_*`) where either changed, and the tombstones of driving rows."""

    pairs: DataFrame
    gone: DataFrame


def candidates(target: Table, driving: Table, joined: Table, inputs: Inputs, after: int) -> Candidates:
    """One pair for each batch beyond `after` in which the driving row or its parent changed; the join is outer."""
    link = _link(target, driving)
    is_deleted = F.col("_op") == "D"
    parent = inputs.joined.select(
        F.col("_batch").alias("_parent_batch"),
        F.col("_until").alias("_parent_until"),
        F.col("_captured_at").alias("_parent_at"),
        *[F.col(column.name).alias(f"_parent_{column.name}") for column in joined.columns],
    )
    is_parent = F.col(link) == F.col(f"_parent_{joined.key[0].name}")
    is_not_after = F.col("_parent_batch") < F.coalesce("_until", F.lit(_NEVER))
    is_not_before = F.col("_batch") < F.coalesce("_parent_until", F.lit(_NEVER))
    pairs = inputs.driving.where(~F.col("_op").isin("D", UNREADABLE)).join(
        parent, is_parent & is_not_after & is_not_before, how="left"
    )
    by_parent = F.coalesce("_parent_batch", F.lit(0)) > F.col("_batch")
    changed = {
        "_op": F.when(by_parent, F.lit("U")).otherwise(F.col("_op")),
        "_batch": F.when(by_parent, F.col("_parent_batch")).otherwise(F.col("_batch")),
        "_captured_at": F.when(by_parent, F.col("_parent_at")).otherwise(F.col("_captured_at")),
    }
    return Candidates(
        pairs=pairs.withColumns(changed).where(F.col("_batch") > after),
        gone=inputs.driving.where(is_deleted & (F.col("_batch") > after)),
    )


def columns(target: Table, driving: Table, joined: Table) -> tuple[list[SparkColumn], list[SparkColumn]]:
    """The dimension's columns out of a pair, and the reasons against it: a parent that is not there is one."""
    link = _link(target, driving)
    found = [_column(column, driving, joined).alias(column.name) for column in target.lake_columns]
    is_there = F.col(f"_parent_{joined.key[0].name}").isNotNull()
    needs_parent = any(column.required and column.sources[0].table == joined.name for column in target.lake_columns)
    missing = F.when(~is_there & (F.col(link).isNotNull() | F.lit(needs_parent)), _missing_parent(link))
    own = [against(column, driving.column(column.sources[0].column)) for column in _driven(target, driving)]
    return found, [*own, missing, *_lost_of_parents(target, joined)]


def _driven(target: Table, driving: Table) -> list[Column]:
    return [column for column in target.lake_columns if column.sources[0].table == driving.name]


def tombstones(target: Table, driving: Table, gone: DataFrame) -> DataFrame:
    """Deleted driving rows: the key alone."""
    key = driving.key[0].name
    return gone.select(*[_key_alone(target, name, key) for name in target.column_names], *METADATA)


def _link(target: Table, driving: Table) -> str:
    """The driving table's column over which the lineage joins."""
    for column in target.lake_columns:
        for reference in column.sources[1:]:
            if reference.table == driving.name:
                return reference.column
    raise KeyError(f"the contract of {target.name} names no column of {driving.name} to join over")


def _lost_of_parents(target: Table, joined: Table) -> list[SparkColumn]:
    """The reasons against values of a parent that do not become the dimension's."""
    reasons = []
    for column in target.lake_columns:
        source = column.sources[0]
        if source.table == joined.name:
            name, kind = f"_parent_{source.column}", joined.column(source.column).plain_type
            lost = is_lost(name, kind, column.type)
            reasons += [] if lost is None else [F.when(lost, reason(INVALID_VALUE, source.column, as_text(name, kind)))]
    return reasons


def _column(column: Column, driving: Table, joined: Table) -> SparkColumn:
    source = column.sources[0]
    if source.table == driving.name:
        return derived(column, driving.column(source.column)).cast(spark_type(column.type))
    value = converted(f"_parent_{source.column}", joined.column(source.column).plain_type, column.type)
    return (F.coalesce(value, F.lit(UNKNOWN)) if column.required else value).cast(spark_type(column.type))


def _key_alone(target: Table, name: str, key: str) -> SparkColumn:
    column = target.column(name)
    value = F.col(key) if column.primary_key else F.lit(None)
    return value.cast(spark_type(column.type)).alias(name)


def _missing_parent(link: str) -> SparkColumn:
    return reason(MISSING_PARENT, link, F.col(link))
