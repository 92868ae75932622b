"""Columns with capitals: Data Catalog, crawler and audit have them in lower case, parquet as the source has them."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import SOURCE
from tests.unit.registry.memory import MemoryRegistry
from totelake.contracts import load_contracts
from totelake.contracts.model import TableId
from totelake.lake.tables import columns_input, parquet_storage
from totelake.ports.memory import MemoryCatalog
from totelake.registry import audit, check, finish, registered
from totelake.registry.agreement import known_columns, of_registered
from totelake.registry.audit import audit_catalog
from totelake.registry.check import check_schemas
from totelake.registry.register import columns_for, has_new_columns, lacking, set_schema
from totelake.schemas.columns import SourceColumn

DESIGN = load_contracts().table(TableId(SOURCE, "design"))
NOTED = (
    *(SourceColumn(column.name, column.type, column.required) for column in DESIGN.columns),
    SourceColumn("deliveryNote", "text", False),
)
PLAIN = [(column.name, "string") for column in DESIGN.columns]
BY_CRAWLER = columns_input([*PLAIN, ("deliverynote", "string")])
OF_BEFORE = columns_input([*PLAIN, ("deliveryNote", "string")])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> MemoryRegistry:
    found = MemoryRegistry()
    found.use(monkeypatch, audit, check, finish, registered)
    return found


def parquet() -> bytes:
    """Events as capture writes them: names as the source has them."""
    fields = [pa.field(column.name, column.arrow) for column in NOTED]
    metadata = [
        ("_op", pa.string()),
        ("_batch", pa.int64()),
        ("_captured_at", pa.timestamp("us")),
        ("_xid", pa.int64()),
    ]
    stored = io.BytesIO()
    pq.write_table(pa.schema([*fields, *metadata]).empty_table(), stored)
    return stored.getvalue()


def registered_names(world: MemoryRegistry) -> list[str]:
    table = world.catalog.table("design")
    assert table is not None
    return [item["Name"] for item in table["StorageDescriptor"]["Columns"]]


def test_a_column_with_capitals_is_registered_in_lower_case_and_no_night_disagrees(world: MemoryRegistry) -> None:
    world.ingest(SOURCE, 1, content=parquet(), deliveryNote="text")
    assert check_schemas(world.check_job(SOURCE)) is not None
    names = registered_names(world)
    assert "deliverynote" in names and "deliveryNote" not in names
    for _ in range(2):
        assert audit_catalog(world.audit_job()) == []
    world.ingest(SOURCE, 2, content=parquet(), deliveryNote="text")
    assert check_schemas(world.check_job(SOURCE)) is not None
    assert audit_catalog(world.audit_job()) == []
    assert registered_names(world) == names


@pytest.mark.parametrize("present", [BY_CRAWLER, OF_BEFORE], ids=["crawler", "earlier release"])
def test_what_is_registered_is_the_column_whatever_its_case(present: list[dict[str, str]]) -> None:
    assert not has_new_columns(present, NOTED)
    assert [name for name, _ in columns_for(present, NOTED)].count("deliverynote") == 1
    assert lacking([{**item, "Type": kind} for item, kind in zip(present, _kinds())], NOTED) == {}


def test_names_of_an_earlier_release_and_of_a_crawl_become_one_column() -> None:
    catalog = MemoryCatalog("lake")
    storage = parquet_storage("s3://lake/totesys/design/", [])
    catalog.create({"Name": "design", "StorageDescriptor": {**storage, "Columns": [*OF_BEFORE, BY_CRAWLER[-1]]}})
    broken = catalog.table("design")
    assert broken is not None
    known = known_columns(DESIGN, [NOTED])
    words = [item.what for item in of_registered(DESIGN, broken, "s3://lake/totesys/design/", known)]
    assert "it has deliverynote more than once but for case, which Athena refuses; repair it" in words
    assert set_schema(catalog, "design", NOTED)
    mended = catalog.table("design")
    assert mended is not None
    assert [item["Name"] for item in mended["StorageDescriptor"]["Columns"]] == [item["Name"] for item in BY_CRAWLER]
    assert of_registered(DESIGN, mended, "s3://lake/totesys/design/", known) == []


def _kinds() -> list[str]:
    known = known_columns(DESIGN, [NOTED])
    return [next(iter(known[item["Name"]])) for item in BY_CRAWLER]
