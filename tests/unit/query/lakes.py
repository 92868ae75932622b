"""The lake of `totelake query` without a server: buckets and a Data Catalog in memory."""

from __future__ import annotations

import io
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from totelake.lake.tables import columns_input, parquet_storage
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.query import lake
from totelake.query.cache import Cache

BUCKET, DATABASE = "processed", "star"
OURS = "000000000001-0.parquet"
COLUMNS = [("staff_id", "int"), ("name", "string")]


def parquet(**values: Any) -> bytes:
    """A parquet file of one row."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([values]), sink)
    return sink.getvalue()


ROW = parquet(staff_id=1, name="Ada")
PRICES = [("unit_price", "decimal(10,2)"), ("units", "int"), ("total", "decimal(18,3)"), ("many", "bigint")]
PRICE = parquet(
    unit_price=Decimal("99999999.99"), units=2**31 - 1, total=Decimal("999999999999999.999"), many=2**63 - 1
)


class MemoryLake:
    """A table without partitions (`dim_staff`), one with a partition (`fact_order`) and one of decimals (`price`)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.catalog = MemoryStore(BUCKET), MemoryCatalog(DATABASE)
        monkeypatch.setattr(lake, "S3Store", lambda _, bucket: self.store)
        monkeypatch.setattr(lake, "GlueCatalog", lambda *_: self.catalog)
        self.create("dim_staff", {})
        self.create("fact_order", {"month": "2026-11"})
        self.create("price", {}, PRICES, PRICE)

    def create(
        self, name: str, partition: Mapping[str, str], columns: list[tuple[str, str]] = COLUMNS, row: bytes = ROW
    ) -> None:
        """A registered table of these columns with one object."""
        place = "/".join([name, *(f"{key}={value}" for key, value in partition.items())])
        keys = columns_input([(key, "string") for key in partition])
        storage = parquet_storage(self.store.address(f"{name}/"), columns)
        self.catalog.create({"Name": name, "StorageDescriptor": storage, "PartitionKeys": keys})
        if partition:
            located = {**storage, "Location": self.store.address(f"{place}/")}
            self.catalog.add_partitions(name, [{"Values": list(partition.values()), "StorageDescriptor": located}])
        self.store.put(f"{place}/{OURS}", row)

    def ask(self, sql: str, folder: Path, stack: str = "one") -> list[Any]:
        """The rows of a query by a cache in that folder."""
        clients: Any = SimpleNamespace(s3=None, glue=None)
        return list(lake.Lake(clients, DATABASE, Cache(folder, stack)).ask(sql).rows)
