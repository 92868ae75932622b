"""Somebody else's table of one of our names: nobody changes it, it is told once, and ours comes when it goes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.registry.tables import DAYS, TABLES, Tables, new_world, subjects
from totelake.errors import LakeError, MismatchError
from totelake.lake.tables import as_input, as_partition_input, columns_input, parquet_storage
from totelake.registry import audit
from totelake.registry.audit import audit_catalog
from totelake.registry.finish import restore_registered

ELSEWHERE = "s3://ingestion/totesys/designs/"
DAILY = columns_input([("day", "string")])
STRANGERS: dict[str, dict[str, Any]] = {
    "a table": {"StorageDescriptor": parquet_storage(ELSEWHERE, [("id", "int")])},
    "a table with partitions": {"StorageDescriptor": parquet_storage(ELSEWHERE, []), "PartitionKeys": DAILY},
    "a table that another crawler made": {
        "StorageDescriptor": parquet_storage("s3://theirs/design/", []),
        "Parameters": {"UPDATED_BY_CRAWLER": "theirs"},
    },
    "a view": {"TableType": "VIRTUAL_VIEW", "ViewOriginalText": "select 1"},
    "an Iceberg table": {"Parameters": {"table_type": "ICEBERG", "metadata_location": "s3://theirs/design/1.json"}},
    "nothing but a name": {},
}
WHY = "it is not of totelake's making"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Tables:
    found = new_world(monkeypatch)
    found.use(monkeypatch, audit)
    return found


def settle(world: Tables, stranger: str) -> Any:
    """Somebody else's design is there; all that is registered of it."""
    assert world.catalog.create({"Name": "design", **STRANGERS[stranger]})
    if stranger == "a table with partitions":
        there = {"Values": ["1"], "StorageDescriptor": parquet_storage(f"{ELSEWHERE}day=1/", [])}
        world.catalog.add_partitions("design", [there])
    return state(world)


def state(world: Tables) -> Any:
    table = world.catalog.table("design")
    assert table is not None
    return as_input(table), [as_partition_input(item) for item in world.catalog.partitions("design")]


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("came", ["before the first batch", "when ours was dropped"])
def test_a_strangers_table_stays_and_is_told_and_ours_comes_when_it_is_dropped(
    world: Tables, came: str, stranger: str, caplog: pytest.LogCaptureFixture
) -> None:
    if came == "when ours was dropped":
        world.run()
        world.catalog.drop("design")
    before = settle(world, stranger)
    for _ in range(2):
        world.run()
        world.check()
    with pytest.raises(LakeError, match=WHY):
        restore_registered(world.check_job(SOURCE), SOURCE)
    with pytest.raises(MismatchError):
        audit_catalog(world.audit_job())
    assert f"registered table design: {WHY}" in caplog.text
    assert state(world) == before
    assert world.told() == subjects("design", what="is left apart")
    count = world.batches
    assert [world.days(name) for name in TABLES if name != "design"] == [list(DAYS[:count])] * 3
    world.catalog.drop("design")
    world.check()
    assert world.days("design") == list(DAYS[:count])
    assert world.shape("design")["Location"] == "s3://ingestion/totesys/design/"
