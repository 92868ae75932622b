"""A registered table that somebody changes holds no other: it is put back and told once, or left apart until it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SOURCE
from tests.unit.registry.tables import DAYS, TABLES, Damage, Tables, new_world, subjects
from totelake.lake.tables import columns_input, columns_of
from totelake.registry.finish import restore_registered


def storage(**fields: Any) -> Damage:
    return lambda table: table["StorageDescriptor"].update(fields)


def columns(change: Callable[[list[tuple[str, str]]], list[tuple[str, str]]]) -> Damage:
    """Other columns than the table has."""

    def damage(table: dict[str, Any]) -> None:
        table["StorageDescriptor"]["Columns"] = columns_input(change(columns_of(table)))

    return damage


def parameters(**more: str) -> Damage:
    return lambda table: table.update(Parameters={**table["Parameters"], **more})


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
    "a column twice": columns(lambda found: [*found, found[0]]),
    "a column twice but for case and type": columns(lambda found: [*found, (found[0][0].upper(), "string")]),
    "no columns": storage(Columns=None),
    "a column of the partition key's name": columns(lambda found: [*found, ("ingested_on", "date")]),
    "location changed": storage(Location="s3://elsewhere/"),
    "location removed": lambda table: table["StorageDescriptor"].pop("Location"),
    "format changed": storage(InputFormat="org.apache.hadoop.mapred.TextInputFormat", SerdeInfo={}),
    "partition keys removed": keys(),
    "a partition key added": keys(("ingested_on", "string"), ("hour", "string")),
    "a partition key renamed": keys(("day", "string")),
    "a partition key of another type": keys(("ingested_on", "date")),
    "made an Iceberg table": parameters(table_type="ICEBERG", metadata_location="s3://x/1.json"),
    "made a Delta table": parameters(**{"spark.sql.sources.provider": "delta"}),
    "partitions projected": parameters(**{"projection.enabled": "true", "projection.ingested_on.type": "date"}),
    "classified as csv": parameters(classification="csv"),
    "storage removed": lambda table: table.pop("StorageDescriptor"),
    "made a view": lambda table: table.update(TableType="VIRTUAL_VIEW", ViewOriginalText="select 1"),
    "everything": lambda table: (table.pop("StorageDescriptor"), table.update(PartitionKeys=[], Parameters={})),
}
# what neither readers nor jobs need: it stays as somebody wants it
HARMLESS: Mapping[str, Damage] = {
    "parameters removed": lambda table: table.update(Parameters={}),
    "one more parameter": parameters(owner="us", classification="parquet", **{"projection.enabled": "false"}),
    "described": lambda table: table.update(Description="ours"),
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Tables:
    return new_world(monkeypatch)


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


def test_a_repair_of_the_catalog_puts_all_of_them_back(world: Tables) -> None:
    world.run()
    before = world.shapes()
    for name, damage in zip(TABLES, ("storage removed", "location changed", "a column removed", "everything")):
        world.damage(name, DAMAGES[damage])
    assert restore_registered(world.check_job(SOURCE), SOURCE) == list(TABLES)
    assert world.shapes() == before
    assert restore_registered(world.check_job(SOURCE), SOURCE) == []
