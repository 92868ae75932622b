"""Objects of a star table that former contracts made, read by the contract of now: narrower types, columns less."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from tests.integration.star.conftest import Lake
from tests.integration.star.samples import SPARK
from totelake.contracts.model import FACT, Column, Table
from totelake.contracts.types import arrow_type
from totelake.errors import StarTableError
from totelake.ports.s3 import S3Store
from totelake.star.failures import explaining
from totelake.star.versions import read_versions

pytestmark = SPARK
METADATA = [("_op", pa.string()), ("_batch", pa.int64()), ("_captured_at", pa.timestamp("us"))]
NOON = datetime(2026, 11, 23, 12)


def table(**types: str) -> Table:
    """A fact with a key and columns of these types."""
    columns = [Column("id", "integer", primary_key=True), *(Column(name, kind) for name, kind in types.items())]
    return Table("fact", FACT, "totesys", "star", "A row.", tuple(columns))


def put(store: S3Store, key: str, contract: Table, **values: Any) -> None:
    """An object with one row as a contract makes it."""
    schema = pa.schema([(column.name, arrow_type(column.type)) for column in contract.columns] + METADATA)
    row = {"id": 1, "_op": "I", "_batch": 1, "_captured_at": NOON, **values}
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row], schema=schema), sink)
    store.put(key, sink.getvalue())


def test_objects_of_every_former_contract_become_rows_of_the_contract_of_now(spark: SparkSession, lake: Lake) -> None:
    store = lake.processed_store
    first = table(count="integer", share="real", price="numeric(10,2)")
    second = table(count="bigint", share="real", price="numeric(10,2)")
    now = table(count="bigint", share="double precision", price="numeric(20,2)", note="text")
    put(store, "a", first, count=1, share=0.5, price=Decimal("1.25"))
    put(store, "b", first, count=2, share=None, price=None)
    put(store, "c", second, count=2**40, share=0.25, price=Decimal("2.25"))
    put(store, "d", now, count=2**41, share=0.1, price=Decimal("123456789012345678.25"), note="x")
    rows = read_versions(spark, store, now, ["a", "b", "c", "d"])
    assert dict(rows.dtypes) == {
        "id": "int", "count": "bigint", "share": "double", "price": "decimal(20,2)", "note": "string", "_op": "string",
        "_batch": "bigint", "_captured_at": "timestamp",
    }  # fmt: skip
    found = rows.select("count", "share", "price", "note").collect()
    assert sorted(tuple(row) for row in found) == [
        (1, 0.5, Decimal("1.25"), None),
        (2, None, None, None),
        (2**40, 0.25, Decimal("2.25"), None),
        (2**41, 0.1, Decimal("123456789012345678.25"), "x"),
    ]


def test_an_object_that_is_damaged_or_gone_is_named(spark: SparkSession, lake: Lake) -> None:
    store, now = lake.processed_store, table(count="bigint")
    store.put("damaged", b"no parquet at all")
    for key in ("damaged", "gone"):
        with pytest.raises(StarTableError, match=key), explaining(now):
            read_versions(spark, store, now, [key]).collect()
