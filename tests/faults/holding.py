"""A pipeline in which star tables can be made to fail, in a builder or in the load, and mended again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pyspark.sql import functions as F

from tests.conftest import SOURCE
from tests.faults.world import World
from totelake.alerts.store import ROOT
from totelake.contracts.model import Table
from totelake.lake.commits import CommitLog
from totelake.lake.records.holds import LOG, Hold, Holds
from totelake.operate.reconcile.finding import HELD
from totelake.ports.s3 import S3Store
from totelake.star import build as building

# what Spark makes of a column that it cannot parse, cannot find, or cannot compute for a row
BROKEN: Mapping[str, Callable[[], Any]] = {
    "unparsable": lambda: F.expr("`x`y`"),
    "unknown": lambda: F.col("nowhere"),
    "failing": lambda: F.expr("assert_true(_batch < 0)").isNotNull(),
}


class Breaker:
    """Lets star tables fail in their builder as long as they are in `broken`, each in its way."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.broken: dict[str, str] = {}
        split = building.split_events

        def breaking(table: Table, events: Any, more: Any = ()) -> Any:
            if table.name in self.broken:
                events = events.where(F.coalesce(BROKEN[self.broken[table.name]](), F.lit(True)))
            return split(table, events, more)

        patch.setattr(building, "split_events", breaking)


def holds(world: World, step: str) -> Mapping[str, Hold]:
    """What a step holds by the newest record."""
    return Holds.of(CommitLog(S3Store(world.s3, world.processed), LOG).newest()).of_step(step)


def told(world: World) -> list[str]:
    """The subjects of the alerts of holds."""
    pages = world.s3.get_paginator("list_objects_v2").paginate(Bucket=world.ingestion, Prefix=f"{ROOT}/incidents/hold")
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    bodies = [world.s3.get_object(Bucket=world.ingestion, Key=key)["Body"].read() for key in keys]
    return sorted(json.loads(body)["subject"] for body in bodies)


def behind(world: World) -> set[str]:
    """The star tables of which a reconciliation says that they are behind, and why."""
    found = [item for item in world.all_findings() if item.outcome == HELD]
    assert all(item.detail.startswith(("not built from batch", "not loaded from batch")) for item in found), found
    return {item.table for item in found}


def reached(world: World) -> dict[str, int]:
    """The newest batch of each star table in the warehouse."""
    query = "SELECT target_table, max(batch) FROM etl.batch WHERE held = 0 AND source = %s GROUP BY 1"
    return dict(world.warehouse(query, SOURCE))
