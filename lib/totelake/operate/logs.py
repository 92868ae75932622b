"""What jobs wrote: the CloudWatch streams of a job run, or of all job runs of a workflow run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from totelake.errors import ConfigurationError
from totelake.operate import runs
from totelake.operate.runs import Step

STREAMS = ("output", "error")
_SEARCHED = 100
_DEFAULT_GROUPS = {"pythonshell": "/aws-glue/python-jobs", "glueetl": "/aws-glue/jobs"}


@dataclass(frozen=True)
class Line:
    """One line of a job run's log; `stream` is output or error, `time` UTC."""

    job: str
    run_id: str
    stream: str
    time: str
    text: str


def steps_of(glue: Any, workflow: str, run_id: str) -> list[Step]:
    """The job runs that an id, or its beginning, stands for; the newest workflow run's for ''.

    Raises ConfigurationError when it stands for none, or for several.
    """
    found = runs.history(glue, workflow, _SEARCHED)
    if not found:
        raise ConfigurationError(f"{workflow} has not run yet; run `totelake run`")
    if not run_id:
        return _started(found[0])
    matching = [report for report in found if report.id.startswith(run_id)]
    steps = [step for report in found for step in report.steps if step.run_id.startswith(run_id)]
    if len(matching) + len(steps) != 1:
        many = "more than one run starts" if matching or steps else f"none of the newest {_SEARCHED} runs starts"
        raise ConfigurationError(f"{many} with {run_id}; give an id from `totelake runs`")
    return _started(matching[0]) if matching else steps


def _started(report: runs.RunReport) -> list[Step]:
    return [step for step in report.steps if step.run_id]


def lines(glue: Any, logs: Any, step: Step) -> list[Line]:
    """All lines of one job run in the order of their times, both streams."""
    group = _group(glue, step)
    found = [line for stream in STREAMS for line in _stream(logs, f"{group}/{stream}", step, stream)]
    return sorted(found, key=lambda line: line.time)


def _group(glue: Any, step: Step) -> str:
    run = glue.get_job_run(JobName=step.name, RunId=step.run_id)["JobRun"]
    if run.get("LogGroupName") and not run.get("SecurityConfiguration"):
        return str(run["LogGroupName"])
    return log_group(glue.get_job(JobName=step.name)["Job"])


def log_group(job: Mapping[str, Any]) -> str:
    """Where AWS Glue writes a job's streams; a security configuration makes itself and the role part of the name."""
    kind = job["Command"]["Name"]
    base = job.get("DefaultArguments", {}).get("--custom-logGroup-prefix") or _DEFAULT_GROUPS[kind]
    if not job.get("SecurityConfiguration"):
        return str(base)
    role = job["Role"].rsplit("/", 1)[-1]
    return f"{base}/{job['SecurityConfiguration']}-role/{role}"


def _stream(logs: Any, group: str, step: Step, stream: str) -> Iterator[Line]:
    token: dict[str, str] = {}
    while True:
        try:
            answer = logs.get_log_events(logGroupName=group, logStreamName=step.run_id, startFromHead=True, **token)
        except logs.exceptions.ResourceNotFoundException:
            return
        for event in answer["events"]:
            moment = datetime.fromtimestamp(event["timestamp"] / 1000, timezone.utc)
            yield Line(step.name, step.run_id, stream, moment.isoformat(timespec="milliseconds"), event["message"])
        following = answer.get("nextForwardToken")
        if not answer["events"] or following == token.get("nextToken"):
            return
        token = {"nextToken": following}
