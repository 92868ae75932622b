"""The views over registered tables: who moves them, when, and what becomes of those that somebody changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.registry.tables import DENIED, TABLES, Tables, new_world, subjects
from totelake.errors import RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.records.verdict import LOG
from totelake.lake.tables import as_input, columns_of
from totelake.lake.views import is_view, published_batch, view_sql
from totelake.operate.maintain.recover import Recovery
from totelake.registry import audit
from totelake.registry.finish import restore_registered

VIEWS = ("current_design", "history_design")


@pytest.fixture
def world() -> Iterator[Tables]:
    with pytest.MonkeyPatch.context() as patch:
        yield new_world(patch)


def batches(world: Tables, *names: str) -> list[int]:
    """The batch that each view shows; 0 for what is no view of ours."""
    return [published_batch(world.catalog.table(name) or {}) for name in names or VIEWS]


def recovered(world: Tables) -> list[str]:
    """What each verdict lacked, in a night."""
    recovery = Recovery(world.maintain_job())
    return [recovery.verdict(manifest) for manifest in CommitLog(world.store, LOG).since(0)]


def replaced(world: Tables, name: str, **fields: Any) -> None:
    """Somebody puts something else in the place of a table or view."""
    world.damage(name, lambda found: (found.clear(), found.update({"Name": name, **fields})))


def test_each_table_gets_its_views_and_each_batch_moves_those_of_its_tables(world: Tables) -> None:
    world.run()
    world.ingest_tables(SOURCE, 2, {"design": {}})
    world.check()
    assert batches(world) == [2, 2]
    assert batches(world, "current_staff", "history_staff") == [1, 1]
    views = {item["Name"] for item in world.catalog.tables() if is_view(item)}
    assert views == {f"{kind}_{name}" for name in TABLES for kind in ("current", "history")}
    assert all(len(world.catalog.versions(name)) == 1 for name in views)
    assert world.told() == []


def test_a_held_table_keeps_its_views_until_it_is_released(world: Tables) -> None:
    pytest.importorskip("sqlglot", reason="in a checkout the queries are read by sqlglot")
    world.run()
    world.run(design={"design_name": "integer"})
    world.run(design={"design_name": "integer"})
    assert (batches(world), batches(world, "current_staff")) == ([1, 1], [3])
    world.run()
    assert batches(world) == [4, 4]


def test_views_have_a_column_that_is_added_and_a_type_that_is_wider(world: Tables) -> None:
    world.run()
    world.run(design={"design_id": "bigint", "colour": "text"})
    for name in VIEWS:
        found = dict(columns_of(world.catalog.table(name) or {}))
        assert (found["design_id"], found["colour"]) == ("bigint", "string")
    # nothing but the source's columns is shown, whatever a crawl registered
    world.damage("design", lambda found: found["StorageDescriptor"]["Columns"].append({"Name": "odd", "Type": "int"}))
    world.run(design={"design_id": "bigint", "colour": "text"})
    assert "odd" not in view_sql(world.catalog.table("current_design") or {})


def test_views_are_as_wide_as_their_table_before_it_is(world: Tables) -> None:
    world.run()
    world.catalog.refuse("design", "replace", why=RetriableError("throttled"))
    with pytest.raises(RetriableError, match="throttled"):
        world.run(design={"design_id": "bigint"})
    found = world.catalog.table("current_design") or {}
    assert (dict(columns_of(found))["design_id"], batches(world)) == ("bigint", [1, 1])
    assert dict(columns_of(world.catalog.table("design") or {}))["design_id"] == "int"


@pytest.mark.parametrize("way", ["run", "night", "repair"])
@pytest.mark.parametrize("harm", ["changed", "taken away"])
def test_a_view_that_somebody_changed_or_took_away_is_put_back(world: Tables, way: str, harm: str) -> None:
    world.run()
    before = {name: as_input(world.catalog.table(name) or {}) for name in VIEWS}
    if harm == "changed":
        # as CREATE OR REPLACE VIEW leaves it
        replaced(world, "current_design", TableType="VIRTUAL_VIEW", ViewOriginalText="/* Presto View: e30= */")
    else:
        world.catalog.drop("current_design")
    if way == "run":
        world.ingest_tables(SOURCE, 2, {"staff": {}})
        world.check()
    elif way == "night":
        assert recovered(world) == ["views"]
        assert recovered(world) == [""]
    else:
        restore_registered(world.maintain_job(), SOURCE)
    assert {name: as_input(world.catalog.table(name) or {}) for name in VIEWS} == before


def test_somebody_elses_table_or_view_of_the_name_is_left_and_told_once(world: Tables) -> None:
    theirs = [
        {"Name": "current_design", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": {"Location": "s3://theirs/"}},
        {"Name": "history_staff", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": "/* Presto View: e30= */"},
    ]
    for table in theirs:
        assert world.catalog.create(table)
    before = [world.catalog.table(str(table["Name"])) for table in theirs]
    world.run()
    world.run()
    assert recovered(world) == ["", ""]
    assert [world.catalog.table(str(table["Name"])) for table in theirs] == before
    assert batches(world) == [0, 2] and batches(world, "current_staff", "history_staff") == [2, 0]
    assert world.told() == subjects("design", "staff", what="lacks a view")
    world.catalog.drop("current_design")
    world.run()
    assert batches(world) == [3, 3]


def test_a_view_that_the_data_catalog_refuses_holds_neither_its_table_nor_another(world: Tables) -> None:
    world.run()
    world.catalog.refuse("current_design", "replace", why=DENIED)
    world.run()
    assert batches(world) == [1, 2] and batches(world, "current_staff") == [2]
    assert world.days("design") == world.days("staff") and world.told() == subjects("design", what="lacks a view")
    world.catalog.refused.clear()
    world.check()
    assert batches(world) == [2, 2]


def test_views_wait_for_a_table_that_is_left_apart(world: Tables) -> None:
    world.run()
    world.catalog.refuse("design", "add_partitions")
    world.run()
    assert (batches(world), batches(world, "current_staff")) == ([1, 1], [2])
    world.catalog.refused.clear()
    world.check()
    assert batches(world) == [2, 2]


def test_a_run_that_dies_between_a_commit_and_its_views_is_made_good(world: Tables) -> None:
    world.run()
    world.catalog.refuse("current_design", "replace", why=RetriableError("throttled"))
    with pytest.raises(RetriableError):
        world.run()
    world.catalog.refused.clear()
    assert recovered(world) == ["", "views"]
    assert batches(world) == [2, 2]


def test_a_table_that_is_gone_lacks_no_view_night_after_night(world: Tables) -> None:
    world.run()
    world.ingest_tables(SOURCE, 2, {"staff": {}})
    world.check()
    for name in ("design", *VIEWS):
        world.catalog.drop(name)
    newest = CommitLog(world.store, LOG).get(2)
    assert Recovery(world.maintain_job()).verdict(newest) == ""


def test_the_audit_has_nothing_to_say_of_views(world: Tables) -> None:
    world.run()
    with pytest.MonkeyPatch.context() as patch:
        world.use(patch, audit)
        assert [str(item) for item in audit._Audit(world.audit_job(), None)._unknown_tables()] == []  # type: ignore[arg-type]
