"""Which runs failed, from what Glue answers about them; pure, without any I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from totelake.alerts.messages import failed_job_run, failed_workflow_run
from totelake.alerts.model import Alert
from totelake.runtime.run_reports import first_attempt, report, short

WITHIN = timedelta(hours=24)
_RETRY_STARTS_WITHIN = timedelta(minutes=15)
_FAILED = ("FAILED", "TIMEOUT", "ERROR", "EXPIRED")
# a run as Glue's GetWorkflowRuns and GetJobRuns describe it
Run = Mapping[str, Any]


@dataclass(frozen=True)
class Links:
    """Where to look: the console of a region, or the command of one machine when `region` is ''."""

    region: str = ""

    def workflow_run(self, workflow: str, run_id: str) -> str:
        """The page of a workflow run, or the command that shows it."""
        if not self.region:
            return f"totelake logs {short(run_id)}"
        return f"{self._console('glue')}#/v2/etl-configuration/workflows/run/{workflow}?runId={run_id}"

    def job_run(self, job: str, run: Run) -> str:
        """The page of a job run, or the command that shows it."""
        if not self.region:
            return f"totelake logs {run['Id']}"
        return f"{self._console('gluestudio')}#/job/{job}/run/{run['Id']}"

    def _console(self, service: str) -> str:
        return f"https://{self.region}.console.aws.amazon.com/{service}/home?region={self.region}"


def of_workflow_runs(runs: Iterable[Run], links: Links, now: datetime) -> list[Alert]:
    """An alert for each workflow run that failed within the last day; a run that somebody stopped did not fail."""
    found = [report(run) for run in runs if _is_recent(run, now)]
    return [failed_workflow_run(item, links.workflow_run(item.workflow, item.id)) for item in found if item.has_failed]


def of_job_runs(
    job: str, runs: Iterable[Run], retries: int, in_workflows: Collection[str], links: Links, now: datetime
) -> list[Alert]:
    """An alert for each run of a job outside a workflow that failed within the last day.

    A run counts by its last attempt. `in_workflows` are the triggers and the runs of workflows: the workflow's alert
    reports such runs.
    """
    return [
        _of_job_run(job, run, links)
        for run in _last_attempts(runs)
        if run["JobRunState"] in _FAILED
        and run["Id"] not in in_workflows
        and run.get("TriggerName") not in in_workflows
        and _is_recent(run, now)
        and (run.get("Attempt", 0) >= retries or now - _end(run) > _RETRY_STARTS_WITHIN)
    ]


def _last_attempts(runs: Iterable[Run]) -> list[Run]:
    last: dict[str, Run] = {}
    for run in runs:
        first = first_attempt(run["Id"])
        if first not in last or run.get("Attempt", 0) > last[first].get("Attempt", 0):
            last[first] = run
    return list(last.values())


def _of_job_run(job: str, run: Run, links: Links) -> Alert:
    return failed_job_run(
        job,
        run["Id"],
        state=run["JobRunState"],
        started=run["StartedOn"].isoformat(timespec="seconds"),
        error=run.get("ErrorMessage", ""),
        link=links.job_run(job, run),
    )


def _end(run: Run) -> datetime:
    moment: datetime = run.get("CompletedOn") or run["StartedOn"]
    return moment


def _is_recent(run: Run, now: datetime) -> bool:
    return now - _end(run) < WITHIN
