"""Which runs failed, from what Glue answers about them, and what is said of each; pure, without any I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from totelake.alerts.model import Alert, body
from totelake.operate.runs import RunReport, report, short

WITHIN = timedelta(hours=24)
_RETRY_STARTS_WITHIN = timedelta(minutes=15)
_FAILED = ("FAILED", "TIMEOUT", "ERROR", "EXPIRED")
_ATTEMPT = "_attempt_"


@dataclass(frozen=True)
class Links:
    """Where to look: the console of a region, or the command of one machine when `region` is ''."""

    region: str = ""

    def workflow_run(self, workflow: str, run_id: str) -> str:
        """The page of a workflow run, or the command that shows it."""
        if not self.region:
            return f"totelake logs {short(run_id)}"
        return f"{self._console('glue')}#/v2/etl-configuration/workflows/run/{workflow}?runId={run_id}"

    def job_run(self, job: str, run: Mapping[str, Any]) -> str:
        """The page of a job run, or where its log is."""
        if not self.region:
            return f"log group {run.get('LogGroupName', '/aws-glue/jobs')}/error, stream {run['Id']}"
        return f"{self._console('gluestudio')}#/job/{job}/run/{run['Id']}"

    def _console(self, service: str) -> str:
        return f"https://{self.region}.console.aws.amazon.com/{service}/home?region={self.region}"


def of_workflow_runs(runs: Iterable[Mapping[str, Any]], links: Links, now: datetime) -> list[Alert]:
    """An alert for each workflow run of the last day that ended with a failure; one stopped by hand is none."""
    found = [(run, report(run)) for run in runs]
    return [_of_workflow_run(item, links) for run, item in found if item.outcome == "FAILED" and _is_recent(run, now)]


def _of_workflow_run(item: RunReport, links: Links) -> Alert:
    steps = ", ".join(f"{step.name} {step.state}" for step in item.failed) or item.status
    return Alert(
        kind="run",
        subject=f"{item.workflow} failed: {steps}",
        body=body(
            "\n".join(item.problems),
            f"run {item.id}, started {item.started}\n{links.workflow_run(item.workflow, item.id)}",
            "Mend what the message names. The next look of watch starts the workflow again; every step takes up where "
            "it stands, nothing is lost. See docs/operations.md, 'A run failed'.",
        ),
        key=item.id,
        cause="\n".join((item.workflow, *item.problems)),
    )


def of_job_runs(
    job: str,
    runs: Iterable[Mapping[str, Any]],
    retries: int,
    told_by_workflow: Iterable[str],
    links: Links,
    now: datetime,
) -> list[Alert]:
    """An alert for each failed run of a job outside a workflow: `told_by_workflow` are triggers and run ids of such.

    A run counts by its last attempt.
    """
    last: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        first = run["Id"].split(_ATTEMPT)[0]
        if first not in last or run.get("Attempt", 0) > last[first].get("Attempt", 0):
            last[first] = run
    within = frozenset(told_by_workflow)
    return [
        _of_job_run(job, run, links)
        for run in last.values()
        if run["JobRunState"] in _FAILED
        and not {run.get("TriggerName"), run["Id"]} & within
        and _is_recent(run, now)
        and (run.get("Attempt", 0) >= retries or now - _end(run) > _RETRY_STARTS_WITHIN)
    ]


def _of_job_run(job: str, run: Mapping[str, Any], links: Links) -> Alert:
    said = run.get("ErrorMessage") or "no message"
    return Alert(
        kind="job",
        subject=f"{job} {run['JobRunState']}",
        body=body(
            said,
            f"run {run['Id']}, started {run['StartedOn'].isoformat(timespec='seconds')}\n{links.job_run(job, run)}",
            "Mend what the message names; what runs on a schedule runs again by itself. "
            "See docs/operations.md, 'A job failed'.",
        ),
        key=run["Id"],
        cause=f"{job}\n{said}",
    )


def _end(run: Mapping[str, Any]) -> datetime:
    moment: datetime = run.get("CompletedOn") or run["StartedOn"]
    return moment


def _is_recent(run: Mapping[str, Any], now: datetime) -> bool:
    return now - _end(run) < WITHIN
