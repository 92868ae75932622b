"""Where a job's lines are, and which runs an id names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, cast

import pytest

from localglue import log_groups
from localglue.commands import merged_arguments
from totelake.errors import ConfigurationError
from totelake.operate.deployed import Deployed
from totelake.operate.logs import lines, log_group, steps_of, tail
from totelake.runtime.run_reports import Step

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
WORKFLOWS = ("shop-refresh-orders", "shop-refresh-staff")


def job(kind: str = "glueetl", **more: Any) -> dict[str, Any]:
    """A job as GetJob describes it."""
    return {"Command": {"Name": kind}, "Role": "arn:aws:iam::123456789012:role/path/shop-build", **more}


@pytest.mark.parametrize(
    ("described", "group"),
    [
        (job(), "/aws-glue/jobs"),
        (job("pythonshell"), "/aws-glue/python-jobs"),
        (job("pythonshell", DefaultArguments={"--custom-logGroup-prefix": "/aws-glue/shop"}), "/aws-glue/python-jobs"),
        (job(DefaultArguments={"--custom-logGroup-prefix": "/aws-glue/shop"}), "/aws-glue/shop"),
        (job("pythonshell", SecurityConfiguration="shop"), "/aws-glue/python-jobs/shop-role/shop-build"),
        (
            job(SecurityConfiguration="shop", DefaultArguments={"--custom-logGroup-prefix": "/aws-glue/shop"}),
            "/aws-glue/shop/shop-role/shop-build",
        ),
    ],
    ids=[
        "spark",
        "shell",
        "a prefix of a shell job",
        "a prefix",
        "a shell job with encrypted logs",
        "a prefix and encrypted logs",
    ],
)
def test_a_jobs_log_group_follows_from_its_definition(described: dict[str, Any], group: str) -> None:
    assert log_group(described) == group


@pytest.mark.parametrize("kind", ["glueetl", "pythonshell"])
@pytest.mark.parametrize("default", [None, "", "/aws-glue/shop"])
@pytest.mark.parametrize("given", [None, "", "/aws-glue/once"])
@pytest.mark.parametrize("fixed", [None, "/aws-glue/always"])
@pytest.mark.parametrize("configurations", [("", ""), ("shop", ""), ("shop", "once"), ("", "once")])
def test_lines_are_looked_for_where_glue_writes_them(
    kind: str, default: str | None, given: str | None, fixed: str | None, configurations: tuple[str, str]
) -> None:
    def prefix(value: str | None) -> dict[str, str]:
        return {} if value is None else {"--custom-logGroup-prefix": value}

    of_job, of_run = configurations
    described = job(kind, DefaultArguments=prefix(default), NonOverridableArguments=prefix(fixed))
    described |= {"SecurityConfiguration": of_job} if of_job else {}
    run: dict[str, Any] = {"Arguments": prefix(given)}
    run |= {"SecurityConfiguration": of_run or of_job} if configurations != ("", "") else {}
    written = log_groups.log_group(
        described, merged_arguments(described, run["Arguments"]), run.get("SecurityConfiguration")
    )
    assert log_group(described, run) == written


def recorded(*runs: tuple[str, str, int], **alone: list[tuple[str, int]]) -> Any:
    """A client that knows these runs: workflow, id, minutes after noon; `alone` are those of jobs by themselves."""

    def get_workflow_runs(Name: str, IncludeGraph: bool, MaxResults: int) -> dict[str, Any]:  # noqa: N803
        return {"Runs": [answer(*found) for found in runs if found[0] == Name]}

    def get_job_runs(JobName: str, MaxResults: int) -> dict[str, Any]:  # noqa: N803
        if JobName not in alone:
            raise NotDeployedError
        return {"JobRuns": [job_run(*found) for found in alone[JobName]]}

    exceptions = SimpleNamespace(EntityNotFoundException=NotDeployedError)
    return SimpleNamespace(get_workflow_runs=get_workflow_runs, get_job_runs=get_job_runs, exceptions=exceptions)


class NotDeployedError(Exception):
    """Glue's EntityNotFoundException."""


def job_run(run_id: str, minute: int) -> dict[str, Any]:
    """A job run as Glue describes it."""
    return {"Id": run_id, "JobRunState": "FAILED", "StartedOn": NOON + timedelta(minutes=minute)}


def answer(workflow: str, run_id: str, minute: int) -> dict[str, Any]:
    """A run of one job as Glue describes it, and a job that has not started."""
    started = NOON + timedelta(minutes=minute)
    attempt = job_run(f"jr_{run_id[3:]}", minute)
    nodes = [
        {"Type": "JOB", "Name": f"{workflow}-job", "JobDetails": {"JobRuns": [attempt]}},
        {"Type": "JOB", "Name": "later"},
    ]
    return {
        "WorkflowRunId": run_id,
        "Name": workflow,
        "Status": "RUNNING",
        "StartedOn": started,
        "Graph": {"Nodes": nodes},
    }


RUNS = recorded(
    (WORKFLOWS[0], "wr_a1", 1),
    (WORKFLOWS[0], "wr_a2", 2),
    (WORKFLOWS[1], "wr_b1", 3),
    watch=[("jr_w2_attempt_1", 9), ("jr_w2", 8), ("jr_w1", 0)],
    later=[("jr_b1", 3), ("jr_b0", 2)],
)
JOBS = ("watch", "later", "never", "shop-refresh-staff-job")


@pytest.mark.parametrize(
    ("workflows", "named", "job_name", "found"),
    [
        (WORKFLOWS, "", "", ["jr_b1"]),
        (WORKFLOWS[:1], "", "", ["jr_a2"]),
        (WORKFLOWS, "wr_a1", "", ["jr_a1"]),
        (WORKFLOWS, "wr_b", "", ["jr_b1"]),
        (WORKFLOWS, "jr_a2", "", ["jr_a2"]),
        (WORKFLOWS, "jr_w1", "", ["jr_w1"]),
        (WORKFLOWS, "jr_w2", "", ["jr_w2"]),
        (WORKFLOWS, "jr_w2_", "", ["jr_w2_attempt_1"]),
        (WORKFLOWS, "jr_b0", "later", ["jr_b0"]),
        (WORKFLOWS, "", "watch", ["jr_w2_attempt_1"]),
        (WORKFLOWS, "", "staff", ["jr_b1"]),
    ],
    ids=[
        "the newest of all", "the newest of a source", "a run", "its beginning", "a job run", "a job run by itself",
        "an attempt of several", "a later attempt", "an earlier attempt of a workflow's", "a job's newest run",
        "a workflow job's newest run",
    ],
)  # fmt: skip
def test_an_id_names_the_steps_of_one_run(
    workflows: tuple[str, ...], named: str, job_name: str, found: list[str]
) -> None:
    assert [step.run_id for step in steps_of(RUNS, Deployed(workflows, JOBS), named, job_name)] == found


def test_the_beginning_of_a_job_runs_id_names_all_its_attempts() -> None:
    runs = recorded(watch=[("jr_long_attempt_1", 2), ("jr_long", 1)])
    assert [step.run_id for step in steps_of(runs, Deployed((), JOBS), "jr_lo")] == ["jr_long", "jr_long_attempt_1"]


@pytest.mark.parametrize(
    ("glue", "named", "job_name", "says"),
    [
        (recorded(), "", "", "nothing of shop-refresh-orders, shop-refresh-staff has run yet; run `totelake run`"),
        (RUNS, "wr_a", "", "more than one run starts with wr_a; give an id from `totelake runs`"),
        (RUNS, "jr_w", "", "more than one run starts with jr_w; give an id from `totelake runs`"),
        (RUNS, "wr_c", "", "none of the newest 100 runs starts with wr_c; give an id from `totelake runs`"),
        (RUNS, "wr_a1", "c", "the run has no job c; it has shop-refresh-orders-job"),
        (RUNS, "", "never", "never is not among the newest 100 runs; see `totelake runs`"),
        (RUNS, "", "zz", "there is no job zz; there are watch, later, never, shop-refresh-staff-job"),
    ],
    ids=["no run", "several", "several job runs", "none", "not of the run", "not yet", "no such job"],
)
def test_an_id_that_names_no_single_run_is_refused(glue: Any, named: str, job_name: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        steps_of(glue, Deployed(WORKFLOWS, JOBS), named, job_name)
    assert str(raised.value) == says


class Streams:
    """A client whose streams have pages of one event each; the last token repeats."""

    class exceptions:  # noqa: N801
        """What the client raises."""

        class ResourceNotFoundException(Exception):  # noqa: N818
            """There is no such stream."""

    def __init__(self, streams: dict[str, list[tuple[int, str]]]) -> None:
        self.streams = streams

    def get_log_events(self, logGroupName: str, **more: Any) -> dict[str, Any]:  # noqa: N803
        if logGroupName not in self.streams:
            raise self.exceptions.ResourceNotFoundException
        assert more["logStreamName"] == "jr_1"
        lines = [{"timestamp": time, "message": text} for time, text in self.streams[logGroupName]]
        if not more["startFromHead"]:
            return {"events": lines[-more["limit"] :]}
        if "nextToken" not in more:
            # CloudWatch may answer an empty page before the end
            return {"events": [], "nextForwardToken": "0"}
        at = int(more["nextToken"])
        events = lines[at : at + 1]
        return {"events": events, "nextForwardToken": str(at + len(events))}


def texts(streams: dict[str, list[tuple[int, str]]], **run: Any) -> Iterator[tuple[str, str, str]]:
    described = {"get_job_run": lambda **_: {"JobRun": run}, "get_job": lambda **_: {"Job": job()}}
    glue: Any = SimpleNamespace(**described)
    logs: Any = Streams(streams)
    return ((line.stream, line.time[14:23], line.text) for line in lines(glue, logs, Step("build", "FAILED", "jr_1")))


def test_the_tail_has_the_last_lines_of_both_streams() -> None:
    streams = {"/own/output": [(1000, "a"), (3000, "c"), (5000, "e")], "/own/error": [(2000, "b"), (4000, "d")]}
    glue: Any = SimpleNamespace(get_job_run=lambda **_: {"JobRun": {"LogGroupName": "/own"}})
    logs: Any = Streams(streams)
    step = Step("build", "FAILED", "jr_1")
    assert [line.text for line in tail(glue, logs, step, 3)] == ["c", "d", "e"]
    assert tail(glue, cast(Any, Streams({})), step, 3) == []


def test_both_streams_are_one_in_the_order_of_their_times() -> None:
    streams = {"/own/output": [(1000, "a"), (3000, "c")], "/own/error": [(2000, "b")]}
    expected = [("output", "00:01.000", "a"), ("error", "00:02.000", "b"), ("output", "00:03.000", "c")]
    assert list(texts(streams, LogGroupName="/own")) == expected


def test_a_run_with_a_prefix_of_its_own_is_read_where_it_wrote() -> None:
    run = {"Arguments": {"--custom-logGroup-prefix": "/aws-glue/once"}, "SecurityConfiguration": "shop"}
    streams = {"/aws-glue/once/shop-role/shop-build/output": [(1000, "once")]}
    assert list(texts(streams, **run)) == [("output", "00:01.000", "once")]


def test_a_run_that_says_no_group_of_its_own_is_looked_for_in_that_of_its_job() -> None:
    expected = [("output", "00:01.000", "a")]
    encrypted = {"/aws-glue/jobs/s-role/shop-build/output": [(1000, "a")]}
    assert list(texts(encrypted, LogGroupName="/own", SecurityConfiguration="s")) == expected
    assert list(texts({"/aws-glue/jobs/output": [(1000, "a")]})) == expected
