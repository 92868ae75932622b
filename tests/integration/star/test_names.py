"""Columns with odd names beside those of the contract: Spark reads them, and rows with them can be quarantined."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.integration.star.samples import SPARK
from tests.unit.contracts.test_identifiers import KEPT, UNUSABLE
from totelake.contracts import load_contracts
from totelake.star.exact import cast_or_null, converted
from totelake.star.projection import columns_text
from totelake.star.sorting import METADATA_TYPES, as_quarantined, reason

pytestmark = SPARK
DESIGN = load_contracts().find("design")
# also those that are blocked today: batches of before may have them
ODD = (*KEPT, *UNUSABLE)


def test_what_has_an_odd_name_is_read_and_quarantined(spark: SparkSession, tmp_path: Path) -> None:
    values = {"design_id": pa.array([7]), **{name: pa.array([str(place)]) for place, name in enumerate(ODD)}}
    metadata = {"_op": pa.array(["I"]), "_batch": pa.array([1]), "_captured_at": pa.array([0], pa.timestamp("us"))}
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table({**values, **metadata}), path)
    types = {"design_id": "bigint", **dict.fromkeys(ODD, "string"), **METADATA_TYPES}
    rows = spark.read.schema(columns_text(types)).parquet(str(path))
    assert rows.columns == list(types)
    marked = rows.withColumn("why", reason("invalid_value", ODD[0], F.lit("x")))
    [found] = as_quarantined(marked, DESIGN, ["design_id", *ODD], "why").collect()
    expected = {"design_id": "7", **{name: str(place) for place, name in enumerate(ODD)}}
    assert json.loads(found.payload) == expected


def test_a_value_under_an_odd_name_becomes_another_type(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [tuple(str(place) for place in range(len(ODD)))], columns_text(dict.fromkeys(ODD, "string"))
    )
    [cast] = rows.select(*[cast_or_null(name, "int").alias(f"c{place}") for place, name in enumerate(ODD)]).collect()
    [kept] = rows.select(
        *[converted(name, "text", "integer").alias(f"c{place}") for place, name in enumerate(ODD)]
    ).collect()
    assert list(cast) == list(kept) == list(range(len(ODD)))
