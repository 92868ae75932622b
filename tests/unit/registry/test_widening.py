"""Columns that become wider: at every moment Athena reads what is registered, whenever a run dies or others come."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SOURCE
from tests.engine import Killed, Watched
from tests.unit.registry.memory import MemoryRegistry
from totelake.lake.commits import CommitLog
from totelake.lake.partition_columns import partitions_behind
from totelake.lake.records.batch import schema_of
from totelake.lake.tables import columns_of
from totelake.registry import audit, check, finish, registered
from totelake.registry.audit import audit_catalog
from totelake.registry.check import check_schemas
from totelake.registry.finish import restore_registered
from totelake.registry.register import hive_columns

WIDENINGS = {
    "whole": ("smallint", "integer", "bigint"),
    "money": ("numeric(10,2)", "numeric(12,2)", "numeric(18,2)", "numeric(38,2)"),
    "inexact": ("real", "double precision"),
}
NARROW: Mapping[str, str] = {name: kinds[0] for name, kinds in WIDENINGS.items()}
WIDE: Mapping[str, str] = {name: kinds[-1] for name, kinds in WIDENINGS.items()}
DAYS = ("2026-11-24", "2026-11-25", "2026-11-26")
# a batch: its day, and how far each column is widened by then
BATCHES = st.lists(st.tuples(st.integers(0, 2), *(st.integers(0, len(kinds) - 1) for kinds in WIDENINGS.values())))


class Widening(MemoryRegistry):
    """Batches of designs with columns that no contract has, looked at after every write."""

    def __init__(self) -> None:
        super().__init__()
        self._objects: dict[str, Mapping[str, str]] = {}
        self.watched = Watched(self.store, self.catalog, lambda key: self._objects.get(key, {}))
        self.batches = 0

    def bring(self, kinds: Mapping[str, str], day: str = DAYS[0]) -> None:
        """A batch of a day."""
        self.batches, self.day = self.batches + 1, day
        self.ingest(SOURCE, self.batches, **kinds)
        commit = CommitLog(self.store, SOURCE).get(self.batches).tables["design"]
        self._objects[commit.objects[0].key] = hive_columns(schema_of(commit).columns)

    def check(self) -> None:
        """One run of the job."""
        check_schemas(self.check_job(SOURCE))

    def shapes(self) -> list[Mapping[str, str]]:
        """The types of the table's own columns, then those of its partitions."""
        table = self.catalog.table("design")
        assert table is not None
        parts = [table, *self.catalog.partitions("design")]
        return [{name: kind for name, kind in columns_of(part) if name in WIDENINGS} for part in parts]


HIVE = {"whole": "bigint", "money": "decimal(38,2)", "inexact": "double"}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Widening:
    found = Widening()
    found.use(monkeypatch, audit, check, finish, registered)
    return found


@given(BATCHES)
@settings(max_examples=25, deadline=None)
def test_a_reader_is_refused_at_no_moment_however_columns_become_wider(batches: list[tuple[int, ...]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = Widening()
        found.use(patch, audit, check, finish, registered)
        reached = [0] * len(WIDENINGS)
        for day, *steps in sorted(batches):
            reached = [max(pair) for pair in zip(reached, steps)]
            kinds = {name: WIDENINGS[name][step] for name, step in zip(WIDENINGS, reached)}
            found.bring(kinds, DAYS[day])
            found.check()
        assert found.watched.refused == []
        if batches:
            table, *parts = found.shapes()
            assert all(part == table for part in parts)


def widened(world: Widening, deaths: int | None) -> bool:
    """Two days of narrow objects, and a batch of wide ones on the second; whether the run came to its end."""
    for day in DAYS[:2]:
        world.bring(NARROW, day)
        world.check()
    world.bring(WIDE, DAYS[1])
    world.watched.left = deaths
    try:
        world.check()
    except Killed:
        return False
    finally:
        world.watched.left = None
    return True


@cache
def steps() -> int:
    """The writes of the run that widens."""
    with pytest.MonkeyPatch.context() as patch:
        for deaths in range(100):
            found = Widening()
            found.use(patch, audit, check, finish, registered)
            if widened(found, deaths):
                return deaths
    raise AssertionError("it never ends")


@pytest.mark.parametrize("newer", [False, True], ids=["run again", "a newer batch first"])
def test_a_run_that_dies_at_any_write_is_made_good_by_the_next(monkeypatch: pytest.MonkeyPatch, newer: bool) -> None:
    assert steps() >= 6
    for deaths in range(steps()):
        world = Widening()
        world.use(monkeypatch, audit, check, finish, registered)
        assert not widened(world, deaths)
        if newer:
            world.bring(WIDE, DAYS[2])
        world.check()
        assert world.watched.refused == [], deaths
        assert all(shape == HIVE for shape in world.shapes()), deaths


def test_a_narrower_object_that_comes_later_takes_no_type_back(world: Widening) -> None:
    assert widened(world, None)
    world.bring(NARROW, DAYS[1])
    world.check()
    assert world.watched.refused == [] and all(shape == HIVE for shape in world.shapes())


@pytest.mark.parametrize("mend", ["repair", "the next night"])
def test_partitions_that_an_earlier_release_left_narrow_are_mended(world: Widening, mend: str) -> None:
    assert widened(world, None)
    for part in list(world.catalog.partitions("design")):
        before = {"Values": part["Values"], "StorageDescriptor": dict(part["StorageDescriptor"])}
        columns = [
            {"Name": name, "Type": {"bigint": "int"}.get(kind, kind) if name == "whole" else kind}
            for name, kind in columns_of(part)
        ]
        world.catalog.replace_partition(
            "design", {**before, "StorageDescriptor": {**before["StorageDescriptor"], "Columns": columns}}
        )
    assert len(partitions_behind(world.catalog, "design")) == 2
    if mend == "repair":
        assert restore_registered(world.check_job(SOURCE), SOURCE) == ["design"]
        assert restore_registered(world.check_job(SOURCE), SOURCE) == []
    else:
        with pytest.raises(Exception, match="disagreements"):  # the files of this world are no parquet
            audit_catalog(world.audit_job())
    assert partitions_behind(world.catalog, "design") == []


def test_a_column_that_becomes_another_type_leaves_partitions_what_their_objects_have(world: Widening) -> None:
    world.bring({"whole": "integer"}, DAYS[0])
    world.check()
    world.bring({"whole": "numeric(12,2)"}, DAYS[1])
    world.check()
    assert [shape["whole"] for shape in world.shapes()] == ["decimal(12,2)", "int", "decimal(12,2)"]
