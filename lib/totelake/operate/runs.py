"""Workflow runs as one reads them: each step with its state, its time and, when it failed, why."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ConnectionError, HTTPClientError

from totelake.errors import ConfigurationError, RetriableError, TotelakeError

_DONE = ("COMPLETED", "STOPPED", "ERROR")
_GOOD = "SUCCEEDED"
_NOT_RUN = "NOT_RUN"
_POLL = 0.5
_SHORT = 11
_WITHIN = 3 * 60 * 60.0
JOB, CRAWLER = "JOB", "CRAWLER"


class RunFailedError(TotelakeError):
    """A workflow run that did not do all it was to do, though Glue may call it COMPLETED."""

    def __init__(self, report: RunReport) -> None:
        why = "; ".join(report.problems)
        super().__init__(f"the run {short(report.id)} failed: {why}; see `totelake logs {short(report.id)}`")
        self.report = report


def short(run_id: str) -> str:
    """The beginning of a run's id, enough to name it."""
    return run_id[:_SHORT]


@dataclass(frozen=True)
class Step:
    """A job or crawler of a workflow run, by its newest attempt; seconds from its start to its end."""

    name: str
    state: str
    run_id: str = ""
    started: str = ""
    seconds: float | None = None
    message: str = ""


@dataclass(frozen=True)
class RunReport:
    """One workflow run; `outcome` is SUCCEEDED only if every step did and Glue has nothing to say about the whole."""

    id: str
    workflow: str
    status: str
    started: str
    seconds: float | None
    steps: tuple[Step, ...]
    message: str = ""

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.status in _DONE

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps that ended otherwise than well."""
        return tuple(
            step for step in self.steps if step.state in ("FAILED", "TIMEOUT", "STOPPED", "ERROR", "CANCELLED")
        )

    @property
    def not_run(self) -> tuple[Step, ...]:
        """The steps that never started."""
        return tuple(step for step in self.steps if step.state == _NOT_RUN)

    @property
    def outcome(self) -> str:
        """SUCCEEDED, FAILED, STOPPED or RUNNING: Glue says COMPLETED even when steps failed."""
        if not self.is_done:
            return "RUNNING"
        if self.status == "COMPLETED" and not self.message and all(step.state == _GOOD for step in self.steps):
            return _GOOD
        return "STOPPED" if self.status == "STOPPED" else "FAILED"

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it ended otherwise than well, in words: failed steps, else what did not run, and Glue's own message."""
        if self.outcome in ("RUNNING", _GOOD):
            return ()
        found = [f"{step.name} {step.state}: {step.message or 'no message'}" for step in self.failed]
        if not found:
            not_run = ", ".join(step.name for step in self.not_run)
            found = [f"{self.status}, {not_run} did not run" if not_run else self.status]
        return (*found, self.message) if self.message else tuple(found)

    def document(self) -> dict[str, Any]:
        """The report for machines."""
        return {**asdict(self), "steps": [asdict(step) for step in self.steps], "outcome": self.outcome}


def report(run: Mapping[str, Any]) -> RunReport:
    """Read Glue's answer about one run, its graph included."""
    nodes = run.get("Graph", {}).get("Nodes", ())
    return RunReport(
        id=run["WorkflowRunId"],
        workflow=run["Name"],
        status=run["Status"],
        started=_time(run.get("StartedOn")),
        seconds=_seconds(run.get("StartedOn"), run.get("CompletedOn")),
        message=run.get("ErrorMessage", ""),
        steps=tuple(sorted(map(_step, (node for node in nodes if node["Type"] in (JOB, CRAWLER))), key=_order)),
    )


def _order(step: Step) -> tuple[bool, str, str]:
    """By start, those that never started last."""
    return not step.started, step.started, step.name


def _step(node: Mapping[str, Any]) -> Step:
    if node["Type"] == JOB:
        attempts, state, identity = node.get("JobDetails", {}).get("JobRuns", ()), "JobRunState", "Id"
    else:
        attempts, state, identity = node.get("CrawlerDetails", {}).get("Crawls", ()), "State", "LogStream"
    if not attempts:
        return Step(node["Name"], _NOT_RUN)
    newest = max(attempts, key=lambda attempt: attempt["StartedOn"])
    return Step(
        name=node["Name"],
        state=newest[state],
        run_id=newest.get(identity, ""),
        started=_time(newest.get("StartedOn")),
        seconds=_seconds(newest.get("StartedOn"), newest.get("CompletedOn")),
        message=newest.get("ErrorMessage", ""),
    )


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 1) if start and end else None


def start(glue: Any, workflow: str, properties: Mapping[str, str] | None = None) -> str:
    """Start the workflow; the run's id. Raises ConfigurationError when there is none, RetriableError when it runs."""
    given = {"RunProperties": dict(properties)} if properties else {}
    try:
        return str(glue.start_workflow_run(Name=workflow, **given)["RunId"])
    except glue.exceptions.EntityNotFoundException:
        raise ConfigurationError(f"there is no workflow {workflow}; run `totelake deploy`") from None
    except glue.exceptions.ConcurrentRunsExceededException:
        then = " and run this again" if properties else ", what is pending is taken by the next run"
        raise RetriableError(f"{workflow} is running already; wait for it (`totelake runs`){then}") from None


def get(glue: Any, workflow: str, run_id: str) -> RunReport:
    """One run, with its steps."""
    return report(glue.get_workflow_run(Name=workflow, RunId=run_id, IncludeGraph=True)["Run"])


@contextmanager
def followed(run_id: str) -> Iterator[None]:
    """A look at a run. Raises RetriableError, which does not say to run it again, when nobody answers any more."""
    try:
        yield
    except (ConnectionError, HTTPClientError) as error:
        raise RetriableError(
            f"Glue went away during {short(run_id)} ({error}); see `totelake status` whether the stack is up, "
            "then `totelake runs`"
        ) from error


def wait(
    glue: Any,
    workflow: str,
    run_id: str,
    progress: Callable[[RunReport], None] = lambda _: None,
    within: float = _WITHIN,
    sleep: Callable[[float], None] = time.sleep,
) -> RunReport:
    """Wait for the end of a run. Raises RunFailedError unless every step succeeded."""
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
    if found.outcome != _GOOD:
        raise RunFailedError(found)
    return found


def check_deployed(glue: Any, workflow: str) -> None:
    """Raises ConfigurationError when the workflow is not deployed."""
    try:
        glue.get_workflow(Name=workflow)
    except glue.exceptions.EntityNotFoundException:
        raise ConfigurationError(f"there is no workflow {workflow}; run `totelake deploy`") from None


def history(glue: Any, workflow: str, limit: int) -> list[RunReport]:
    """The newest runs, the newest first. Raises ConfigurationError when the workflow is not deployed."""
    try:
        runs = glue.get_workflow_runs(Name=workflow, IncludeGraph=True, MaxResults=limit)["Runs"]
    except glue.exceptions.EntityNotFoundException:
        raise ConfigurationError(f"there is no workflow {workflow}; run `totelake deploy`") from None
    found = [report(run) for run in runs]
    return sorted(found, key=lambda item: item.started, reverse=True)[:limit]
