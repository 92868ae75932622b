"""Verdicts whose copies or partitions are missing are completed by anyone, any time, from the manifest alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import SOURCE
from tests.integration.registry.conftest import DAY, Registry
from tests.integration.registry.test_check import DESIGNS, STAFF, columns
from totelake.operate.maintain.recover import Recovery
from totelake.registry.finish import restore_registered
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import MaintainArguments

pytestmark = pytest.mark.integration


def maintained(registry: Registry, work: Callable[[Job[MaintainArguments]], list[str]], **more: str) -> list[str]:
    """A part of the job maintain_lake."""
    return registry.run(work, MaintainArguments, registry.given(crawlers=registry.crawlers, **more))


def recovered(registry: Registry, **more: str) -> list[str]:
    """What each verdict lacked, put in place."""

    def work(job: Job[MaintainArguments]) -> list[str]:
        recovery = Recovery(job)
        return [recovery.verdict(verdict) for verdict in registry.verdicts()]

    return maintained(registry, work, **more)


def restored(registry: Registry) -> list[str]:
    """The tables that were not as the verdicts left them."""
    return maintained(registry, lambda job: restore_registered(job, SOURCE))


@pytest.fixture
def judged(registry: Registry) -> Registry:
    """Two batches, judged one after the other."""
    registry.ingest(1, {"design": DESIGNS, "staff": STAFF})
    registry.check()
    registry.ingest(2, {"design": DESIGNS})
    registry.check()
    return registry


def test_a_verdict_that_is_whole_lacks_nothing(judged: Registry) -> None:
    crawls = judged.crawls()
    assert recovered(judged) == ["", ""]
    assert judged.crawls() == crawls


def test_objects_that_were_not_copied_are_copied_although_newer_verdicts_are_whole(judged: Registry) -> None:
    before = judged.keys("totesys/")
    gone = f"totesys/design/ingested_on={DAY}/000000000001.parquet"
    judged.s3.delete_object(Bucket=judged.bucket, Key=gone)
    assert recovered(judged) == ["1 objects", ""]
    assert judged.keys("totesys/") == before
    assert recovered(judged) == ["", ""]


def test_partitions_that_were_not_registered_are(judged: Registry) -> None:
    judged.glue.delete_partition(DatabaseName=judged.database, TableName="staff", PartitionValues=[DAY])
    assert recovered(judged) == ["partitions of staff", ""]
    assert judged.partitions("staff") == [[DAY]]


def test_a_dry_run_says_what_is_missing_and_leaves_it(judged: Registry) -> None:
    judged.glue.delete_partition(DatabaseName=judged.database, TableName="staff", PartitionValues=[DAY])
    assert recovered(judged, dry_run="true") == ["partitions of staff", ""]
    assert judged.partitions("staff") == []


@pytest.fixture
def widened(registry: Registry) -> Registry:
    """A design whose key became a bigint, and whose object of before is written last: a crawl believes that one."""
    for number, kind in ((1, "integer"), (2, "bigint")):
        registry.ingest(number, {"design": DESIGNS}, design_id=kind)
        registry.check()
    registry.s3.delete_object(Bucket=registry.bucket, Key=f"totesys/design/ingested_on={DAY}/000000000001.parquet")
    return registry


def test_a_table_that_is_registered_anew_has_the_widest_types_that_its_batches_brought(widened: Registry) -> None:
    before = columns(widened, "design")
    widened.glue.delete_table(DatabaseName=widened.database, Name="design")
    assert recovered(widened) == ["1 objects, partitions of design", ""]
    assert columns(widened, "design") == before == {**before, "design_id": "bigint"}
    widened.ingest(3, {"design": DESIGNS}, design_id="bigint")
    assert widened.check() is not None


def test_a_table_that_was_left_as_a_crawl_made_it_is_restored_from_the_verdicts(widened: Registry) -> None:
    """As a run leaves it that dies behind its crawl."""
    before = columns(widened, "design")
    table = widened.glue.get_table(DatabaseName=widened.database, Name="design")["Table"]
    storage = table["StorageDescriptor"]
    other = [{**item, "Type": "int"} if item["Name"] == "design_id" else item for item in storage["Columns"][1:]]
    other.append({"Name": "colour", "Type": "string"})
    given = {"Name": "design", "StorageDescriptor": {**storage, "Columns": other}}
    widened.glue.update_table(
        DatabaseName=widened.database, TableInput={**given, "PartitionKeys": table["PartitionKeys"]}
    )
    assert restored(widened) == ["design"]
    assert columns(widened, "design") == before
    assert restored(widened) == []


def test_a_table_that_somebody_changed_is_put_back_by_the_next_run_and_holds_no_other(judged: Registry) -> None:
    before = columns(judged, "design")
    table = judged.glue.get_table(DatabaseName=judged.database, Name="design")["Table"]
    storage = table["StorageDescriptor"]
    other = [{**item, "Type": "boolean"} for item in storage["Columns"][1:]]
    given = {"Name": "design", "StorageDescriptor": {**storage, "Columns": other, "Location": "s3://elsewhere/"}}
    judged.glue.update_table(DatabaseName=judged.database, TableInput={**given, "PartitionKeys": []})
    judged.ingest(3, {"design": DESIGNS, "staff": STAFF})
    assert judged.check() is not None
    found = judged.glue.get_table(DatabaseName=judged.database, Name="design")["Table"]
    assert (columns(judged, "design"), found["PartitionKeys"]) == (before, table["PartitionKeys"])
    assert found["StorageDescriptor"]["Location"] == storage["Location"]
    assert judged.partitions("design") == judged.partitions("staff") == [[DAY]]
    assert len(list(judged.store.list("_alerts/incidents/catalog-"))) == 1


def test_a_lost_catalogue_has_its_tables_and_views_again(judged: Registry) -> None:
    def entries() -> dict[str, str]:
        found = judged.glue.get_tables(DatabaseName=judged.database)["TableList"]
        return {table["Name"]: table.get("ViewOriginalText", "") for table in found}

    before = entries()
    assert sorted(before) == [
        "current_design", "current_staff", "design", "history_design", "history_staff", "staff",
    ]  # fmt: skip
    for name in before:
        judged.glue.delete_table(DatabaseName=judged.database, Name=name)
    assert restored(judged) == []
    assert recovered(judged) == ["partitions of design, partitions of staff", "views"]
    # the views of staff, of which the newest verdict has no events, name its batch now and show as much
    assert entries().keys() == before.keys()
    assert {name: text for name, text in entries().items() if "design" in name} == {
        name: text for name, text in before.items() if "design" in name
    }
