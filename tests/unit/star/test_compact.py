"""The commit of a compaction: which objects it names, and that it says nothing when a row is lost."""

from __future__ import annotations

import pytest

from tests.unit.lake.test_layout import TABLE, commit, item
from totelake.contracts import catalog
from totelake.errors import LakeError
from totelake.lake.keys import Attempt
from totelake.lake.layout import SMALL, Layout
from totelake.lake.manifest import LakeObject, Manifest
from totelake.star.compact import compaction

FOLDER = "created_month=2024-08"
PLACE = f"compacted/{TABLE}/000000000003/{FOLDER}/000000000003"


def compacted(items: list[LakeObject], written: list[LakeObject], newest: Manifest) -> Manifest:
    return compaction(catalog().table(TABLE), newest, items, written, Attempt(TABLE, 3, "attempt"), "now")


def test_large_objects_are_taken_as_they_are_and_small_ones_as_one() -> None:
    large, small = item(name="1-0", size=SMALL, rows=5), [item(name="2-0", rows=2), item(name="2-1", rows=3)]
    found = compacted([large, *small], [item(name="anew", rows=5)], commit(2))
    assert [(each.staged, each.key, each.rows) for each in found.objects_of(TABLE)] == [
        ("_inflight/1-0", f"{PLACE}-0.parquet", 5),
        ("_inflight/anew", f"{PLACE}-1.parquet", 5),
    ]


def test_it_hands_on_what_the_newest_commit_said_but_has_no_batches_of_its_own() -> None:
    layout = Layout({}, {FOLDER: 2, "created_month=deleted": 1})
    state = {"through": {"totesys": 9}, "verdict": 4, "batches": {"9": {}}, "replayed": {"1": 1}, **layout.state()}
    newest = Manifest(TABLE, 2, "other", "replay", "before", {}, state)
    found = compacted([item(rows=2)], [item(rows=2)], newest)
    after = Layout({FOLDER: 3}, {"created_month=deleted": 1})
    assert (found.number, found.kind) == (3, "compaction")
    assert found.state == {"through": {"totesys": 9}, "verdict": 4, "batches": {}, **after.state()}


def test_a_row_that_is_lost_or_in_another_partition_stops_it() -> None:
    for written in ([item(rows=1)], [item("2024-09", rows=2)], []):
        with pytest.raises(LakeError, match="nothing was committed"):
            compacted([item(rows=2)], written, commit(2))
