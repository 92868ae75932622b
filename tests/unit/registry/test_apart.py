"""What the Data Catalog refuses for one table leaves that table apart: told once, and made good by a later run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.registry.tables import DAYS, DENIED, TABLES, Tables, new_world, subjects
from totelake.alerts.store import ROOT
from totelake.errors import ContendedError, LakeError, QuotaError, RetriableError
from totelake.lake.keys import APART, SCHEMAS, apart_key
from totelake.lake.tables import columns_input, columns_of
from totelake.registry.finish import restore_registered

TOKENS = (16 * "a", 16 * "b")
LEFT, TAKEN_UP = "is left apart", "is taken up again"
CALLS = ("table", "replace", "partitions", "add_partitions", "replace_partitions")
# by what a batch or somebody does meanwhile: the types that differ, and the calls that it needs
CHANGES: Mapping[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "nothing": ({}, ("table", "add_partitions")),
    "a wider type": ({"design_id": "bigint"}, CALLS),
    "a new column": ({"colour": "text"}, CALLS),
    "the table dropped": ({}, ("table", "partitions", "add_partitions")),
}


def hourly(table: dict[str, Any]) -> None:
    """Give a table one more partition key, with which it takes none of our partitions."""
    table["PartitionKeys"] = columns_input([("ingested_on", "string"), ("hour", "string")])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Tables:
    return new_world(monkeypatch)


def marks(world: Tables) -> list[str]:
    """The folders with a mark."""
    return [item.key.rsplit("/", 1)[0] for item in world.store.list(f"{APART}/")]


def schemas(world: Tables) -> list[str]:
    """The schemas that builders find."""
    return [item.key for item in world.store.list(f"{SCHEMAS}/")]


def happen(world: Tables, change: str) -> None:
    """Two batches and a change between them."""
    world.run()
    if change == "the table dropped":
        world.catalog.drop("design")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_call_is_refused_for_a_table_it_alone_waits_and_a_later_run_makes_it_good(
    world: Tables, change: str, call: str
) -> None:
    undisturbed = Tables()
    types, needed = CHANGES[change]
    for each in (undisturbed, world):
        happen(each, change)
    world.catalog.refuse("design", call)
    for each in (undisturbed, world):
        each.run(design=types)
        each.check()
    is_apart = call in needed
    assert world.told() == (subjects("design", what=LEFT) if is_apart else [])
    assert marks(world) == ([f"{APART}/{SOURCE}/design"] if is_apart else [])
    assert schemas(world) == schemas(undisturbed)
    world.catalog.refused.clear()
    assert all(world.days(name) == list(DAYS[:2]) for name in TABLES if name != "design")
    world.check()
    assert world.told() == (subjects("design", what=LEFT) + subjects("design", what=TAKEN_UP) if is_apart else [])
    assert marks(world) == []
    assert world.shapes() == undisturbed.shapes()
    assert world.days("design") == list(DAYS[:2])
    assert {str(item["StorageDescriptor"]["Columns"]) for item in world.catalog.partitions("design")} == {
        str(item["StorageDescriptor"]["Columns"]) for item in undisturbed.catalog.partitions("design")
    }


def test_a_table_is_taken_up_by_a_run_that_brings_no_rows_of_it(world: Tables) -> None:
    world.run()
    world.catalog.refuse("design", "add_partitions")
    world.run()
    world.catalog.refused.clear()
    world.ingest_tables(SOURCE, 3, {"staff": {}})
    world.check()
    assert world.days("design") == list(DAYS[:2]) and marks(world) == []


def test_a_table_that_is_refused_again_is_told_again(world: Tables) -> None:
    for number in (1, 2):
        world.run()
        world.catalog.refuse("design", "add_partitions")
        world.run()
        world.catalog.refused.clear()
        world.check()
        assert world.told() == sorted(number * (subjects("design", what=LEFT) + subjects("design", what=TAKEN_UP)))
    counts = [(name, dimensions["Table"]) for job in world.jobs for name, _, dimensions in job.metrics]
    assert counts == 2 * [("TablesHeld", "design"), ("TablesReleased", "design")]


def test_other_objects_among_the_marks_are_no_marks(world: Tables) -> None:
    others = ("", "nothing", "design", "design/x", "design/ffff-0000.json", f"design/{16 * 'g'}-{16 * '0'}.json")
    for key in (f"{APART}/x", *(f"{APART}/{SOURCE}/{name}" for name in others), apart_key(SOURCE, "nothing", *TOKENS)):
        world.store.put(key, b"words")
    before = marks(world)
    world.run()
    assert (world.told(), marks(world)) == ([], before)


def test_a_run_that_dies_once_it_has_left_the_mark_leaves_nothing_untold(world: Tables) -> None:
    world.run()
    world.store.put(apart_key(SOURCE, "design", *TOKENS), b"")
    world.catalog.refuse("design", "table")
    world.run()
    assert world.told() == subjects("design", what=LEFT)


def test_a_run_that_dies_once_it_has_told_of_the_end_leaves_the_next_refusal_to_be_told(
    world: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: Any) -> None:
        raise RetriableError("the store is gone")

    world.run()
    world.catalog.refuse("design", "add_partitions")
    world.run()
    world.catalog.refused.clear()
    with monkeypatch.context() as patch, pytest.raises(RetriableError, match="the store is gone"):
        patch.setattr(world.store, "delete", die)
        world.check()
    once = subjects("design", what=LEFT) + subjects("design", what=TAKEN_UP)
    assert world.told() == once
    world.catalog.refuse("design", "add_partitions")
    for again in (world.run, world.check):
        again()
        assert world.told() == sorted(once + subjects("design", what=LEFT))
    world.catalog.refused.clear()
    for _ in range(2):
        world.check()
        assert (world.told(), marks(world)) == (sorted(2 * once), [])
    assert world.days("design") == list(DAYS[:3])


def test_a_repair_puts_the_others_back_and_says_what_is_refused(world: Tables) -> None:
    world.run()
    before = world.shapes()
    for name in ("design", "staff"):
        world.damage(name, hourly)
    world.catalog.refuse("design", "replace")
    with pytest.raises(LakeError, match=str(DENIED)):
        restore_registered(world.check_job(SOURCE), SOURCE)
    assert world.shape("staff") == before["staff"]
    world.catalog.refused.clear()
    assert restore_registered(world.check_job(SOURCE), SOURCE) == ["design"]
    assert world.shapes() == before and marks(world) == []


def test_a_table_that_cannot_be_put_back_is_left_apart_and_told_once(world: Tables) -> None:
    world.run()
    before = world.shapes()
    world.damage("design", hourly)
    world.catalog.refuse("design", "replace")
    for _ in range(2):
        world.run()
        world.check()
    assert world.told() == [*subjects("design", what=LEFT), *subjects("design")]
    held = [found for job in world.jobs for found in job.metrics if found[0] == "TablesHeld"]
    assert held == [("TablesHeld", 1, {"Source": SOURCE, "Table": "design"})]
    assert [world.days(name) for name in TABLES if name != "design"] == [list(DAYS[:3])] * 3
    assert world.days("design") == list(DAYS[:1])
    world.catalog.refused.clear()
    world.check()
    assert world.shapes() == before and world.days("design") == list(DAYS[:3])
    assert world.told() == [*subjects("design", what=LEFT), *subjects("design", what=TAKEN_UP), *subjects("design")]


def test_what_is_refused_for_each_of_several_tables_fails_the_run_and_leaves_none_apart(world: Tables) -> None:
    world.run()
    before = world.shapes()
    for name in ("design", "staff"):
        world.damage(name, hourly)
        world.catalog.refuse(name, "replace")
    for again in (world.run, world.check):
        with pytest.raises(LakeError, match="AccessDeniedException"):
            again()
    assert world.told() == subjects("design", "staff")
    assert [found for job in world.jobs for found in job.metrics if found[0] == "TablesHeld"] == []
    del world.catalog.refused["staff", "replace"]
    world.check()
    assert world.told() == [*subjects("design", what=LEFT), *subjects("design", "staff")]
    assert world.days("staff") == list(DAYS[:2]) and world.days("design") == list(DAYS[:1])
    world.catalog.refused.clear()
    world.check()
    assert world.shapes() == before and world.days("design") == list(DAYS[:2])


def test_tables_that_come_to_be_refused_one_after_the_other_stay_apart_each_by_itself(world: Tables) -> None:
    world.run()
    for name in ("design", "staff"):
        world.damage(name, hourly)
        world.catalog.refuse(name, "replace")
        world.run()
    world.check()
    assert len(world.told()) == 4
    assert world.days("currency") == list(DAYS[:3])


def test_a_mail_before_the_table_is_put_back_does_not_say_that_it_is(world: Tables) -> None:
    world.run()
    world.damage("design", hourly)
    world.catalog.refuse("design", "replace", why=LakeError("no"))
    world.run()
    bodies = [json.loads(world.store.get(item.key))["body"] for item in world.store.list(f"{ROOT}/incidents/catalog")]
    changed, apart = sorted(bodies, key=lambda body: "stays as it is" in body)
    assert "or tells why not" in changed and "is put back" not in changed and "Nothing has to be done" not in changed
    assert "The table lake.design stays as it is: no." in apart


def test_what_passes_is_no_reason_to_leave_a_table_apart(world: Tables) -> None:
    world.run()
    world.damage("design", hourly)
    world.catalog.refuse("design", "replace", why=RetriableError("busy"))
    with pytest.raises(RetriableError, match="^busy$"):
        world.run()
    world.catalog.refused.clear()
    world.check()
    assert world.days("design") == list(DAYS[:2]) and world.told() == subjects("design")


# what one table may have by itself, and what ends it
STUCK: Mapping[str, Exception] = {
    "too many versions": QuotaError("UpdateTable failed with ResourceNumberLimitExceededException: too many versions"),
    "others change it all the time": ContendedError("the table lake.design is changed by others all the time"),
}
WIDER = {"design_id": "bigint"}


@pytest.mark.parametrize("why", STUCK)
def test_what_may_pass_for_one_table_alone_leaves_it_apart(world: Tables, why: str) -> None:
    world.run()
    world.catalog.refuse("design", "replace", why=STUCK[why])
    world.run(design=WIDER)
    assert world.told() == subjects("design", what=LEFT) and str(STUCK[why]) in told_text(world)
    assert [world.days(name) for name in TABLES if name != "design"] == [list(DAYS[:2])] * 3
    world.catalog.refused.clear()
    world.check()
    assert world.days("design") == list(DAYS[:2]) and marks(world) == []


@pytest.mark.parametrize("why", STUCK)
def test_what_may_pass_and_every_table_has_fails_the_run(world: Tables, why: str) -> None:
    world.run()
    for name in TABLES:
        world.catalog.refuse(name, "add_partitions", why=STUCK[why])
    with pytest.raises(RetriableError, match=str(STUCK[why])):
        world.run()
    assert world.told() == marks(world) == []


def test_a_table_whose_changes_others_always_overtake_is_left_apart(
    world: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run()
    replace = world.catalog.replace
    monkeypatch.setattr("totelake.lake.tables.random.uniform", lambda *_: 0)
    with monkeypatch.context() as patch:
        patch.setattr(world.catalog, "replace", lambda table, *how: table["Name"] != "design" and replace(table, *how))
        world.run(design=WIDER)
    assert world.told() == subjects("design", what=LEFT)
    assert [world.days(name) for name in TABLES if name != "design"] == [list(DAYS[:2])] * 3
    world.check()
    assert world.days("design") == list(DAYS[:2]) and marks(world) == []
    assert dict(columns_of(world.catalog.table("design") or {}))["design_id"] == "bigint"


def told_text(world: Tables) -> str:
    """All alerts, as they are stored."""
    return "".join(world.store.get(item.key).decode() for item in world.store.list(f"{ROOT}/incidents/catalog"))
