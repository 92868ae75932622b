"""The store and the Data Catalog in memory do what the real ones do: tests/integration/ports asks those the same."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.object_store_behaviour import CreationBehaviour, ListingBehaviour, ObjectBehaviour
from tests.schema_catalog_behaviour import (
    HistoryBehaviour,
    PartitionBehaviour,
    TableBehaviour,
    partition,
    places_of,
    table_input,
)
from totelake.errors import LakeError
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.ports.object_store import ObjectStore
from totelake.ports.schema_catalog import SchemaCatalog


@pytest.fixture
def store() -> ObjectStore:
    return MemoryStore("bucket")


@pytest.fixture
def catalog() -> SchemaCatalog:
    return MemoryCatalog("database")


class TestObjects(ObjectBehaviour):
    """MemoryStore: objects."""


class TestCreation(CreationBehaviour):
    """MemoryStore: what is written once or in parts."""


class TestListing(ListingBehaviour):
    """MemoryStore: listings."""


class TestTables(TableBehaviour):
    """MemoryCatalog: tables."""


class TestPartitions(PartitionBehaviour):
    """MemoryCatalog: partitions."""


class TestHistory(HistoryBehaviour):
    """MemoryCatalog: versions."""


def test_an_objects_age_is_by_the_stores_clock() -> None:
    then = datetime(2026, 11, 24, tzinfo=timezone.utc)
    store = MemoryStore(now=lambda: then)
    store.put("a", b"")
    assert next(store.list("")).modified == then


# TableInput: "For Hive compatibility, this is folded to lowercase when it is stored"; moto keeps it as it was given
def test_names_of_tables_are_folded_to_small_letters(catalog: SchemaCatalog) -> None:
    assert catalog.create(table_input("Design")) is True
    assert catalog.create(table_input("DESIGN")) is False
    assert [table["Name"] for table in catalog.tables()] == ["design"]
    catalog.add_partitions("DESIGN", [partition("1")])
    assert len(list(catalog.partitions("design"))) == 1 and catalog.table("dEsign") is not None


# CreatePartition refuses a partition that has not one value for each partition key; moto takes it
def test_a_partition_has_a_value_for_each_key(catalog: SchemaCatalog) -> None:
    catalog.create(table_input())
    with pytest.raises(LakeError, match="partition 1/2 of database.design"):
        catalog.add_partitions("design", [{**partition("1"), "Values": ["1", "2"]}])
    assert list(catalog.partitions("design")) == []


def test_partitions_that_fit_are_added_beside_one_that_is_refused() -> None:
    # as BatchCreatePartition does, which answers with an error for each
    catalog = MemoryCatalog()
    catalog.create(table_input())
    wrong = {**partition("2"), "Values": ["2", "x"]}
    with pytest.raises(LakeError, match="the partition 2/x of memory.design was refused"):
        catalog.add_partitions("design", [partition("1"), wrong, partition("3")])
    assert places_of(catalog) == {"1": "s3://lake/1/", "3": "s3://lake/3/"}


@pytest.mark.parametrize("key", ["k" * 1025, "\u00e9" * 513], ids=["characters", "bytes"])
def test_a_key_of_more_bytes_than_s3_takes_is_refused(key: str) -> None:
    store = MemoryStore()
    for write in (store.put, store.create):
        with pytest.raises(LakeError, match="KeyTooLongError"):
            write(key, b"x")
    store.put("k" * 1024, b"x")
