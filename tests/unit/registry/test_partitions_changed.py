"""Partitions that somebody changed are told by the audit, and a repair or whatever puts their table back mends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SOURCE
from tests.unit.registry.tables import DAYS, Tables, new_world
from totelake.errors import MismatchError
from totelake.lake.tables import as_partition_input, columns_input, parquet_storage
from totelake.ports.memory import MemoryCatalog
from totelake.registry import audit
from totelake.registry.agreement import of_places
from totelake.registry.audit import audit_catalog
from totelake.registry.finish import restore_registered
from totelake.registry.mend import put_partitions_back

PLACE = "s3://ingestion/totesys/design/ingested_on={}/"
CSV = {"InputFormat": "org.apache.hadoop.mapred.TextInputFormat", "OutputFormat": "text"}
Damage = Callable[[dict[str, Any]], Any]
DAMAGES: Mapping[str, Damage] = {
    "another place": lambda item: item["StorageDescriptor"].update(Location="s3://elsewhere/"),
    "the place of another day": lambda item: item["StorageDescriptor"].update(Location=PLACE.format(DAYS[1])),
    "no place": lambda item: item["StorageDescriptor"].pop("Location"),
    "another format": lambda item: item["StorageDescriptor"].update(CSV),
    "another serde": lambda item: item["StorageDescriptor"].update(SerdeInfo={"SerializationLibrary": "csv"}),
    "no serde": lambda item: item["StorageDescriptor"].update(SerdeInfo=None),
    "no format": lambda item: [item["StorageDescriptor"].pop(field) for field in (*CSV, "SerdeInfo")],
    "no input format": lambda item: item["StorageDescriptor"].pop("InputFormat"),
    "an output format that is nothing": lambda item: item["StorageDescriptor"].update(OutputFormat=None),
    "no storage": lambda item: item.pop("StorageDescriptor"),
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Tables:
    found = new_world(monkeypatch)
    found.use(monkeypatch, audit)
    # what is compared here are partitions, the objects have no footers
    monkeypatch.setattr("totelake.registry.audit_files.FileAudit.new_file", lambda *_: [])
    return found


def partitions(world: Tables) -> list[Any]:
    found = [as_partition_input(item) for item in world.catalog.partitions("design")]
    return sorted(found, key=lambda item: str(item["Values"]))


def damage(world: Tables, how: str) -> list[Any]:
    """Two days of designs, the first of which somebody changes; how they were."""
    world.run()
    world.run()
    assert audit_catalog(world.audit_job()) == []
    before = partitions(world)
    if how == "deleted":
        del world.catalog._partitions["design"][DAYS[0],]
    else:
        changed = partitions(world)[0]
        DAMAGES[how](changed)
        assert world.catalog.replace_partition("design", changed)
    assert partitions(world) != before
    return before


@pytest.mark.parametrize("how", [*DAMAGES, "deleted"])
def test_a_partition_that_somebody_changed_is_told_by_the_audit_and_mended_by_a_repair(
    world: Tables, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = damage(world, how)
    with pytest.raises(MismatchError):
        audit_catalog(world.audit_job())
    assert "repair it" in caplog.text
    restore_registered(world.check_job(SOURCE), SOURCE)
    assert partitions(world) == before
    assert audit_catalog(world.audit_job()) == []
    assert restore_registered(world.check_job(SOURCE), SOURCE) == []


@pytest.mark.parametrize("how", DAMAGES)
def test_whatever_puts_a_table_back_mends_its_partitions(world: Tables, how: str) -> None:
    before = damage(world, how)
    world.damage("design", lambda table: table.update(PartitionKeys=columns_input([("day", "string")])))
    world.check()
    assert partitions(world) == before


STORAGE = parquet_storage("s3://ingestion/totesys/design/", [("id", "int")])
STORAGES = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "Location": st.sampled_from([None, "", "s3://elsewhere/", *map(PLACE.format, DAYS)]),
        "InputFormat": st.sampled_from([None, "", "text", STORAGE["InputFormat"]]),
        "OutputFormat": st.sampled_from([None, "", "text", STORAGE["OutputFormat"]]),
        "SerdeInfo": st.sampled_from([None, {}, {"SerializationLibrary": "csv"}, STORAGE["SerdeInfo"]]),
        "Columns": st.sampled_from([None, [], STORAGE["Columns"]]),
    },
)


@given(st.lists(STORAGES, max_size=len(DAYS)))
def test_what_is_told_of_partitions_is_what_is_put_back(storages: list[dict[str, Any] | None]) -> None:
    catalog = MemoryCatalog("lake")
    catalog.create({"Name": "design", "PartitionKeys": columns_input([("ingested_on", "string")])})
    catalog.add_partitions(
        "design", [{"Values": [day], "StorageDescriptor": storage} for day, storage in zip(DAYS, storages)]
    )
    places = {(day,): PLACE.format(day) for day in DAYS}
    told = of_places(catalog.partitions("design"), places)
    assert put_partitions_back(catalog, "design", STORAGE, places) == len(told)
    assert of_places(catalog.partitions("design"), places) == []
