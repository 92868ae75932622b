"""Tables and partitions without what AWS Glue does not ask for: storage, columns, types, a place. Each is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.registry.tables import Damage, Tables, new_world
from tests.unit.registry.test_foreign_objects import DIMENSION, FACT, stars
from totelake.contracts.model import Table
from totelake.errors import LakeError, MismatchError
from totelake.lake.partitions import ensure_log_table, log_columns, log_name
from totelake.lake.tables import as_input, as_partition_input, columns_of, parquet_storage
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.registry import audit
from totelake.registry.agreement import of_unknown_tables
from totelake.registry.audit import audit_catalog
from totelake.registry.finish import restore_registered
from totelake.registry.register import inherited_storage
from totelake.registry.registered import registered_changes, versions

BARE: Mapping[str, Damage] = {
    "no storage": lambda entry: entry.pop("StorageDescriptor"),
    "an empty storage": lambda entry: entry.update(StorageDescriptor={}),
    "no columns": lambda entry: entry["StorageDescriptor"].pop("Columns"),
    "columns that are nothing": lambda entry: entry["StorageDescriptor"].update(Columns=None),
    "columns without types": lambda entry: [item.pop("Type") for item in entry["StorageDescriptor"]["Columns"]],
    "no place": lambda entry: entry["StorageDescriptor"].pop("Location"),
    "an empty place": lambda entry: entry["StorageDescriptor"].update(Location=""),
    "a bucket for a place": lambda entry: entry["StorageDescriptor"].update(Location="s3://elsewhere"),
    "no place in S3": lambda entry: entry["StorageDescriptor"].update(Location="elsewhere"),
}
MONTH = "s3://processed/fact_sales_order/created_month=2026-11/"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Tables:
    found = new_world(monkeypatch)
    found.use(monkeypatch, audit)
    # what is compared here are entries of the Data Catalog, the objects have no footers
    monkeypatch.setattr("totelake.registry.audit_files.FileAudit.new_file", lambda *_: [])
    return found


@pytest.mark.parametrize("how", BARE)
def test_a_bare_table_is_told_by_the_audit_alone_and_put_back_by_a_repair(
    world: Tables, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.run()
    shapes, before = world.shapes(), [as_partition_input(item) for item in world.catalog.partitions("design")]
    world.damage("design", BARE[how])
    with pytest.raises(MismatchError):
        audit_catalog(world.audit_job())
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert lines and all(line.startswith("registered table design: ") for line in lines)
    assert [as_partition_input(item) for item in world.catalog.partitions("design")] == before
    restore_registered(world.check_job(SOURCE), SOURCE)
    assert world.shapes() == shapes
    assert audit_catalog(world.audit_job()) == []


@pytest.mark.parametrize("how", BARE)
def test_a_bare_partition_is_told_by_the_audit_and_put_back_by_a_repair(
    world: Tables, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.run()
    before = [as_partition_input(item) for item in world.catalog.partitions("design")]
    (changed,) = (as_partition_input(item) for item in world.catalog.partitions("design"))
    BARE[how](changed)
    assert world.catalog.replace_partition("design", changed)
    if "columns" in how:
        # partitions get their table's columns in the night
        assert audit_catalog(world.audit_job()) == []
    else:
        with pytest.raises(MismatchError):
            audit_catalog(world.audit_job())
        assert "2026-11-24 of design: it is " in caplog.text
    restore_registered(world.check_job(SOURCE), SOURCE)
    assert [as_partition_input(item) for item in world.catalog.partitions("design")] == before
    assert audit_catalog(world.audit_job()) == []


def star(table: Table) -> MemoryCatalog:
    """A star table's log, that of a fact with a partition."""
    catalog = MemoryCatalog("star")
    ensure_log_table(catalog, table, "processed")
    if table.partition_by:
        entry = {"Values": ["2026-11"], "StorageDescriptor": parquet_storage(MONTH, log_columns(table))}
        catalog.add_partitions(log_name(table), [entry])
    return catalog


def damage(catalog: MemoryCatalog, name: str, how: str) -> None:
    present = catalog.table(name)
    assert present is not None
    changed = as_input(present)
    BARE[how](changed)
    assert catalog.replace(changed, present, keep_version=True)


@pytest.mark.parametrize("how", BARE)
@pytest.mark.parametrize("table", [DIMENSION, FACT], ids=lambda table: table.name)
def test_a_bare_log_of_a_star_table_is_told(table: Table, how: str) -> None:
    catalog, store = star(table), MemoryStore("processed")
    store.put(f"{MONTH.split('/', 3)[3]}000000000001-0.parquet", b"PAR1")
    look, _ = stars(store, catalog)
    look._files.new_file = lambda *_: []  # type: ignore[method-assign]
    assert look.run(table) == []
    damage(catalog, log_name(table), how)
    found = look.run(table)
    assert {item.where for item in found} == {f"registered table {log_name(table)}"}


@pytest.mark.parametrize("how", [how for how in BARE if "columns" not in how])
def test_a_bare_partition_of_a_star_table_is_told(how: str) -> None:
    catalog = star(FACT)
    (entry,) = (as_partition_input(item) for item in catalog.partitions(log_name(FACT)))
    BARE[how](entry)
    assert catalog.replace_partition(log_name(FACT), entry)
    look, _ = stars(MemoryStore("processed"), catalog)
    (found,) = look.run(FACT)
    assert found.what == f"registered for {log_name(FACT)}, but it has no objects"
    where = (entry.get("StorageDescriptor") or {}).get("Location") or f"2026-11 of {log_name(FACT)}"
    assert found.where == f"partition {where}"


@pytest.mark.parametrize("how", BARE)
def test_a_bare_table_has_changes_and_versions(how: str) -> None:
    catalog = star(DIMENSION)
    assert registered_changes(catalog, DIMENSION) == []
    damage(catalog, log_name(DIMENSION), how)
    is_other = "place" not in how
    assert bool(registered_changes(catalog, DIMENSION)) == is_other
    assert len(versions(catalog, DIMENSION)) == (2 if is_other else 1)


@pytest.mark.parametrize("how", BARE)
def test_a_bare_table_that_no_contract_names_is_told(how: str) -> None:
    entry: dict[str, Any] = {"Name": "other", "Parameters": {"UPDATED_BY_CRAWLER": "ours"}}
    entry["StorageDescriptor"] = parquet_storage("s3://ingestion/other/", [("id", "int")])
    BARE[how](entry)
    (found,) = of_unknown_tables([entry, {"Name": "bare", "Parameters": None}], ())
    assert found.where == "registered table other"


@pytest.mark.parametrize("how", BARE)
def test_partitions_inherit_nothing_of_a_table_without_storage(how: str) -> None:
    catalog = star(DIMENSION)
    damage(catalog, log_name(DIMENSION), how)
    if "storage" in how:
        with pytest.raises(LakeError, match="has no storage descriptor"):
            inherited_storage(catalog, log_name(DIMENSION), "")
    else:
        present = catalog.table(log_name(DIMENSION))
        assert present is not None
        inherited = {"StorageDescriptor": inherited_storage(catalog, log_name(DIMENSION), "")}
        assert columns_of(inherited) == columns_of(present)
