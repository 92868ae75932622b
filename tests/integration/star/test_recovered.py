"""Star commits that a crash left unfinished, or that lost something since, are whole again after a night."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.star.conftest import Lake
from tests.integration.star.samples import SPARK, row
from totelake.errors import LakeError
from totelake.lake.commits import CommitLog
from totelake.lake.records.marks import MAINTENANCE, MaintenanceMark
from totelake.operate.maintain.job import Report, maintain_lake
from totelake.runtime.job import open_job
from totelake.runtime.job_arguments import MaintainArguments

pytestmark = SPARK
FACT, DIMENSION = "fact_payment", "dim_design"


def night(lake: Lake, **more: str) -> Report:
    with open_job(lake.arguments(MaintainArguments, crawlers="none", verbose="true", **more)) as job:
        return maintain_lake(job)


@pytest.fixture
def built(lake: Lake) -> Lake:
    """Two commits of a fact and of a dimension."""
    lake.accept((1, {"payment": [row("payment", 1), row("payment", 2)], "design": [row("design", 1)]}))
    lake.build("build_facts")
    lake.build("build_dimensions")
    lake.accept((2, {"payment": [row("payment", 1, "U"), row("payment", 2, "D")], "design": [row("design", 2)]}))
    lake.build("build_facts")
    lake.build("build_dimensions")
    return lake


def keys_of(lake: Lake, table: str, number: int) -> list[str]:
    return [item.key for item in lake.log(table).get(number).objects_of(table)]


def lose_object(lake: Lake) -> None:
    lake.s3.delete_object(Bucket=lake.processed, Key=keys_of(lake, FACT, 1)[0])


def lose_partition(lake: Lake) -> None:
    lake.glue.delete_partition(DatabaseName=lake.database, TableName=f"{FACT}_log", PartitionValues=["deleted"])


def lose_view(lake: Lake) -> None:
    lake.glue.delete_table(DatabaseName=lake.database, Name=f"current_{FACT[5:]}")


def lose_log(lake: Lake) -> None:
    lake.glue.delete_table(DatabaseName=lake.database, Name=f"{FACT}_log")


LOSSES: list[tuple[Callable[[Lake], None], dict[int, str]]] = [
    (lose_object, {1: "1 objects"}),
    (lose_partition, {2: "partitions"}),
    (lose_view, {1: "views"}),
    (lose_log, {1: "partitions", 2: "partitions"}),
]


def snapshot(lake: Lake) -> Any:
    views = {name: lake.view(name) for name in (FACT, "current_payment", "history_payment", DIMENSION)}
    return lake.rows(FACT), lake.partitions(f"{FACT}_log"), views


@pytest.mark.parametrize(("lose", "lacks"), LOSSES, ids=["object", "partition", "view", "log table"])
def test_what_is_missing_is_put_in_place(built: Lake, lose: Callable[[Lake], None], lacks: dict[int, str]) -> None:
    before = snapshot(built)
    lose(built)
    found = night(built, dry_run="true").recovered[f"processed/{FACT}"]
    assert set(found) >= set(lacks) and found.items() >= {min(lacks): lacks[min(lacks)]}.items()
    report = night(built)
    assert list(report.recovered) == [f"processed/{FACT}"]
    assert snapshot(built) == before
    assert night(built).recovered == {}


def test_a_night_over_a_whole_lake_changes_nothing_in_it(built: Lake) -> None:
    before, keys = snapshot(built), built.keys()
    report = night(built)
    assert (report.recovered, report.expired) == ({}, {})
    assert (snapshot(built), built.keys()) == (before, keys)


def test_a_log_that_cannot_be_made_whole_fails_the_run_after_the_others_are(built: Lake) -> None:
    lost = built.log(DIMENSION).get(1).objects_of(DIMENSION)[0]
    for key in (lost.key, lost.staged):
        built.s3.delete_object(Bucket=built.processed, Key=key)
    lose_object(built)
    with pytest.raises(LakeError, match=f"{lost.staged} of {DIMENSION} 1 is not there with its"):
        night(built)
    assert set(keys_of(built, FACT, 1)) <= set(built.keys(f"{FACT}/"))
    marks = MaintenanceMark.of(CommitLog(built.ingestion_store, MAINTENANCE).newest()).marks
    assert marks[f"processed/{DIMENSION}"] == 0
