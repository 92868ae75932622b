"""What follows the commit of a star table: whoever repeats it, after whatever died, ends with the same lake."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.conftest import SOURCE
from totelake.contracts import load_contracts
from totelake.lake.keys import Attempt
from totelake.lake.layout import Layout
from totelake.lake.locations import Place, places
from totelake.lake.manifest import COMPACTION, DATA, LakeObject, Manifest, TableCommit
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.views import BATCH_PARAMETER
from totelake.ports.memory import MemoryCatalog, MemoryStore

NOW = datetime(2026, 11, 24, 6, tzinfo=timezone.utc)
FACT, DIMENSION = load_contracts().star("fact_payment"), load_contracts().star("dim_design")
MONTH = "created_month=2024-08"
WRITES = ("put", "create", "copy")
CHANGES = ("create", "replace", "add_partitions", "replace_partition")


class Killed(Exception):
    """The process died here."""


class Zone(ProcessedZone):
    """A processed zone in memory, in which the process can die at a write."""

    def __init__(self) -> None:
        super().__init__(MemoryStore("processed"), MemoryCatalog("lake"), lambda: NOW)
        self.left: int | None = None
        for thing, names in ((self.store, WRITES), (self.catalog, CHANGES)):
            for name in names:
                setattr(thing, name, self._dying(getattr(thing, name)))

    def _dying(self, write: Any) -> Any:
        def call(*words: Any, **values: Any) -> Any:
            if self.left is not None:
                if self.left == 0:
                    raise Killed
                self.left -= 1
            return write(*words, **values)

        return call

    def staged(self, name: str, number: int, partition: str = "") -> LakeObject:
        """An object in flight."""
        key = f"_inflight/{name}/{number}"
        self.store.put(key, b"rows of %d" % number)
        parts = dict([partition.split("=")]) if partition else {}
        folder = f"{partition}/" if partition else ""
        return LakeObject(key, f"{name}/{folder}{number:012d}-0.parquet", 1, len(b"rows of %d" % number), "", parts)

    def commit(self, table: Any, commit: StarCommit, number: int) -> Manifest:
        """Commit it, without what follows."""
        manifest = commit.manifest(Attempt(table.name, number, f"attempt_{number}"), NOW)
        assert self.log(table).commit(manifest)
        return manifest

    def picture(self, table: Any) -> dict[str, Any]:
        """What people see: objects at their final keys, locations, published batches."""
        views = {found["Name"]: found["Parameters"].get(BATCH_PARAMETER) for found in self.catalog.tables()}
        return {
            "objects": [item.key for item in self.store.list("") if not item.key.startswith("_")],
            "places": {folder: place.moved for folder, place in places(self.catalog, table).items()},
            "views": {name: batch for name, batch in sorted(views.items()) if batch},
        }


def batch(zone: Zone, number: int, through: int) -> StarCommit:
    """A commit of a fact that has one row in one month."""
    commit = TableCommit((zone.staged(FACT.name, number, MONTH),), 1)
    return StarCommit(FACT.name, SOURCE, through=through, verdict=through, commit=commit)


@pytest.fixture
def zone() -> Zone:
    return Zone()


def test_a_commit_is_copied_registered_and_published(zone: Zone) -> None:
    zone.finish(FACT, zone.commit(FACT, batch(zone, 1, 4), 1))
    assert zone.picture(FACT) == {
        "objects": [f"fact_payment/{MONTH}/000000000001-0.parquet"],
        "places": {MONTH: 0},
        "views": {"current_payment": "4", "fact_payment": "4", "history_payment": "4"},
    }
    assert zone.newest(FACT).through == 4
    assert [commit.number for commit in zone.commits(FACT)] == [1] and zone.commits(FACT, 1) == []


def test_a_table_without_partitions_is_registered_as_one(zone: Zone) -> None:
    commit = StarCommit(DIMENSION.name, SOURCE, through=2, commit=TableCommit((zone.staged(DIMENSION.name, 1),), 1))
    zone.finish(DIMENSION, zone.commit(DIMENSION, commit, 1))
    assert zone.picture(DIMENSION) == {
        "objects": ["dim_design/000000000001-0.parquet"], "places": {"": 0}, "views": {"dim_design": "2"},
    }  # fmt: skip


def test_before_the_first_commit_a_table_is_empty(zone: Zone) -> None:
    assert zone.newest(FACT) == StarCommit(FACT.name, SOURCE) and zone.commits(FACT) == []


def test_a_commit_without_rows_moves_no_view_but_the_first_makes_them(zone: Zone) -> None:
    empty = StarCommit(FACT.name, SOURCE, through=3, kind=DATA)
    zone.finish(FACT, zone.commit(FACT, empty, 1))
    assert zone.picture(FACT)["views"]["fact_payment"] == "3"
    zone.finish(FACT, zone.commit(FACT, StarCommit(FACT.name, SOURCE, through=9), 2))
    assert zone.picture(FACT)["views"]["fact_payment"] == "3"


def test_an_older_commit_that_is_finished_late_takes_no_view_back(zone: Zone) -> None:
    first, second = (zone.commit(FACT, batch(zone, number, number * 3), number) for number in (1, 2))
    zone.finish(FACT, second)
    zone.finish(FACT, first)
    found = zone.picture(FACT)
    assert (found["views"]["fact_payment"], len(found["objects"])) == ("6", 2)


def test_what_was_quarantined_is_readable(zone: Zone) -> None:
    key = "dead_letters/rows/star/fact_payment/000000000001-0.parquet"
    zone.store.put("_inflight/q", b"row")
    commit = TableCommit(quarantined=1, quarantine=(LakeObject("_inflight/q", key, 1, 3),))
    zone.finish(FACT, zone.commit(FACT, StarCommit(FACT.name, SOURCE, through=1, commit=commit), 1))
    found = {item["Values"][0]: item["StorageDescriptor"]["Location"] for item in zone.catalog.partitions("quarantine")}
    assert found == {"fact_payment": "s3://processed/dead_letters/rows/star/fact_payment/"}
    assert zone.store.get(key) == b"row"


def compacted(zone: Zone) -> tuple[Manifest, Manifest, Manifest]:
    """Two commits, and one that writes their partition anew at a place of its own."""
    first, second = (zone.commit(FACT, batch(zone, number, number), number) for number in (1, 2))
    layout = Layout().compacted([MONTH], 3)
    placed = layout.placed(FACT.name, TableCommit((zone.staged(FACT.name, 3, MONTH),), 2))
    return first, second, zone.commit(FACT, zone.newest(FACT).following(COMPACTION, placed, layout), 3)


def test_a_compaction_moves_the_partition_and_the_objects_that_it_replaced_are_not_registered(zone: Zone) -> None:
    _, _, third = compacted(zone)
    zone.finish(FACT, third)
    assert zone.picture(FACT) == {
        "objects": [f"compacted/fact_payment/000000000003/{MONTH}/000000000003-0.parquet"],
        "places": {MONTH: 3},
        "views": {"current_payment": "2", "fact_payment": "2", "history_payment": "2"},
    }


def test_a_commit_that_is_finished_after_a_compaction_moves_nothing_back(zone: Zone) -> None:
    first, second, third = compacted(zone)
    zone.finish(FACT, first)
    after = zone.picture(FACT)
    assert after["places"] == {MONTH: 3} and after["views"] == {}
    for manifest in (third, second, first):
        zone.finish(FACT, manifest)
    assert zone.picture(FACT)["places"] == {MONTH: 3}
    assert zone.picture(FACT)["views"]["fact_payment"] == "2"


def test_since_when_a_partition_is_at_its_place_is_noted(zone: Zone) -> None:
    zone.finish(FACT, zone.commit(FACT, batch(zone, 1, 1), 1))
    assert places(zone.catalog, FACT)[MONTH] == Place(0)
    layout = Layout().compacted([MONTH], 2)
    placed = layout.placed(FACT.name, TableCommit((zone.staged(FACT.name, 2, MONTH),), 1))
    zone.finish(FACT, zone.commit(FACT, zone.newest(FACT).following(COMPACTION, placed, layout), 2))
    assert places(zone.catalog, FACT)[MONTH] == Place(2, NOW)


@pytest.mark.parametrize("kind", [DATA, COMPACTION])
def test_a_process_may_die_at_any_write_and_another_ends_what_it_began(kind: str) -> None:
    whole = Zone()
    whole.finish(FACT, compacted(whole)[2] if kind == COMPACTION else whole.commit(FACT, batch(whole, 1, 4), 1))
    deaths = 0
    while True:
        zone = Zone()
        manifest = compacted(zone)[2] if kind == COMPACTION else zone.commit(FACT, batch(zone, 1, 4), 1)
        zone.left = deaths
        try:
            zone.finish(FACT, manifest)
        except Killed:
            zone.left = None
            zone.finish(FACT, manifest)
            assert zone.picture(FACT) == whole.picture(FACT)
            deaths += 1
            continue
        break
    assert deaths >= 5
