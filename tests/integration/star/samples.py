"""Rows and events of the source tables, with sample values for what a test does not name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from totelake.contracts import load_contracts
from totelake.contracts.model import Column
from totelake.star.projection import columns_text, types_of
from totelake.star.sorting import METADATA_TYPES

# PySpark never closes the socket that collect() reads from, it is garbage collected; no other warning is let through
OPEN_SOCKETS = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
SPARK = [pytest.mark.integration, OPEN_SOCKETS]
NOON = datetime(2026, 11, 23, 12)
CREATED_AT = datetime(2024, 8, 5, 14, 30, 15, 123000)
_SAMPLES: Mapping[str, Any] = {"integer": 1, "boolean": True, "numeric(10,2)": Decimal("12.30")}
Row = dict[str, Any]


def captured_at(batch: int) -> datetime:
    """When the tests' batches were captured: a minute apart."""
    return NOON + timedelta(minutes=batch)


def row(table: str, key: int, op: str = "I", **values: Any) -> Row:
    """An event of a source table; a deletion has its key alone, as capture leaves it."""
    contract = load_contracts().find(table)
    sample = {} if op == "D" else {column.name: _sample(column) for column in contract.columns}
    return {**sample, contract.key[0].name: key, "_op": op, **values}


def _sample(column: Column) -> Any:
    if column.is_text_date:
        return "2024-08-06"
    if column.type.startswith("timestamp"):
        return CREATED_AT
    if column.name == "currency_code":
        return "GBP"
    return column.enum[0] if column.enum else _SAMPLES.get(column.type, column.name)


def events(spark: SparkSession, table: str, batches: Mapping[int, Sequence[Row]]) -> DataFrame:
    """The events of these batches as the reader gives them to a builder.

    Given as literals Spark knows how few they are, and joins them three times as fast as rows of unknown number.
    """
    types = {**types_of(load_contracts().find(table)), **METADATA_TYPES}
    rows = [
        [{**item, "_batch": batch, "_captured_at": captured_at(batch)}.get(name) for name in types]
        for batch, items in batches.items()
        for item in items
    ]
    if not rows:
        return spark.createDataFrame([], columns_text(types))
    places = ", ".join([f"({', '.join('?' for _ in types)})"] * len(rows))
    exact = ", ".join(f"CAST(`{name}` AS {kind}) AS `{name}`" for name, kind in types.items())
    text = f"SELECT {exact} FROM VALUES {places} AS events (`{'`, `'.join(types)}`)"
    return spark.sql(text, args=[value for item in rows for value in item])


def quarantined(frame: DataFrame) -> list[tuple[Any, ...]]:
    """Key, rule, column and value of quarantined rows, by key."""
    found = frame.orderBy("source_key").select("source_key", "rule", "column_name", "value").collect()
    return [tuple(item) for item in found]
