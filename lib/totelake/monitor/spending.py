"""What job runs cost: DPU-hours and dollars of the newest runs, by the rules of AWS Glue's bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from totelake.errors import ConfigurationError
from totelake.operate.cost import dpu_item
from totelake.operate.prices import Prices

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_SHELL_ITEM = "glue_python_shell_dpu_hour"
_SHELL = "pythonshell"
_GOOD, _BAD = ("SUCCEEDED",), ("FAILED", "TIMEOUT", "ERROR")
_MOST = 200
"""How many runs GetJobRuns gives at once."""


@dataclass(frozen=True)
class JobSpending:
    """The newest runs of a job: how many since when (ISO 8601), how they ended, and what AWS bills for them."""

    job: str
    runs: int
    since: str
    succeeded: int
    failed: int
    seconds: float
    dpu_hours: float
    usd: float


def read(glue: GlueClient, name: str, job: Mapping[str, Any], prices: Prices, limit: int) -> JobSpending | None:
    """What the `limit` newest runs of a job of the pipeline cost; None where it is not deployed.

    Raises ConfigurationError for a type of worker that the prices do not know.
    """
    try:
        runs = glue.get_job_runs(JobName=name, MaxResults=min(limit, _MOST))["JobRuns"]
    except glue.exceptions.EntityNotFoundException:
        return None
    return spending(name, job, runs, prices)


def spending(name: str, job: Mapping[str, Any], runs: Sequence[Mapping[str, Any]], prices: Prices) -> JobSpending:
    """What these runs of a job cost; `runs` are as GetJobRuns gives them."""
    billed = [(_dpu_seconds(run, prices) / 3600, _item(job, run)) for run in runs]
    return JobSpending(
        job=name,
        runs=len(runs),
        since=min((run["StartedOn"].isoformat(timespec="seconds") for run in runs), default=""),
        succeeded=sum(run["JobRunState"] in _GOOD for run in runs),
        failed=sum(run["JobRunState"] in _BAD for run in runs),
        seconds=float(sum(run.get("ExecutionTime", 0) for run in runs)),
        dpu_hours=sum(hours for hours, _ in billed),
        usd=sum(hours * prices.usd[item] for hours, item in billed),
    )


def _dpu_seconds(run: Mapping[str, Any], prices: Prices) -> float:
    """As Glue measured them, or the seconds of all its workers; a minute of those at least once it has begun."""
    seconds = float(run.get("ExecutionTime", 0))
    if not seconds and not run.get("DPUSeconds"):
        return 0.0
    if run.get("WorkerType") and run.get("NumberOfWorkers"):
        known = prices.assumed["dpu_of_worker"]
        if run["WorkerType"] not in known:
            wrong = f"catalog/prices.yaml does not say how many DPUs a worker of type {run['WorkerType']} has"
            raise ConfigurationError(f"{wrong}; add it to dpu_of_worker")
        capacity = float(run["NumberOfWorkers"]) * float(known[run["WorkerType"]])
    else:
        capacity = float(run.get("MaxCapacity", 0))
    least = float(prices.assumed["least_seconds"]) * capacity
    return max(float(run.get("DPUSeconds") or seconds * capacity), least)


def _item(job: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    if job["kind"] == _SHELL:
        return _SHELL_ITEM
    return dpu_item(run.get("GlueVersion") or job["glue_version"], run.get("ExecutionClass") == "FLEX")
