"""The look at what ran: each failure is noted once, and what is due is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from totelake.alerts.failures import Alert, Links, of_job_runs, of_workflow_runs
from totelake.alerts.store import alert, known_incidents, tell
from totelake.contracts import catalog
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime

_NEWEST = 10
_REFRESH = "-refresh"


def look_out(runtime: Runtime, arguments: JobArguments) -> None:
    """Note failed runs of every workflow and job, tell what is due. Raises ConfigurationError when SNS takes none."""
    known = known_incidents(runtime.clients.s3, arguments.ingestion_bucket)
    for found in _failures(runtime, arguments):
        if found.id not in known:
            alert(runtime, arguments, found)
    tell(runtime, arguments)


def links_of(clients: Any) -> Links:
    """Where people look; an endpoint of its own means that there is no console."""
    return Links("" if clients.endpoints else clients.glue.meta.region_name)


def _failures(runtime: Runtime, arguments: JobArguments) -> Iterator[Alert]:
    glue, now, links = runtime.clients.glue, runtime.now(), links_of(runtime.clients)
    pipeline, prefix = catalog().pipeline, arguments.refresh_workflow[: -len(_REFRESH)]
    told_by_workflow = {f"{prefix}-{name}" for name, item in pipeline["triggers"].items() if item.get("workflow")}
    for name in pipeline["workflows"]:
        runs = _answer(glue, glue.get_workflow_runs, "Runs", Name=f"{prefix}-{name}", IncludeGraph=True)
        told_by_workflow.update(_job_run_ids(runs))
        yield from of_workflow_runs(runs, links, now)
    for name, item in pipeline["jobs"].items():
        job = f"{prefix}-{name}"
        runs = _answer(glue, glue.get_job_runs, "JobRuns", JobName=job)
        yield from of_job_runs(job, runs, item["max_retries"], told_by_workflow, links, now)


def _answer(glue: Any, call: Any, member: str, **names: Any) -> list[Any]:
    """The newest runs; none of what is not deployed."""
    try:
        return list(call(MaxResults=_NEWEST, **names)[member])
    except glue.exceptions.EntityNotFoundException:
        return []


def _job_run_ids(runs: list[Any]) -> Iterator[str]:
    for run in runs:
        for node in run.get("Graph", {}).get("Nodes", ()):
            yield from (attempt["Id"] for attempt in node.get("JobDetails", {}).get("JobRuns", ()))
