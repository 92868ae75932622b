"""The nightly audit of a whole pipeline: what the jobs leave agrees, compacted or not, and what others do is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.faults.world import DIMENSIONS, FACTS, JOBS, World
from tests.integration.star.samples import SPARK
from totelake.contracts import catalog
from totelake.lake.locations import places
from totelake.registry import audit
from totelake.registry.agreement import Disagreement
from totelake.runtime import JobArguments, open_runtime

pytestmark = SPARK


def audited(world: World) -> list[Disagreement]:
    """One run of the job."""
    arguments = JobArguments.from_argv(["script", *world.words()], "audit_catalog")
    with open_runtime(arguments, world.job_clients) as runtime:
        return audit.audit_catalog(runtime, arguments)


def test_what_the_jobs_leave_agrees_and_a_partition_that_somebody_moved_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "SETTLED", timedelta(0))
    assert audited(world) == []
    world.edit(with_dimension=True)
    for job in JOBS:
        world.run(job, **({"compact_objects": 2} if job in (DIMENSIONS, FACTS) else {}))
    for name in ("dim_design", "fact_sales_order"):
        found = places(world.glue, world.processed_database, catalog().table(name))
        assert any(place.moved for place in found.values()), name
    assert audited(world) == []
    names = {"DatabaseName": world.processed_database, "TableName": "fact_sales_order_log"}
    moved = world.glue.get_partitions(**names)["Partitions"][0]
    entry = {"Values": moved["Values"], "StorageDescriptor": {**moved["StorageDescriptor"], "Location": "s3://x/y/"}}
    world.glue.update_partition(**names, PartitionValueList=moved["Values"], PartitionInput=entry)
    with pytest.raises(SystemExit, match="MismatchError"):
        audited(world)
    said = capsys.readouterr().out
    assert "partition s3://x/y/: the log of fact_sales_order says that it lies at " in said
