"""Where a job's lines are, and which runs an id names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from totelake.errors import ConfigurationError
from totelake.operate.logs import lines, log_group, steps_of
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
        (job(DefaultArguments={"--custom-logGroup-prefix": "/aws-glue/shop"}), "/aws-glue/shop"),
        (job("pythonshell", SecurityConfiguration="shop"), "/aws-glue/python-jobs/shop-role/shop-build"),
        (
            job(SecurityConfiguration="shop", DefaultArguments={"--custom-logGroup-prefix": "/aws-glue/shop"}),
            "/aws-glue/shop/shop-role/shop-build",
        ),
    ],
    ids=["spark", "shell", "a prefix", "a shell job with encrypted logs", "a prefix and encrypted logs"],
)
def test_a_jobs_log_group_follows_from_its_definition(described: dict[str, Any], group: str) -> None:
    assert log_group(described) == group


def recorded(*runs: tuple[str, str, int]) -> Any:
    """A client that knows these runs: workflow, id, and the minute after noon at which it began."""

    def get_workflow_runs(Name: str, IncludeGraph: bool, MaxResults: int) -> dict[str, Any]:  # noqa: N803
        return {"Runs": [answer(*found) for found in runs if found[0] == Name]}

    return SimpleNamespace(get_workflow_runs=get_workflow_runs)


def answer(workflow: str, run_id: str, minute: int) -> dict[str, Any]:
    """A run of one job as Glue describes it, and a job that has not started."""
    started = NOON + timedelta(minutes=minute)
    attempt = {"Id": f"jr_{run_id[3:]}", "JobRunState": "RUNNING", "StartedOn": started}
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


RUNS = recorded((WORKFLOWS[0], "wr_a1", 1), (WORKFLOWS[0], "wr_a2", 2), (WORKFLOWS[1], "wr_b1", 3))


@pytest.mark.parametrize(
    ("workflows", "named", "found"),
    [
        (WORKFLOWS, "", "jr_b1"),
        (WORKFLOWS[:1], "", "jr_a2"),
        (WORKFLOWS, "wr_a1", "jr_a1"),
        (WORKFLOWS, "wr_b", "jr_b1"),
        (WORKFLOWS, "jr_a2", "jr_a2"),
    ],
    ids=["the newest of all", "the newest of a source", "a run", "its beginning", "a job run"],
)
def test_an_id_names_the_steps_of_one_run(workflows: tuple[str, ...], named: str, found: str) -> None:
    assert [step.run_id for step in steps_of(RUNS, workflows, named)] == [found]


@pytest.mark.parametrize(
    ("glue", "named", "says"),
    [
        (recorded(), "", "shop-refresh-orders, shop-refresh-staff has not run yet; run `totelake run`"),
        (RUNS, "wr_a", "more than one run starts with wr_a; give an id from `totelake runs`"),
        (RUNS, "wr_c", "none of the newest 100 runs starts with wr_c; give an id from `totelake runs`"),
    ],
    ids=["no run", "several", "none"],
)
def test_an_id_that_names_no_single_run_is_refused(glue: Any, named: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        steps_of(glue, WORKFLOWS, named)
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
        assert (more["logStreamName"], more["startFromHead"]) == ("jr_1", True)
        at = int(more.get("nextToken", 0))
        events = [{"timestamp": time, "message": text} for time, text in self.streams[logGroupName][at : at + 1]]
        return {"events": events, "nextForwardToken": str(at + len(events))}


def texts(streams: dict[str, list[tuple[int, str]]], **run: str) -> Iterator[tuple[str, str, str]]:
    described = {"get_job_run": lambda **_: {"JobRun": run}, "get_job": lambda **_: {"Job": job()}}
    glue: Any = SimpleNamespace(**described)
    logs: Any = Streams(streams)
    return ((line.stream, line.time[14:23], line.text) for line in lines(glue, logs, Step("build", "FAILED", "jr_1")))


def test_both_streams_are_one_in_the_order_of_their_times() -> None:
    streams = {"/own/output": [(1000, "a"), (3000, "c")], "/own/error": [(2000, "b")]}
    expected = [("output", "00:01.000", "a"), ("error", "00:02.000", "b"), ("output", "00:03.000", "c")]
    assert list(texts(streams, LogGroupName="/own")) == expected


def test_a_run_that_says_no_group_of_its_own_is_looked_for_in_that_of_its_job() -> None:
    expected = [("output", "00:01.000", "a")]
    assert (
        list(texts({"/aws-glue/jobs/output": [(1000, "a")]}, LogGroupName="/own", SecurityConfiguration="s"))
        == expected
    )
    assert list(texts({"/aws-glue/jobs/output": [(1000, "a")]})) == expected
