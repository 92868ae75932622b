"""What jobs wrote: the CloudWatch streams of a job run, or of all job runs of a workflow run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from totelake.errors import ConfigurationError
from totelake.operate import runs
from totelake.runtime.run_reports import RunReport, Step

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import GetLogEventsResponseTypeDef

STREAMS = ("output", "error")
_SEARCHED = 100
_DEFAULT_GROUPS = {"pythonshell": "/aws-glue/python-jobs", "glueetl": "/aws-glue/jobs"}


@dataclass(frozen=True)
class LogLine:
    """One line of a job run's log; `stream` is output or error, `time` UTC."""

    job: str
    run_id: str
    stream: str
    time: str
    text: str


def steps_of(glue: GlueClient, workflows: Sequence[str], run_id: str) -> list[Step]:
    """The job runs that an id, or its beginning, names among the runs of these workflows; '' names the newest run.

    Raises ConfigurationError when it names none, or several.
    """
    every = [report for workflow in workflows for report in runs.history(glue, workflow, _SEARCHED)]
    found = sorted(every, key=lambda report: report.started, reverse=True)
    if not found:
        raise ConfigurationError(f"{', '.join(workflows)} has not run yet; run `totelake run`")
    if not run_id:
        return _started(found[0])
    matching = [report for report in found if report.id.startswith(run_id)]
    steps = [step for report in found for step in report.steps if step.run_id.startswith(run_id)]
    if len(matching) + len(steps) != 1:
        many = "more than one run starts" if matching or steps else f"none of the newest {_SEARCHED} runs starts"
        raise ConfigurationError(f"{many} with {run_id}; give an id from `totelake runs`")
    return _started(matching[0]) if matching else steps


def _started(report: RunReport) -> list[Step]:
    return [step for step in report.steps if step.run_id]


def lines(glue: GlueClient, logs: CloudWatchLogsClient, step: Step) -> list[LogLine]:
    """All lines of one job run in the order of their times, both streams."""
    group = _group(glue, step)
    found = [line for stream in STREAMS for line in _stream(logs, f"{group}/{stream}", step, stream)]
    return sorted(found, key=lambda line: line.time)


def _group(glue: GlueClient, step: Step) -> str:
    run = glue.get_job_run(JobName=step.name, RunId=step.run_id)["JobRun"]
    if run.get("LogGroupName") and not run.get("SecurityConfiguration"):
        return run["LogGroupName"]
    return log_group(glue.get_job(JobName=step.name)["Job"])


def log_group(job: Mapping[str, Any]) -> str:
    """Where AWS Glue writes a job's streams; a security configuration makes itself and the role part of the name.

    `job` is the job as GetJob describes it.
    """
    kind = job["Command"]["Name"]
    base = job.get("DefaultArguments", {}).get("--custom-logGroup-prefix") or _DEFAULT_GROUPS[kind]
    if not job.get("SecurityConfiguration"):
        return str(base)
    role = job["Role"].rsplit("/", 1)[-1]
    return f"{base}/{job['SecurityConfiguration']}-role/{role}"


def _stream(logs: CloudWatchLogsClient, group: str, step: Step, stream: str) -> Iterator[LogLine]:
    token: str | None = None
    while True:
        try:
            answer = _page(logs, group, step.run_id, token)
        except logs.exceptions.ResourceNotFoundException:
            return
        for event in answer["events"]:
            moment = datetime.fromtimestamp(event["timestamp"] / 1000, timezone.utc)
            yield LogLine(step.name, step.run_id, stream, moment.isoformat(timespec="milliseconds"), event["message"])
        following = answer.get("nextForwardToken")
        if not answer["events"] or following == token:
            return
        token = following


def _page(logs: CloudWatchLogsClient, group: str, stream: str, token: str | None) -> GetLogEventsResponseTypeDef:
    """The events after a token; from the first one on without it."""
    if token is None:
        return logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    return logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, nextToken=token)
