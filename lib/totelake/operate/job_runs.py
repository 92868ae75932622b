"""Single runs of a Glue job, outside of a workflow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Callable

from totelake.errors import ConfigurationError, LakeError, RetriableError
from totelake.operate.runs import followed
from totelake.runtime.run_reports import SUCCEEDED

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_FINAL = (SUCCEEDED, "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED")
_POLL = 1.0
_WITHIN = 4 * 3600.0


@dataclass(frozen=True)
class JobRunReport:
    """A job's run: state, seconds of execution, and its error message when it failed."""

    job: str
    id: str
    state: str
    seconds: int
    message: str

    def document(self) -> dict[str, str | int]:
        """The run for machines."""
        return asdict(self)


def start(glue: GlueClient, job: str, arguments: Mapping[str, str]) -> str:
    """Start a job; the run's id. Raises ConfigurationError when there is none, RetriableError when it runs."""
    try:
        return glue.start_job_run(JobName=job, Arguments=dict(arguments))["JobRunId"]
    except glue.exceptions.EntityNotFoundException:
        raise ConfigurationError(f"there is no job {job}; run `totelake deploy`") from None
    except glue.exceptions.ConcurrentRunsExceededException:
        raise RetriableError(f"{job} is running already; wait for it and run this again") from None


def wait(
    glue: GlueClient, job: str, run_id: str, within: float = _WITHIN, sleep: Callable[[float], None] = time.sleep
) -> JobRunReport:
    """Wait for the end of a run, at most `within` seconds. Raises LakeError with the job's message if it failed."""
    deadline = time.monotonic() + within
    while True:
        with followed(run_id):
            run = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        if run["JobRunState"] in _FINAL:
            break
        if time.monotonic() > deadline:
            raise RetriableError(f"the run {run_id} of {job} has not ended in {within:.0f} s; look at it again later")
        sleep(_POLL)
    found = JobRunReport(job, run_id, run["JobRunState"], run.get("ExecutionTime", 0), run.get("ErrorMessage", ""))
    if found.state != SUCCEEDED:
        raise LakeError(f"{job} {found.state}: {found.message or 'without a message'}; see `totelake logs {run_id}`")
    return found


def seconds_of(glue: GlueClient, job: str, newest: int = 20) -> float:
    """Seconds of execution of the newest successful runs, on average; 0 when none has succeeded or it is not there."""
    try:
        runs = glue.get_job_runs(JobName=job, MaxResults=newest)["JobRuns"]
    except glue.exceptions.EntityNotFoundException:
        return 0.0
    good = [run.get("ExecutionTime", 0) for run in runs if run["JobRunState"] == SUCCEEDED]
    return sum(good) / len(good) if good else 0.0
