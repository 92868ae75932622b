"""The commit of a compaction: which objects it names, and that it says nothing when a row is lost."""

from __future__ import annotations

import pytest

from tests.conftest import SOURCE
from tests.unit.lake.test_layout import TABLE, item
from totelake.errors import StarTableError
from totelake.lake.keys import Attempt
from totelake.lake.layout import SMALL, Layout
from totelake.lake.manifest import COMPACTION, REPLAY, LakeObject
from totelake.lake.records.star_commit import BatchCounts, StarCommit
from totelake.star.compact import compaction

FOLDER = "created_month=2024-08"
PLACE = f"compacted/{TABLE}/000000000003/{FOLDER}/000000000003"


def compacted(items: list[LakeObject], written: list[LakeObject], newest: StarCommit) -> StarCommit:
    return compaction(newest, items, written, Attempt(TABLE, 3, "attempt"))


def test_large_objects_are_taken_as_they_are_and_small_ones_as_one() -> None:
    large, small = item(name="1-0", size=SMALL, rows=5), [item(name="2-0", rows=2), item(name="2-1", rows=3)]
    found = compacted([large, *small], [item(name="anew", rows=5)], StarCommit(TABLE, SOURCE, 2))
    assert [(each.staged, each.key, each.rows) for each in found.objects] == [
        ("_inflight/1-0", f"{PLACE}-0.parquet", 5),
        ("_inflight/anew", f"{PLACE}-1.parquet", 5),
    ]


def test_it_hands_on_what_the_newest_commit_said_but_has_no_batches_of_its_own() -> None:
    layout = Layout({}, {FOLDER: 2, "created_month=deleted": 1})
    counts = {9: BatchCounts(1, 0, 0, 0, "then")}
    newest = StarCommit(TABLE, SOURCE, 2, REPLAY, "before", 9, 4, batches=counts, layout=layout, replayed={1: 1})
    found = compacted([item(rows=2)], [item(rows=2)], newest)
    after = Layout({FOLDER: 3}, {"created_month=deleted": 1})
    assert (found.kind, found.through, found.verdict) == (COMPACTION, 9, 4)
    assert (found.batches, found.replayed, found.layout) == ({}, {}, after)


def test_a_row_that_is_lost_or_in_another_partition_stops_it() -> None:
    for written in ([item(rows=1)], [item("2024-09", rows=2)], []):
        with pytest.raises(StarTableError, match="nothing was committed"):
            compacted([item(rows=2)], written, StarCommit(TABLE, SOURCE, 2))
