"""What a compaction replaced is deleted when nobody can be reading it any more, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.conftest import SOURCE
from totelake.contracts import load_contracts
from totelake.lake.layout import Layout
from totelake.lake.locations import Place
from totelake.lake.manifest import COMPACTION, DATA, REPLAY, LakeObject, TableCommit
from totelake.lake.records.star_commit import StarCommit
from totelake.operate.maintain.replaced import replaced, settled_moves
from totelake.ports.object_store import Listed

NOW = datetime(2026, 11, 24, 2, 15, tzinfo=timezone.utc)
OLD, YOUNG = NOW - timedelta(hours=25), NOW - timedelta(hours=23)
TABLE, FOLDER = "fact_payment", "created_month=2024-08"
FIRST, PLACE = f"{TABLE}/{FOLDER}/", f"compacted/{TABLE}/000000000004/{FOLDER}/"


def commit(number: int, *months: str, kind: str = DATA) -> StarCommit:
    """A commit with an object in each of these months."""
    keys = [f"{TABLE}/created_month={month}/{number:012d}-0.parquet" for month in months]
    objects = tuple(LakeObject(f"_inflight/{key}", key, 1, 10) for key in keys)
    return StarCommit(TABLE, SOURCE, number, kind, commit=TableCommit(objects, len(objects)))


LOG = {
    1: commit(1, "2024-08"),
    2: commit(2, "2024-08", kind=REPLAY),
    3: commit(3, "2024-08", "2024-09"),
    4: commit(4, "2024-08", kind=COMPACTION),
}


def deleted(*keys: str, modified: datetime = OLD, settled: dict[str, int] | None = None) -> list[str]:
    listed = [Listed(key, 10, modified) for key in keys]
    found = replaced(TABLE, {FOLDER: 4} if settled is None else settled, listed, LOG.__getitem__, NOW)
    return [each.key for each in found]


def test_the_former_objects_of_a_moved_partition_go_and_those_of_others_stay() -> None:
    former = [f"{FIRST}000000000001-0.parquet", f"{FIRST}000000000003-0.parquet"]
    assert deleted(*former, f"{TABLE}/created_month=2024-09/000000000003-0.parquet") == former


@pytest.mark.parametrize(
    "key",
    [
        f"{FIRST}000000000002-0.parquet",
        f"{FIRST}000000000001-1.parquet",
        f"{FIRST}notes.txt",
        f"{PLACE}000000000004-0.parquet",
    ],
    ids=["of a replay", "no commit names it", "somebody's file", "where it lies now"],
)
def test_what_is_not_surely_replaced_stays(key: str) -> None:
    assert deleted(key) == []


def test_what_is_young_or_was_restored_for_a_load_stays() -> None:
    assert deleted(f"{FIRST}000000000001-0.parquet", modified=YOUNG) == []


def test_nothing_goes_before_the_move_is_settled() -> None:
    assert deleted(f"{FIRST}000000000001-0.parquet", settled={}) == []


@pytest.mark.parametrize(
    ("place", "loaded", "is_settled"),
    [
        (Place(4, OLD), 4, True),
        (Place(4, YOUNG), 4, False),
        (Place(4, None), 4, False),
        (Place(1, OLD), 4, False),
        (None, 4, False),
        (Place(4, OLD), 3, False),
    ],
    ids=["a day ago", "today", "nobody knows when", "not yet moved", "not in the Data Catalog", "not loaded"],
)
def test_a_move_is_settled_a_day_after_the_data_catalog_knew_it_and_once_it_is_loaded(
    place: Place | None, loaded: int, is_settled: bool
) -> None:
    found = settled_moves(Layout({FOLDER: 4}), {FOLDER: place} if place else {}, loaded, NOW)
    assert found == ({FOLDER: 4} if is_settled else {})


def test_the_jobs_role_may_delete_there_and_in_every_star_table() -> None:
    star_tables = {"processed/compacted", *(f"processed/{table.name}" for table in load_contracts().star_tables())}
    deletable = set(load_contracts().pipeline["jobs"]["maintain-lake"]["access"]["delete"])
    assert {path for path in deletable if not path.rpartition("/")[2].startswith("_")} == star_tables
