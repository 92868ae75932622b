"""A run of the canary as its caller sees it: both kinds of jobs started, followed to their ends, their reports read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Callable

from totelake.canary.look import Finding, problems
from totelake.canary.report import find
from totelake.errors import ConfigurationError, LakeError, TotelakeError, parted
from totelake.operate import job_runs
from totelake.ports.aws_errors import AwsError, translation_of
from totelake.ports.object_store import ObjectStore
from totelake.runtime.outcome import OK, PROBLEM

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

# in the place of a job's name
ACCOUNT = "account"
_SHELL, _SPARK = "canary_shell", "canary_spark"
_WITHIN = 1800.0
_EXPECTED = "it starts, ends and reports"
_NO_REPORT = "see `totelake logs {}`: a run that leaves no report did not find its packages, script or bucket"
Wait = Callable[["GlueClient", str, str, float], job_runs.JobRunReport]


@dataclass(frozen=True)
class CanaryJob:
    """A deployed job of the canary: its full name, the label of its report, the zone whose catalogue it tries."""

    name: str
    label: str
    zone: str


@dataclass(frozen=True)
class Seen:
    """What is found of one job, or of the account under the name `ACCOUNT`."""

    job: str
    finding: Finding

    def document(self) -> dict[str, str]:
        """For machines."""
        return {"job": self.job, **asdict(self.finding)}


def canary_jobs(pipeline: Mapping[str, Any], prefix: str, sources: Sequence[str]) -> list[CanaryJob]:
    """The jobs that look for these sources. Raises ConfigurationError when the pipeline has none."""
    found = []
    for name, entry in pipeline["jobs"].items():
        source = entry.get("source")
        if entry["script"] == _SHELL and source in sources:
            found.append(CanaryJob(f"{prefix}-{name}", f"{_SHELL}-{source}", "ingestion"))
        elif entry["script"] == _SPARK:
            found.append(CanaryJob(f"{prefix}-{name}", _SPARK, "processed"))
    if not found:
        raise ConfigurationError(
            f"catalog/pipeline.yaml has no job with the script {_SHELL} or {_SPARK}; bring back the repository's own"
        )
    return found


def new_run(now: datetime | None = None) -> str:
    """A name for a run of the canary, which no other has."""
    moment = now or datetime.now(timezone.utc)
    return f"{moment:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


class Flight:
    """The job runs of one run of the canary: their ids by the jobs' names. `going` are those that nobody saw end."""

    def __init__(self, glue: GlueClient, reports: ObjectStore, run: str) -> None:
        self._glue, self._reports, self.run = glue, reports, run
        self.started: dict[str, str] = {}
        self.going: dict[str, str] = {}
        self._refused: dict[str, Finding] = {}

    def start(self, jobs: Sequence[CanaryJob]) -> None:
        """Start every job; one that cannot be started ends no other."""
        for job in jobs:
            try:
                self.started[job.name] = job_runs.start(self._glue, job.name, {"--canary_run": self.run})
                self.going[job.name] = self.started[job.name]
            except (TotelakeError, *AwsError) as error:
                self._refused[job.name] = _finding(_said(error), "see `totelake doctor`")

    def seen(self, job: CanaryJob, wait: Wait = job_runs.wait) -> Iterator[Seen]:
        """Wait for the end of a job; what there is to say of its run, then what it reported."""
        if job.name in self._refused:
            yield Seen(job.name, self._refused[job.name])
            return
        run_id = self.started[job.name]
        failure, findings, has_ended = "", None, True
        try:
            said = f"{run_id} SUCCEEDED in {wait(self._glue, job.name, run_id, _WITHIN).seconds} s"
        except (TotelakeError, *AwsError) as error:
            failure = said = _said(error)
            has_ended = isinstance(error, LakeError)
        if has_ended:
            self.going.pop(job.name, None)
        try:
            report = find(self._reports, self.run, job.label)
            findings = report.findings if report else None
        except TotelakeError as error:
            said = str(error)
        if findings is None:
            yield Seen(job.name, _finding(said, _NO_REPORT.format(run_id)))
        elif failure and not problems(findings):
            # it failed after its last look
            yield Seen(job.name, _finding(said, f"see `totelake logs {run_id}`"))
        else:
            told = f"{run_id} FAILED for what follows" if failure else said
            yield Seen(job.name, Finding("run", _EXPECTED, OK, told))
        yield from (Seen(job.name, finding) for finding in findings or ())


def _said(error: Any) -> str:
    """What an error of ours says, or what one of AWS means."""
    return str(error if isinstance(error, TotelakeError) else translation_of(error))


def _finding(said: str, otherwise: str) -> Finding:
    found, remedy = parted(said, otherwise)
    return Finding("run", _EXPECTED, PROBLEM, found, remedy)
