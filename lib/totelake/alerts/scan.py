"""The scan for failed runs: each failure is noted once, and what is due is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from totelake.alerts.failures import Links, Run, of_job_runs, of_workflow_runs
from totelake.alerts.model import Alert
from totelake.alerts.store import note, send_due
from totelake.contracts import load_contracts
from totelake.runtime.clients import Clients
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import WatchArguments

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_NEWEST = 10


def scan_failures(job: Job[WatchArguments]) -> None:
    """Note the failed runs of every workflow and job of the deployment, and send what is due.

    Raises ConfigurationError when SNS takes no message.
    """
    for alert in _failures(job, load_contracts().pipeline):
        note(job, alert)
    send_due(job)


def links_of(clients: Clients) -> Links:
    """Where people look; an endpoint of its own means that there is no console."""
    return Links("" if clients.endpoints else clients.glue.meta.region_name)


def _failures(job: Job[WatchArguments], pipeline: Mapping[str, Any]) -> Iterator[Alert]:
    """`pipeline` is catalog/pipeline.yaml, its names expanded for every source."""
    glue, prefix, now, links = job.clients.glue, job.arguments.prefix, job.now(), links_of(job.clients)
    in_workflows = {f"{prefix}-{name}" for name, item in pipeline["triggers"].items() if item.get("workflow")}
    for name in pipeline["workflows"]:
        runs = _workflow_runs(glue, f"{prefix}-{name}")
        in_workflows.update(_job_run_ids(runs))
        yield from of_workflow_runs(runs, links, now)
    for name, item in pipeline["jobs"].items():
        full_name = f"{prefix}-{name}"
        yield from of_job_runs(full_name, _job_runs(glue, full_name), item["max_retries"], in_workflows, links, now)


def _workflow_runs(glue: GlueClient, workflow: str) -> Sequence[Run]:
    """The newest runs with their graphs; none when the workflow is not deployed."""
    try:
        return glue.get_workflow_runs(Name=workflow, IncludeGraph=True, MaxResults=_NEWEST)["Runs"]
    except glue.exceptions.EntityNotFoundException:
        return []


def _job_runs(glue: GlueClient, job: str) -> Sequence[Run]:
    """The newest runs; none when the job is not deployed."""
    try:
        return glue.get_job_runs(JobName=job, MaxResults=_NEWEST)["JobRuns"]
    except glue.exceptions.EntityNotFoundException:
        return []


def _job_run_ids(runs: Iterable[Run]) -> Iterator[str]:
    for run in runs:
        for node in run.get("Graph", {}).get("Nodes", ()):
            yield from (attempt["Id"] for attempt in node.get("JobDetails", {}).get("JobRuns", ()))
