"""Accepted events as DataFrames: every schema's objects are read with that schema, then become the contract's types."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from totelake.contracts.model import Column, Table
from totelake.contracts.types import spark_type
from totelake.errors import SchemaMismatchError
from totelake.lake.keys import schema_key
from totelake.lake.quarantine import INVALID_VALUE, MISSING_COLUMN
from totelake.lake.verdicts import SOURCE, AcceptedObject
from totelake.star.exact import converted, is_lost
from totelake.star.projection import columns_text, types_of
from totelake.star.refused import METADATA, METADATA_TYPES, no_reason, quarantined, reason

_REASON = "_reason"


@dataclass(frozen=True)
class _Group:
    """The events of one schema as they lie there, and what speaks against a row of them; no reasons, no cost."""

    rows: DataFrame
    found: Mapping[str, str]
    strict: bool


class EventReader:
    """Reads the accepted objects of source tables from the ingestion bucket."""

    def __init__(self, spark: SparkSession, s3: Any, bucket: str) -> None:
        self._spark, self._s3, self.bucket = spark, s3, bucket

    def read(self, table: Table, objects: Iterable[AcceptedObject]) -> DataFrame:
        """The events that fit, columns and types as in the contract, with `_op`, `_batch`, `_captured_at`.

        Raises SchemaMismatchError when a schema lacks a column that the contract requires.
        """
        frames = []
        for group in self._groups(table, objects):
            reasons = against_contract(table, group.found, group.strict)
            rows = group.rows.where(_first(reasons).isNull()) if reasons else group.rows
            frames.append(rows.select(*contract_columns(table, group.found, group.strict), *METADATA))
        return reduce(DataFrame.unionByName, frames)

    def refused(self, table: Table, objects: Iterable[AcceptedObject]) -> list[DataFrame]:
        """The events with a value that is none of the contract's type, or without a column, as quarantine rows."""
        frames = []
        for group in self._groups(table, objects):
            reasons = against_contract(table, group.found, group.strict)
            if reasons:
                marked = group.rows.withColumn(_REASON, _first(reasons)).where(F.col(_REASON).isNotNull())
                frames.append(quarantined(marked, table, list(group.found), _REASON))
        return frames

    def _groups(self, table: Table, objects: Iterable[AcceptedObject]) -> list[_Group]:
        paths: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for item in objects:
            paths[item.fingerprint, item.strict].append(f"s3://{self.bucket}/{item.key}")
        groups = []
        for (fingerprint, strict), keys in paths.items():
            found = self._schema(table.name, fingerprint)
            types = {name: spark_type(kind) for name, kind in found.items()}
            rows = self._spark.read.schema(columns_text({**types, **METADATA_TYPES})).parquet(*keys)
            groups.append(_Group(rows, found, strict))
        return groups

    def _schema(self, table: str, fingerprint: str) -> dict[str, str]:
        """The PostgreSQL types of a known schema's columns; an enum is text."""
        answer = self._s3.get_object(Bucket=self.bucket, Key=schema_key(SOURCE, table, fingerprint))
        document = json.loads(answer["Body"].read())
        return {item["name"]: "text" if item.get("enum") else item["type"] for item in document["columns"]}


def contract_columns(table: Table, found: Mapping[str, str], strict: bool = False) -> list[SparkColumn]:
    """The contract's columns and types out of those found (PostgreSQL types); an optional one that is absent is NULL.

    Raises SchemaMismatchError for a required one, unless events are read strictly: then each row is refused.
    """
    columns = []
    for column in table.columns:
        if column.name not in found and column.required and not strict:
            raise SchemaMismatchError(
                f"events of {table.name} have no column {column.name}, which its contract requires; "
                "correct the contract or the source and run the job again"
            )
        is_there = column.name in found
        value = converted(column.name, found[column.name], _plain(column)) if is_there else F.lit(None)
        columns.append(value.cast(types_of(table)[column.name]).alias(column.name))
    return columns


def against_contract(table: Table, found: Mapping[str, str], strict: bool) -> list[SparkColumn]:
    """The reasons that can speak against rows of a schema; none when it has nothing that the contract does not take.

    A column that is not there comes first: a row that is set apart for it is never completed with NULL.
    """
    absent = [column.name for column in table.columns if column.name not in found] if strict else []
    reasons = [reason(MISSING_COLUMN, name, F.lit(None)) for name in absent]
    for column in table.columns:
        if column.name not in found:
            continue
        value, lost = F.col(column.name), is_lost(column.name, found[column.name], _plain(column))
        if lost is not None:
            reasons.append(F.when(lost, reason(INVALID_VALUE, column.name, value)))
        if strict and column.enum:
            unknown = value.isNotNull() & ~value.isin(*column.enum)
            reasons.append(F.when(unknown, reason(INVALID_VALUE, column.name, value)))
    return reasons


def _first(reasons: list[SparkColumn]) -> SparkColumn:
    """The first reason against a row; a deletion has its key alone and is never refused."""
    return F.when(F.col("_op") != "D", F.coalesce(no_reason(), *reasons))


def _plain(column: Column) -> str:
    return "text" if column.enum else column.type
