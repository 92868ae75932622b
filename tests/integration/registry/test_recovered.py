"""Verdicts whose copies or partitions are missing are completed by anyone, any time, from the manifest alone."""

from __future__ import annotations

import pytest

from tests.integration.registry.conftest import DAY, Registry
from tests.integration.registry.test_check import DESIGNS, STAFF
from totelake.maintain.recover import Recovery
from totelake.runtime import JobArguments, open_runtime

pytestmark = pytest.mark.integration


def recovered(registry: Registry, **more: str) -> list[str]:
    """What each verdict lacked, put in place."""
    given = {
        "ingestion_bucket": registry.bucket,
        "processed_bucket": "processed",
        "ingestion_database": registry.database,
        "processed_database": "processed",
        "ingestion_crawler": registry.crawler,
        **more,
    }
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    arguments = JobArguments.from_argv(["script", *words], "maintain_lake")
    with open_runtime(arguments, registry.clients) as runtime:
        recovery = Recovery(runtime, arguments)
        return [recovery.verdict(verdict) for verdict in registry.verdicts()]


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
