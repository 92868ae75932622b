"""A registered table that somebody changes holds no other: it is put back and told once, or left apart until it can."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SOURCE
from tests.unit.registry.memory import MemoryRegistry
from totelake.alerts.store import ROOT
from totelake.errors import LakeError, RetriableError
from totelake.lake.tables import as_input, columns_input, columns_of
from totelake.ports.memory import MemoryCatalog
from totelake.ports.schema_catalog import Document
from totelake.registry import check, finish, registered
from totelake.registry.check import check_schemas
from totelake.registry.finish import restore_registered

TABLES = ("currency", "department", "design", "staff")
DAYS = ("2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27")
Damage = Callable[[dict[str, Any]], Any]


def storage(**fields: Any) -> Damage:
    return lambda table: table["StorageDescriptor"].update(fields)


def columns(change: Callable[[list[tuple[str, str]]], list[tuple[str, str]]]) -> Damage:
    """Other columns than the table has."""

    def damage(table: dict[str, Any]) -> None:
        table["StorageDescriptor"]["Columns"] = columns_input(change(columns_of(table)))

    return damage


def keys(*names: tuple[str, str]) -> Damage:
    return lambda table: table.update(PartitionKeys=columns_input(list(names)))


DAMAGES: Mapping[str, Damage] = {
    "a column removed": columns(lambda found: found[1:]),
    "a column of the lake removed": columns(lambda found: [item for item in found if item[0] != "_batch"]),
    "all columns removed": columns(lambda _: []),
    "a column renamed": columns(lambda found: [("other", found[0][1]), *found[1:]]),
    "types changed": columns(lambda found: [(name, "binary") for name, _ in found]),
    "types narrowed": columns(lambda found: [(name, "tinyint" if kind == "int" else kind) for name, kind in found]),
    "types and names changed": columns(lambda found: [(f"{name}x", "boolean") for name, _ in found]),
    "types gone": lambda table: storage(
        Columns=[{"Name": item["Name"]} for item in table["StorageDescriptor"]["Columns"]]
    )(table),
    "location changed": storage(Location="s3://elsewhere/"),
    "location removed": lambda table: table["StorageDescriptor"].pop("Location"),
    "format changed": storage(InputFormat="org.apache.hadoop.mapred.TextInputFormat", SerdeInfo={}),
    "partition keys removed": keys(),
    "a partition key added": keys(("ingested_on", "string"), ("hour", "string")),
    "a partition key renamed": keys(("day", "string")),
    "a partition key of another type": keys(("ingested_on", "date")),
    "storage removed": lambda table: table.pop("StorageDescriptor"),
    "made a view": lambda table: table.update(TableType="VIRTUAL_VIEW", ViewOriginalText="select 1"),
    "everything": lambda table: (table.pop("StorageDescriptor"), table.update(PartitionKeys=[], Parameters={})),
}
# what neither readers nor jobs need: it stays as somebody wants it
HARMLESS: Mapping[str, Damage] = {
    "parameters removed": lambda table: table.update(Parameters={}),
    "described": lambda table: table.update(Description="ours"),
}


class Tables(MemoryRegistry):
    """Batches of several tables, judged one after the other; `refused` are tables that nobody may update."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = 0
        self.refused: dict[str, Exception] = {}
        world, catalog = self, self.catalog

        class Refusing(MemoryCatalog):
            def replace(self, table: Document, over: Document, keep_version: bool) -> bool:
                if str(table["Name"]) in world.refused:
                    raise world.refused[str(table["Name"])]
                return super().replace(table, over, keep_version)

        self.catalog = Refusing(catalog.database)
        self.jobs: list[Any] = []

    def run(self, **types: Mapping[str, str]) -> None:
        """A batch of all tables on a day of its own, and the job that judges it."""
        self.day, self.batches = DAYS[self.batches], self.batches + 1
        self.ingest_tables(SOURCE, self.batches, {name: types.get(name, {}) for name in TABLES})
        self.check()

    def check(self) -> None:
        self.jobs.append(self.check_job(SOURCE))
        check_schemas(self.jobs[-1])

    def damage(self, name: str, damage: Damage) -> None:
        present = self.catalog.table(name)
        assert present is not None
        changed = as_input(present)
        damage(changed)
        assert self.catalog.replace(changed, present, keep_version=True)

    def shape(self, name: str) -> dict[str, Any]:
        """What makes a table readable."""
        table = self.catalog.table(name)
        assert table is not None
        found = table["StorageDescriptor"]
        fields = {field: found.get(field) for field in ("Location", "InputFormat", "OutputFormat", "SerdeInfo")}
        kind = {"kind": table.get("TableType") == "VIRTUAL_VIEW", "keys": table["PartitionKeys"]}
        return {**fields, **kind, "columns": sorted(columns_of(table))}

    def shapes(self) -> dict[str, Any]:
        return {name: self.shape(name) for name in TABLES}

    def version(self, name: str) -> str:
        found = self.catalog.table(name)
        assert found is not None
        return str(found["VersionId"])

    def days(self, name: str) -> list[str]:
        """The partitions that are registered."""
        return sorted(item["Values"][0] for item in self.catalog.partitions(name))

    def told(self) -> list[str]:
        """The subjects of the alerts."""
        listed = self.store.list(f"{ROOT}/incidents/catalog")
        return sorted(json.loads(self.store.get(item.key))["subject"] for item in listed)


def new_world(patch: pytest.MonkeyPatch) -> Tables:
    found = Tables()
    found.use(patch, check, finish, registered)
    # the pause that readers of a catalogue need
    patch.setattr("totelake.lake.partition_columns.PLANNING", 0)
    return found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Tables:
    return new_world(monkeypatch)


def subjects(*names: str, what: str = "was changed") -> list[str]:
    return [f"{SOURCE}.{name} {what} in the Data Catalog" for name in sorted(names)]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_table_that_somebody_changed_is_put_back_and_told_once(world: Tables, damage: str) -> None:
    world.run()
    before, versions = world.shapes(), {name: world.version(name) for name in TABLES}
    world.damage("design", DAMAGES[damage])
    world.run()
    assert world.shapes() == before
    assert world.told() == subjects("design")
    world.check()
    world.run()
    assert world.told() == subjects("design")
    assert all(world.days(name) == list(DAYS[:3]) for name in TABLES)
    assert all(world.version(name) == versions[name] for name in TABLES if name != "design")


@pytest.mark.parametrize("damage", HARMLESS)
def test_what_nothing_needs_stays_as_somebody_wants_it(world: Tables, damage: str) -> None:
    world.run()
    world.damage("design", HARMLESS[damage])
    changed = world.version("design")
    world.run()
    assert (world.version("design"), world.told(), world.days("design")) == (changed, [], list(DAYS[:2]))


@given(st.dictionaries(st.sampled_from(TABLES), st.sampled_from(sorted(DAMAGES)), min_size=1), st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_tables_changed_in_any_way_hold_no_other(damaged: dict[str, str], is_wider: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        world = new_world(patch)
        world.run()
        before = world.shapes()
        for name, damage in damaged.items():
            world.damage(name, DAMAGES[damage])
        world.run(**({"design": {"design_id": "bigint", "colour": "text"}} if is_wider else {}))
        after = world.shapes()
        assert {**after, "design": before["design"]} == before
        found = dict(after["design"]["columns"])
        assert (found["design_id"], found.get("colour")) == (("bigint", "string") if is_wider else ("int", None))
        assert {**after["design"], "columns": ()} == {**before["design"], "columns": ()}
        assert all(world.days(name) == list(DAYS[:2]) for name in TABLES)
        # a new schema of a table puts its columns right by itself
        told = set(world.told())
        assert told <= set(subjects(*damaged)) and told >= set(subjects(*damaged.keys() - {"design"}))


def test_a_table_that_cannot_be_put_back_is_left_apart_told_once_and_taken_up_by_itself(world: Tables) -> None:
    world.run()
    before = world.shapes()
    world.damage("design", DAMAGES["a partition key added"])
    world.refused["design"] = LakeError("UpdateTable failed with AccessDeniedException: no")
    for _ in range(2):
        world.run()
        world.check()
    assert world.told() == [*subjects("design", what="cannot be put back"), *subjects("design")]
    held = [found for job in world.jobs for found in job.metrics if found[0] == "TablesHeld"]
    assert held == [("TablesHeld", 1, {"Source": SOURCE, "Table": "design"})]
    assert [world.days(name) for name in TABLES if name != "design"] == [list(DAYS[:3])] * 3
    assert world.days("design") == list(DAYS[:1])
    world.refused.clear()
    world.check()
    assert world.shapes() == before and world.days("design") == list(DAYS[:3])
    assert len(world.told()) == 2


def test_what_is_refused_for_each_of_several_tables_fails_the_run_and_leaves_none_apart(world: Tables) -> None:
    world.run()
    before = world.shapes()
    for name in ("design", "staff"):
        world.damage(name, DAMAGES["a partition key added"])
        world.refused[name] = LakeError("UpdateTable failed with AccessDeniedException: no")
    for again in (world.run, world.check):
        with pytest.raises(LakeError, match="AccessDeniedException"):
            again()
    assert world.told() == subjects("design", "staff")
    assert [found for job in world.jobs for found in job.metrics if found[0] == "TablesHeld"] == []
    del world.refused["staff"]
    world.check()
    assert world.told() == [*subjects("design", what="cannot be put back"), *subjects("design", "staff")]
    assert world.days("staff") == list(DAYS[:2]) and world.days("design") == list(DAYS[:1])
    world.refused.clear()
    world.check()
    assert world.shapes() == before and world.days("design") == list(DAYS[:2])


def test_tables_that_come_to_be_refused_one_after_the_other_stay_apart_each_by_itself(world: Tables) -> None:
    world.run()
    for name in ("design", "staff"):
        world.damage(name, DAMAGES["a partition key added"])
        world.refused[name] = LakeError("UpdateTable failed with AccessDeniedException: no")
        world.run()
    world.check()
    assert len(world.told()) == 4
    assert world.days("currency") == list(DAYS[:3])


def test_a_mail_before_the_table_is_put_back_does_not_say_that_it_is(world: Tables) -> None:
    world.run()
    world.damage("design", DAMAGES["a partition key added"])
    world.refused["design"] = LakeError("no")
    world.run()
    bodies = [json.loads(world.store.get(item.key))["body"] for item in world.store.list(f"{ROOT}/incidents/catalog")]
    changed, apart = sorted(bodies, key=lambda body: "stays so" in body)
    assert "or tells why not" in changed and "is put back" not in changed and "Nothing has to be done" not in changed
    assert "It stays so: no." in apart


def test_what_passes_is_no_reason_to_leave_a_table_apart(world: Tables) -> None:
    world.run()
    world.damage("design", DAMAGES["a column removed"])
    world.refused["design"] = RetriableError("busy")
    with pytest.raises(RetriableError, match="^busy$"):
        world.run()
    world.refused.clear()
    world.check()
    assert world.days("design") == list(DAYS[:2]) and world.told() == subjects("design")


def test_a_repair_of_the_catalog_puts_all_of_them_back(world: Tables) -> None:
    world.run()
    before = world.shapes()
    for name, damage in zip(TABLES, ("storage removed", "location changed", "a column removed", "everything")):
        world.damage(name, DAMAGES[damage])
    assert restore_registered(world.check_job(SOURCE), SOURCE) == list(TABLES)
    assert world.shapes() == before
    assert restore_registered(world.check_job(SOURCE), SOURCE) == []
