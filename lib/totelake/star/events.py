"""Accepted events as DataFrames: every schema's objects are read with that schema, then cast to the contract."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from totelake.contracts.model import Table
from totelake.contracts.types import spark_type
from totelake.errors import SchemaMismatchError
from totelake.lake.keys import schema_key
from totelake.lake.verdicts import SOURCE, AcceptedObject
from totelake.star.projection import columns_text, types_of
from totelake.star.refused import METADATA, METADATA_TYPES


class EventReader:
    """Reads the accepted objects of source tables from the ingestion bucket."""

    def __init__(self, spark: SparkSession, s3: Any, bucket: str) -> None:
        self._spark, self._s3, self.bucket = spark, s3, bucket

    def read(self, table: Table, objects: Iterable[AcceptedObject]) -> DataFrame:
        """The events of these objects, columns and types as in the contract, with `_op`, `_batch`, `_captured_at`.

        Raises SchemaMismatchError when a schema lacks a column that the contract requires.
        """
        groups: dict[str, list[str]] = defaultdict(list)
        for item in objects:
            groups[item.fingerprint].append(f"s3://{self.bucket}/{item.key}")
        frames = [self._group(table, fingerprint, paths) for fingerprint, paths in groups.items()]
        whole = frames[0]
        for frame in frames[1:]:
            whole = whole.unionByName(frame)
        return whole

    def _group(self, table: Table, fingerprint: str, paths: list[str]) -> DataFrame:
        found = self._schema(table.name, fingerprint)
        wanted = contract_columns(table, found)
        frame = self._spark.read.schema(columns_text({**found, **METADATA_TYPES})).parquet(*paths)
        return frame.select(*wanted, *METADATA)

    def _schema(self, table: str, fingerprint: str) -> dict[str, str]:
        answer = self._s3.get_object(Bucket=self.bucket, Key=schema_key(SOURCE, table, fingerprint))
        document = json.loads(answer["Body"].read())
        return {item["name"]: spark_type("text" if item.get("enum") else item["type"]) for item in document["columns"]}


def contract_columns(table: Table, found: Mapping[str, str]) -> list[SparkColumn]:
    """The contract's columns out of those found, cast to its types; an optional one that is not there is NULL."""
    columns = []
    for column in table.columns:
        if column.name not in found and column.required:
            raise SchemaMismatchError(
                f"events of {table.name} have no column {column.name}, which its contract requires; "
                "correct the contract or the source and run the job again"
            )
        value = F.col(column.name) if column.name in found else F.lit(None)
        columns.append(value.cast(types_of(table)[column.name]).alias(column.name))
    return columns
