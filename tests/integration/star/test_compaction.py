"""Partitions with many objects are written anew: the same rows before, after, and whatever dies in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.integration.star.conftest import Lake
from tests.integration.star.samples import SPARK, row
from tests.integration.star.test_recovered import night
from totelake.contracts import load_contracts
from totelake.lake import locations, processed
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import COMPACTION
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.marks import LOADED, remember_load
from totelake.ports.glue import GlueCatalog
from totelake.registry.audit_files import AuditWindow, FileAudit
from totelake.registry.audit_star import StarAudit
from totelake.runtime.job import Job

pytestmark = SPARK
FACT, DIMENSION = "fact_payment", "dim_transaction"
MOVED = "compacted/fact_payment/000000000003/created_month=2024-08/"
Version = tuple[int, str, int]


class Killed(Exception):
    """The process died here."""


def batches(lake: Lake, first: int, last: int, job: str = "build_facts") -> list[Version]:
    """Runs that bring a batch each: an insert in the first, then an update and now and then a deletion of it."""
    found = []
    for batch in range(first, last + 1):
        op = "I" if batch == 1 else "D" if batch == 5 else "U"
        name = "payment" if job == "build_facts" else "transaction"
        lake.accept((batch, {name: [row(name, 1, op)]}))
        lake.build(job, compact_objects=2)
        found.append((1, op, batch))
    return found


def kinds(lake: Lake, table: str = FACT) -> str:
    """The initials of the kinds of a table's commits."""
    return "".join(manifest.kind[0] for manifest in lake.manifests(table))


def test_a_partition_is_written_anew_and_later_batches_go_where_it_lies(lake: Lake) -> None:
    found = batches(lake, 1, 1)
    assert (lake.shown(FACT), kinds(lake)) == (found, "d")
    found += batches(lake, 2, 3)
    assert (lake.shown(FACT), kinds(lake), lake.view(FACT)) == (found, "ddcd", "3")
    assert lake.keys(MOVED) == [f"{MOVED}000000000003-0.parquet", f"{MOVED}000000000004-0.parquet"]
    assert lake.partitions(f"{FACT}_log") == {"2024-08": f"s3://{lake.processed}/{MOVED}"}
    assert audited(lake, FACT) == []
    before = lake.table(FACT)
    found += batches(lake, 4, 6)
    assert (lake.shown(FACT), kinds(lake), lake.view(FACT)) == (found, "ddcddcdd", "6")
    assert sorted(lake.partitions(f"{FACT}_log")) == ["2024-08", "deleted"]
    assert lake.table(FACT).slice(0, before.num_rows).equals(before)


def test_a_log_without_partitions_moves_with_its_table_and_keeps_its_versions(lake: Lake) -> None:
    found = batches(lake, 1, 3, "build_dimensions")
    table = lake.glue.get_table(DatabaseName=lake.database, Name=f"{DIMENSION}_log")["Table"]
    place = f"s3://{lake.processed}/compacted/{DIMENSION}/000000000003/"
    assert (lake.shown(DIMENSION), kinds(lake, DIMENSION)) == (found, "ddcd")
    assert table["StorageDescriptor"]["Location"] == place
    assert audited(lake, DIMENSION) == []


def audited(lake: Lake, table: str) -> list[Any]:
    """What the nightly audit finds odd about a star table."""
    beginning = datetime(1970, 1, 1, tzinfo=timezone.utc)
    window = AuditWindow(beginning, datetime.now(timezone.utc), beginning)
    zone = ProcessedZone(lake.processed_store, GlueCatalog(lake.glue, lake.database))
    return StarAudit(zone, window, FileAudit(lake.processed_store, window)).run(load_contracts().star(table))


@pytest.mark.parametrize(
    ("step", "is_passed_by"), [("finish", True), ("finish", False), ("move", False), ("publish", False)]
)
def test_a_compaction_that_dies_after_its_commit_is_finished_by_the_next_run(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, step: str, is_passed_by: bool
) -> None:
    found = batches(lake, 1, 1)
    owner: Any = CommitLog if step == "finish" else processed
    original = getattr(owner, step)

    def die(*arguments: Any) -> Any:
        if kinds(lake) == "ddc":
            raise Killed(step)
        return original(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, die)
        with pytest.raises(Killed):
            batches(lake, 2, 2)
    found.append((1, "U", 2))
    assert (lake.shown(FACT), kinds(lake)) == (found, "ddc")
    if is_passed_by:
        # a run that was slow with a commit before it
        zone = ProcessedZone(lake.processed_store, GlueCatalog(lake.glue, lake.database))
        zone.finish(load_contracts().find(FACT), lake.manifests(FACT)[1])
        assert lake.shown(FACT) == found
    found += batches(lake, 3, 3)
    assert (lake.shown(FACT), kinds(lake), lake.view(FACT)) == (found, "ddcd", "3")
    assert lake.partitions(f"{FACT}_log") == {"2024-08": f"s3://{lake.processed}/{MOVED}"}


def test_a_run_that_moves_a_partition_late_does_not_take_it_back(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    found = batches(lake, 1, 1)
    original = locations._move_partition
    late: list[Callable[[], None]] = []

    def hold(*arguments: Any) -> None:
        late.append(lambda: original(*arguments))
        if len(late) == 1:
            found.extend(batches(lake, 3, 4))
        original(*arguments)

    monkeypatch.setattr(locations, "_move_partition", hold)
    found += batches(lake, 2, 2)
    found.sort(key=lambda item: item[2])
    assert (lake.shown(FACT), kinds(lake).count("c")) == (found, 2)
    newest = lake.manifests(FACT)[-1]
    assert newest.kind == COMPACTION
    assert lake.partitions(f"{FACT}_log")["2024-08"].endswith(f"/{newest.number:012d}/created_month=2024-08/")
    late[0]()
    lake.build("build_facts")
    assert lake.shown(FACT) == found


def test_another_run_that_commits_first_leaves_the_compaction_for_later(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = batches(lake, 1, 1)
    commit = CommitLog.commit

    def lose(log: CommitLog, manifest: Any) -> bool:
        return False if manifest.kind == COMPACTION else commit(log, manifest)

    with monkeypatch.context() as patched:
        patched.setattr(CommitLog, "commit", lose)
        found += batches(lake, 2, 2)
    assert (lake.shown(FACT), kinds(lake)) == (found, "dd")
    found += batches(lake, 3, 3)
    assert (lake.shown(FACT), kinds(lake)) == (found, "dddc")


def test_a_night_deletes_what_nobody_needs_and_makes_the_data_catalog_again_from_the_commits(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = batches(lake, 1, 2)
    former = lake.keys(f"{FACT}/")
    assert len(former) == 2 and night(lake).expired == {}
    later = datetime.now(timezone.utc) + timedelta(days=2)
    monkeypatch.setattr(Job, "now", lambda _: later)
    assert night(lake).expired == {}, "the warehouse has not taken it"
    remember_load(CommitLog(lake.processed_store, LOADED), {FACT: 3}, "load", later)
    report = night(lake)
    assert (report.recovered, report.expired) == ({}, {f"processed/{FACT}": former})
    assert (lake.shown(FACT), lake.keys(f"{FACT}/")) == (found, [])
    lake.glue.delete_table(DatabaseName=lake.database, Name=f"{FACT}_log")
    lake.glue.delete_table(DatabaseName=lake.database, Name=FACT)
    night(lake, whole_history="true")
    assert (lake.shown(FACT), lake.view(FACT), lake.keys(f"{FACT}/")) == (found, "2", [])
    found += batches(lake, 3, 3)
    assert lake.shown(FACT) == found


def test_a_night_moves_a_partition_that_somebody_took_back(lake: Lake) -> None:
    found = batches(lake, 1, 3)
    (entry,) = lake.glue.get_partitions(DatabaseName=lake.database, TableName=f"{FACT}_log")["Partitions"]
    former = {**entry["StorageDescriptor"], "Location": f"s3://{lake.processed}/{FACT}/created_month=2024-08/"}
    lake.glue.update_partition(
        DatabaseName=lake.database,
        TableName=f"{FACT}_log",
        PartitionValueList=entry["Values"],
        PartitionInput={"Values": entry["Values"], "StorageDescriptor": former},
    )
    assert lake.shown(FACT) != found
    assert night(lake).recovered == {f"processed/{FACT}": {1: "moves of partitions"}}
    assert lake.shown(FACT) == found
