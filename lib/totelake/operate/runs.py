"""Workflow runs: started, waited for, listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ConnectionError, HTTPClientError

from totelake.errors import ConfigurationError, RetriableError, TotelakeError
from totelake.ports.aws_errors import translation_of
from totelake.runtime.run_reports import SUCCEEDED, RunReport, report, short

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_POLL = 0.5
_WITHIN = 3 * 60 * 60.0


class RunFailedError(TotelakeError):
    """A workflow run that did not do all it was to do, though Glue may call it COMPLETED."""

    def __init__(self, report: RunReport) -> None:
        why = "; ".join(report.problems)
        super().__init__(f"the run {short(report.id)} failed: {why}; see `totelake logs {short(report.id)}`")
        self.report = report


def refresh_workflow(prefix: str, source: str) -> str:
    """The name of a source's refresh workflow in the deployment with that prefix."""
    return f"{prefix}-refresh-{source}"


def ingest_job(prefix: str, source: str) -> str:
    """The name of the job that captures a source in the deployment with that prefix, the refresh's first step."""
    return f"{prefix}-ingest-{source}"


def start(glue: GlueClient, workflow: str, properties: Mapping[str, str] | None = None) -> str:
    """Start the workflow; the run's id. Raises ConfigurationError when there is none, RetriableError when it runs."""
    try:
        if properties:
            return glue.start_workflow_run(Name=workflow, RunProperties=dict(properties))["RunId"]
        return glue.start_workflow_run(Name=workflow)["RunId"]
    except glue.exceptions.EntityNotFoundException:
        raise _not_deployed(workflow) from None
    except glue.exceptions.ConcurrentRunsExceededException:
        then = " and run this again" if properties else ", what is pending is taken by the next run"
        raise RetriableError(f"{workflow} is running already; wait for it (`totelake runs`){then}") from None


def get(glue: GlueClient, workflow: str, run_id: str) -> RunReport:
    """One run, with its steps."""
    return report(glue.get_workflow_run(Name=workflow, RunId=run_id, IncludeGraph=True)["Run"])


def newest(glue: GlueClient, workflow: str) -> RunReport | None:
    """The newest run, with its steps; None before the first."""
    runs = glue.get_workflow_runs(Name=workflow, MaxResults=1)["Runs"]
    return get(glue, workflow, runs[0]["WorkflowRunId"]) if runs else None


@dataclass(frozen=True)
class Standing:
    """A workflow and how its newest run ended; `outcome` is also NOT_RUN or NOT_DEPLOYED, without a run."""

    workflow: str
    outcome: str
    run: str = ""
    started: str = ""


def standings(glue: GlueClient, workflows: Sequence[str]) -> list[Standing]:
    """How each workflow stands."""
    return [_standing(glue, workflow) for workflow in workflows]


def _standing(glue: GlueClient, workflow: str) -> Standing:
    try:
        found = newest(glue, workflow)
    except glue.exceptions.EntityNotFoundException:
        return Standing(workflow, "NOT_DEPLOYED")
    return Standing(workflow, found.outcome, found.id, found.started) if found else Standing(workflow, "NOT_RUN")


@contextmanager
def followed(run_id: str) -> Iterator[None]:
    """A request about a run; it may go on when Glue does not answer. Raises RetriableError for what passes."""
    try:
        yield
    except (ConnectionError, HTTPClientError) as error:
        known = translation_of(error)
        if not isinstance(known, RetriableError):
            raise known from error
        raise RetriableError(
            f"Glue went away during {short(run_id)} ({error}); see `totelake status` whether the stack is up, "
            "then `totelake runs`"
        ) from error


def wait(
    glue: GlueClient,
    workflow: str,
    run_id: str,
    progress: Callable[[RunReport], None] = lambda _: None,
    within: float = _WITHIN,
    sleep: Callable[[float], None] = time.sleep,
) -> RunReport:
    """Wait for the end of a run, at most `within` seconds. Raises RunFailedError unless every step succeeded."""
    deadline = time.monotonic() + within
    while True:
        with followed(run_id):
            found = get(glue, workflow, run_id)
        progress(found)
        if found.is_done:
            break
        if time.monotonic() > deadline:
            raise RetriableError(f"the run {run_id} has not ended in {within:.0f} s; see `totelake runs`")
        sleep(_POLL)
    if found.outcome != SUCCEEDED:
        raise RunFailedError(found)
    return found


def check_deployed(glue: GlueClient, workflow: str) -> None:
    """Raises ConfigurationError when the workflow is not deployed."""
    try:
        glue.get_workflow(Name=workflow)
    except glue.exceptions.EntityNotFoundException:
        raise _not_deployed(workflow) from None


def history(glue: GlueClient, workflow: str, limit: int) -> list[RunReport]:
    """The newest runs, the newest first. Raises ConfigurationError when the workflow is not deployed."""
    try:
        runs = glue.get_workflow_runs(Name=workflow, IncludeGraph=True, MaxResults=limit)["Runs"]
    except glue.exceptions.EntityNotFoundException:
        raise _not_deployed(workflow) from None
    found = [report(run) for run in runs]
    return sorted(found, key=lambda item: item.started, reverse=True)[:limit]


def _not_deployed(workflow: str) -> ConfigurationError:
    return ConfigurationError(f"there is no workflow {workflow}; run `totelake deploy`")
