"""Accepted events as DataFrames: every schema's objects are read with that schema, then become the contract's types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from totelake.contracts.identifiers import REASON as _REASON
from totelake.contracts.identifiers import is_reserved, namesakes
from totelake.contracts.model import Table
from totelake.contracts.types import spark_type
from totelake.errors import SchemaMismatchError
from totelake.lake.keys import schema_key
from totelake.lake.quarantine import INVALID_VALUE, MISSING_COLUMN
from totelake.lake.reading import schema_at
from totelake.lake.records.verdict import AcceptedObject
from totelake.ports.object_store import ObjectStore
from totelake.schemas.columns import Columns, TableSchema
from totelake.star.exact import as_text, converted, is_lost
from totelake.star.projection import columns_text, types_of
from totelake.star.sorting import METADATA, METADATA_TYPES, as_quarantined, first_reason, reason


@dataclass(frozen=True)
class _SchemaGroup:
    """Raw events of one schema, its columns' PostgreSQL types, and the first reason against a row.

    There is no reason when every value of the schema is one of the contract.
    """

    rows: DataFrame
    found: Mapping[str, str]
    strict: bool
    reason: SparkColumn | None


class EventReader:
    """Reads the accepted objects of source tables from the ingestion bucket."""

    def __init__(self, spark: SparkSession, store: ObjectStore) -> None:
        self._spark, self.store = spark, store

    def read(self, table: Table, objects: Iterable[AcceptedObject]) -> DataFrame:
        """The events that fit, columns and types as in the contract, with `_op`, `_batch`, `_captured_at`.

        Raises SchemaMismatchError when a schema lacks a column that the contract requires.
        """
        frames = []
        # what no contract names is not read: whatever Spark makes of it, no star table needs it
        for group in self._groups(table, objects, table.column_names):
            rows = group.rows if group.reason is None else group.rows.where(group.reason.isNull())
            frames.append(rows.select(*contract_columns(table, group.found, group.strict), *METADATA))
        return reduce(DataFrame.unionByName, frames)

    def quarantined(self, table: Table, objects: Iterable[AcceptedObject]) -> list[DataFrame]:
        """The events with a value that is none of the contract's type, or without a column, as quarantine rows."""
        frames = []
        for group in self._groups(table, objects):
            if group.reason is not None:
                marked = group.rows.withColumn(_REASON, group.reason)
                frames.append(as_quarantined(marked.where(F.col(_REASON).isNotNull()), table, [*group.found], _REASON))
        return frames

    def _groups(
        self, table: Table, objects: Iterable[AcceptedObject], names: Collection[str] | None = None
    ) -> list[_SchemaGroup]:
        """The events by schema, with all columns of it or those of these names."""
        paths: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for item in objects:
            paths[item.fingerprint, item.strict].append(self.store.address(item.key))
        groups = []
        for (fingerprint, strict), keys in paths.items():
            found = readable(table, self._schema(table, fingerprint).columns)
            types = {name: spark_type(kind) for name, kind in found.items() if names is None or name in names}
            rows = self._spark.read.schema(columns_text({**types, **METADATA_TYPES})).parquet(*keys)
            groups.append(_SchemaGroup(rows, found, strict, against_contract(table, found, strict)))
        return groups

    def _schema(self, table: Table, fingerprint: str) -> TableSchema:
        return schema_at(self.store, schema_key(table.source, table.name, fingerprint))


def readable(table: Table, columns: Columns) -> dict[str, str]:
    """The PostgreSQL types of those columns of a schema that Spark can read, by name.

    Not those without an exact type, with a name of ours, or that differ by case alone and are none of the contract's:
    no such schema is accepted, but an earlier release may have accepted it, and held events may be released.
    """
    twice = namesakes(column.name for column in columns)
    unclear = {*twice, *twice.values()} - {*table.column_names}
    return {
        column.name: column.plain_type
        for column in columns
        if column.has_type and column.name not in unclear and not is_reserved(column.name)
    }


def contract_columns(table: Table, found: Mapping[str, str], strict: bool = False) -> list[SparkColumn]:
    """The contract's columns and types out of those found (PostgreSQL types); an optional one that is absent is NULL.

    Raises SchemaMismatchError for a required one, unless events are read strictly: then each row is quarantined.
    """
    columns = []
    for column in table.columns:
        if column.name not in found and column.required and not strict:
            raise SchemaMismatchError(
                f"events of {table.name} have no column {column.name}, which its contract requires; "
                "correct the contract or the source"
            )
        is_there = column.name in found
        value = converted(column.name, found[column.name], column.plain_type) if is_there else F.lit(None)
        columns.append(value.cast(types_of(table)[column.name]).alias(column.name))
    return columns


def against_contract(table: Table, found: Mapping[str, str], strict: bool) -> SparkColumn | None:
    """The first reason against a row of a schema; None when that has nothing that the contract does not take.

    A column that is not there comes first: a row that is quarantined for it is never completed with NULL.
    """
    absent = [column.name for column in table.columns if column.name not in found] if strict else []
    reasons = [reason(MISSING_COLUMN, name, F.lit(None)) for name in absent]
    of_key: list[SparkColumn] = []
    for column in table.columns:
        if column.name not in found:
            continue
        kind = found[column.name]
        value, lost = as_text(column.name, kind), is_lost(column.name, kind, column.plain_type)
        if lost is not None:
            against = of_key if column.primary_key else reasons
            against.append(F.when(lost, reason(INVALID_VALUE, column.name, value)))
        if strict and column.enum:
            unknown = value.isNotNull() & ~value.isin(*column.enum)
            reasons.append(F.when(unknown, reason(INVALID_VALUE, column.name, value)))
    return first_reason(reasons, of_key) if reasons or of_key else None
