"""The nightly audit of a whole pipeline: what the jobs leave agrees, compacted or not, and what others do is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.faults.world import AUDIT, DIMENSIONS, FACTS, JOBS, World
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.lake.locations import places
from totelake.ports.glue import GlueCatalog
from totelake.registry import audit
from totelake.registry.agreement import Disagreement

pytestmark = SPARK


def audited(world: World) -> list[Disagreement]:
    """One run of the job."""
    found: list[Disagreement] = world.run(AUDIT)
    return found


def test_what_the_jobs_leave_agrees_and_a_partition_that_somebody_moved_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "SETTLED", timedelta(0))
    assert audited(world) == []
    world.edit(with_dimension=True)
    for job in JOBS:
        world.run(job, **({"compact_objects": 2} if job in (DIMENSIONS, FACTS) else {}))
    for name in ("dim_design", "fact_sales_order"):
        found = places(GlueCatalog(world.glue, world.processed_database), load_contracts().find(name))
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
