"""A job over buckets and a Data Catalog in memory, and contracts of two sources."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, TypeVar

from tests.conftest import SOURCE
from totelake.contracts import Contracts, TableId, load_contracts
from totelake.contracts.sources import Source
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import JobArguments

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
ZONES: Mapping[str, Any] = {
    "ingestion_bucket": "ingestion",
    "processed_bucket": "processed",
    "ingestion_database": "i",
    "processed_database": "p",
}
# a second source with one table of a name that the first has, too, and the dimension that is built of it
OTHER, OTHER_STAR = "orders", "dim_order_design"
A = TypeVar("A", bound=JobArguments)


class MemoryJob(Job[A]):
    """A job whose time stands still and whose metrics are kept; `glue` answers what a test recorded."""

    def __init__(self, arguments: A, glue: Any = None) -> None:
        super().__init__(arguments, SimpleNamespace(glue=glue), logging.getLogger("memory"))  # type: ignore[arg-type]
        self.at = NOON
        self.metrics: list[tuple[str, float, dict[str, str]]] = []
        self.ingestion = MemoryStore(arguments.ingestion_bucket, self.now)
        self.processed = MemoryStore(arguments.processed_bucket, self.now)
        self.ingestion_tables = MemoryCatalog(arguments.ingestion_database)
        self.processed_tables = MemoryCatalog(arguments.processed_database)

    def now(self) -> datetime:
        return self.at

    def metric(self, name: str, value: float, unit: str = "None", **dimensions: str) -> None:
        self.metrics.append((name, value, dimensions))


def two_sources() -> Contracts:
    """The contracts, and those of a second source."""
    ours = load_contracts()
    table = replace(ours.table(TableId(SOURCE, "design")), source=OTHER)
    star = replace(ours.star("dim_design"), name=OTHER_STAR, source=OTHER)
    source = Source(OTHER, "postgres", "", "", f"{{prefix}}/{OTHER}", "cron(0 * * * ? *)", f"{OTHER}_")
    return replace(
        ours,
        sources={**ours.sources, OTHER: source},
        by_id={**ours.by_id, table.id: table},
        stars={**ours.stars, OTHER_STAR: star},
    )


def node(name: str, *states: str) -> dict[str, Any]:
    """A job's node, its attempts newest first."""
    attempts = [
        {"Id": f"jr_{at}", "JobRunState": state, "StartedOn": NOON + timedelta(minutes=at), "ErrorMessage": "it broke"}
        for at, state in enumerate(states)
    ]
    return {"Type": "JOB", "Name": name, "JobDetails": {"JobRuns": attempts[::-1]}}


def run(status: str, *nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A workflow run as Glue describes it."""
    return {"WorkflowRunId": "wr_1", "Name": "refresh", "Status": status, "Graph": {"Nodes": list(nodes)}, **more}
