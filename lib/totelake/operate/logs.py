"""What jobs wrote: the CloudWatch streams of a job run, or of all job runs of a workflow run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from totelake.errors import ConfigurationError
from totelake.operate import runs
from totelake.operate.deployed import Deployed
from totelake.runtime.run_reports import RunReport, Step, first_attempt

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import GetLogEventsResponseTypeDef, OutputLogEventTypeDef

STREAMS = ("output", "error")
_SEARCHED = 100
_LISTS = "`totelake runs`"
_SHELL, _SHELL_GROUP, _SPARK_GROUP = "pythonshell", "/aws-glue/python-jobs", "/aws-glue/jobs"
_PREFIX = "--custom-logGroup-prefix"


@dataclass(frozen=True)
class LogLine:
    """One line of a job run's log; `stream` is output or error, `time` UTC."""

    job: str
    run_id: str
    stream: str
    time: str
    text: str


def steps_of(glue: GlueClient, found_in: Deployed, run_id: str, job: str = "") -> list[Step]:
    """The job runs that an id, or its beginning, names: those of a workflow run, or one by itself with its attempts.

    '' names the newest workflow run, or with `job`, a part of a job's name, the newest run that has such a job. Only
    runs of such a job are given then. Raises ConfigurationError when there is none, or when several runs are named.
    """
    reports = [report for workflow in found_in.workflows for report in runs.history(glue, workflow, _SEARCHED)]
    named = [_Named(report.id, report.started, _started(report)) for report in reports]
    if run_id or job:
        inside = {step.run_id for report in reports for step in report.steps}
        named += [_Named(step.run_id, step.started, [step]) for step in _job_runs(glue, found_in, inside)]
    if not run_id:
        return _newest(named, found_in, job)
    steps = _matching(named, run_id)
    if steps is None:
        raise ConfigurationError(f"none of the newest {_SEARCHED} runs starts with {run_id}; give an id from {_LISTS}")
    wanted = [step for step in steps if job in step.name]
    if job and not wanted:
        has = ", ".join(step.name for step in steps) or "none so far"
        raise ConfigurationError(f"the run has no job {job}; it has {has}")
    return wanted


@dataclass(frozen=True)
class _Named:
    """A workflow run, or a job run outside of those: its id, its start and its job runs that have started."""

    id: str
    started: str
    steps: list[Step]


def _newest(named: Sequence[_Named], found_in: Deployed, job: str) -> list[Step]:
    if not job:
        if named:
            return max(named, key=lambda item: item.started).steps
        raise ConfigurationError(f"nothing of {', '.join(found_in.workflows)} has run yet; run `totelake run`")
    having = [[step for step in found.steps if job in step.name] for found in named]
    having = [steps for steps in having if steps]
    if having:
        return max(having, key=lambda steps: max(step.started for step in steps))
    jobs = [name for name in found_in.jobs if job in name]
    if jobs:
        raise ConfigurationError(f"{', '.join(jobs)} is not among the newest {_SEARCHED} runs; see {_LISTS}")
    raise ConfigurationError(f"there is no job {job}; there are {', '.join(found_in.jobs)}")


def _matching(named: Sequence[_Named], run_id: str) -> list[Step] | None:
    """The job runs that an id names, None when it names no run.

    Raises ConfigurationError when it is the beginning of several runs' ids.
    """
    inside = {step.run_id: step for found in named for step in found.steps}
    if run_id in inside:
        return [inside[run_id]]
    whole = [found for found in named if found.id.startswith(run_id) and found.id not in inside]
    single = [step for name, step in inside.items() if name.startswith(run_id)]
    if len(whole) + len({first_attempt(step.run_id) for step in single}) > 1:
        raise ConfigurationError(f"more than one run starts with {run_id}; give an id from {_LISTS}")
    if whole:
        return whole[0].steps
    return sorted(single, key=lambda step: step.started) or None


def _job_runs(glue: GlueClient, found_in: Deployed, known: Collection[str]) -> Iterator[Step]:
    """The newest runs of every job that are not known yet: outside of workflows, and earlier attempts inside."""
    for job in found_in.jobs:
        try:
            answer = glue.get_job_runs(JobName=job, MaxResults=_SEARCHED)
        except glue.exceptions.EntityNotFoundException:
            # it is not deployed, and so has not run
            continue
        for run in answer["JobRuns"]:
            if run["Id"] not in known:
                yield Step(job, run["JobRunState"], run["Id"], run["StartedOn"].isoformat(timespec="seconds"))


def _started(report: RunReport) -> list[Step]:
    return [step for step in report.steps if step.run_id]


def lines(glue: GlueClient, logs: CloudWatchLogsClient, step: Step) -> list[LogLine]:
    """All lines of one job run in the order of their times, both streams."""
    group = _group(glue, step)
    found = [line for stream in STREAMS for line in _stream(logs, f"{group}/{stream}", step, stream)]
    return sorted(found, key=lambda line: line.time)


def tail(glue: GlueClient, logs: CloudWatchLogsClient, step: Step, limit: int) -> list[LogLine]:
    """The last `limit` lines of one job run in the order of their times, both streams; one request for each stream."""
    group = _group(glue, step)
    found = [line for stream in STREAMS for line in _last(logs, f"{group}/{stream}", step, stream, limit)]
    return sorted(found, key=lambda line: line.time)[-limit:]


def _last(logs: CloudWatchLogsClient, group: str, step: Step, stream: str, limit: int) -> list[LogLine]:
    try:
        answer = logs.get_log_events(logGroupName=group, logStreamName=step.run_id, startFromHead=False, limit=limit)
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [_line(step, stream, event) for event in answer["events"]]


def _line(step: Step, stream: str, event: OutputLogEventTypeDef) -> LogLine:
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, timezone.utc)
    return LogLine(step.name, step.run_id, stream, moment.isoformat(timespec="milliseconds"), event["message"])


def _group(glue: GlueClient, step: Step) -> str:
    run = glue.get_job_run(JobName=step.name, RunId=step.run_id)["JobRun"]
    if run.get("LogGroupName") and not run.get("SecurityConfiguration"):
        return run["LogGroupName"]
    return log_group(glue.get_job(JobName=step.name)["Job"], run)


def log_group(job: Mapping[str, Any], run: Mapping[str, Any] | None = None) -> str:
    """Where AWS Glue writes the streams of a job, or of a run of it, which may have arguments of its own.

    A prefix takes the place of Spark's log groups alone. A security configuration makes itself and the role part of the
    name. `job` and `run` are as GetJob and GetJobRun describe them.
    """
    own = run or {}
    parts = (job.get("DefaultArguments"), own.get("Arguments"), job.get("NonOverridableArguments"))
    arguments = {name: value for part in parts for name, value in (part or {}).items()}
    base = _SHELL_GROUP if job["Command"]["Name"] == _SHELL else arguments.get(_PREFIX) or _SPARK_GROUP
    configuration = own.get("SecurityConfiguration") or job.get("SecurityConfiguration")
    if not configuration:
        return str(base)
    return f"{base}/{configuration}-role/{job['Role'].rsplit('/', 1)[-1]}"


def _stream(logs: CloudWatchLogsClient, group: str, step: Step, stream: str) -> Iterator[LogLine]:
    token: str | None = None
    while True:
        try:
            answer = _page(logs, group, step.run_id, token)
        except logs.exceptions.ResourceNotFoundException:
            return
        for event in answer["events"]:
            yield _line(step, stream, event)
        following = answer.get("nextForwardToken")
        # a page may be empty before the end, which is where the token comes back as it was given
        if following is None or following == token:
            return
        token = following


def _page(logs: CloudWatchLogsClient, group: str, stream: str, token: str | None) -> GetLogEventsResponseTypeDef:
    """The events after a token; from the first one on without it."""
    if token is None:
        return logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    return logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, nextToken=token)
