"""Single runs of a Glue job, outside of a workflow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Callable

from totelake.errors import ConfigurationError, LakeError, RetriableError
from totelake.operate.runs import followed

_FINAL = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED")
_POLL = 1.0
_WITHIN = 4 * 3600.0


@dataclass(frozen=True)
class JobRun:
    """A job's run: state, seconds of execution, and what it said when it failed."""

    job: str
    id: str
    state: str
    seconds: int
    message: str

    def document(self) -> dict[str, Any]:
        """The run for machines."""
        return asdict(self)


def start(glue: Any, job: str, arguments: Mapping[str, str]) -> str:
    """Start a job; the run's id. Raises ConfigurationError when there is none, RetriableError when it runs."""
    try:
        return str(glue.start_job_run(JobName=job, Arguments=dict(arguments))["JobRunId"])
    except glue.exceptions.EntityNotFoundException:
        raise ConfigurationError(f"there is no job {job}; run `totelake deploy`") from None
    except glue.exceptions.ConcurrentRunsExceededException:
        raise RetriableError(f"{job} is running already; wait for it and run this again") from None


def wait(
    glue: Any, job: str, run_id: str, within: float = _WITHIN, sleep: Callable[[float], None] = time.sleep
) -> JobRun:
    """Wait for the end of a run. Raises LakeError with the job's own words unless it succeeded."""
    deadline = time.monotonic() + within
    while True:
        with followed(run_id):
            run = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        if run["JobRunState"] in _FINAL:
            break
        if time.monotonic() > deadline:
            raise RetriableError(f"the run {run_id} of {job} has not ended in {within:.0f} s; look at it again later")
        sleep(_POLL)
    found = JobRun(job, run_id, run["JobRunState"], int(run.get("ExecutionTime", 0)), run.get("ErrorMessage", ""))
    if found.state != "SUCCEEDED":
        raise LakeError(f"{job} {found.state}: {found.message or 'without a message'}; see its log, run {run_id}")
    return found


def seconds_of(glue: Any, job: str, newest: int = 20) -> float:
    """Seconds of execution of the newest successful runs, on average; 0 when none has succeeded or it is not there."""
    try:
        runs = glue.get_job_runs(JobName=job, MaxResults=newest)["JobRuns"]
    except glue.exceptions.EntityNotFoundException:
        return 0.0
    good = [int(run.get("ExecutionTime", 0)) for run in runs if run["JobRunState"] == "SUCCEEDED"]
    return sum(good) / len(good) if good else 0.0
