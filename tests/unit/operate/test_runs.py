"""Workflow runs read from Glue's answers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, SSLError

from totelake.errors import ConfigurationError, RetriableError
from totelake.operate import job_runs
from totelake.operate.runs import RunFailedError, newest, refresh_workflow, wait
from totelake.runtime.run_reports import RunReport, Step, report

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def job_run(state: str, start: int, seconds: float | None = 1.5, **more: Any) -> dict[str, Any]:
    """An attempt at a job that started some seconds after noon."""
    started = NOON + timedelta(seconds=start)
    ended = {} if seconds is None else {"CompletedOn": started + timedelta(seconds=seconds)}
    return {"Id": f"jr_{start}", "JobRunState": state, "StartedOn": started, **ended, **more}


def job(name: str, *attempts: dict[str, Any]) -> dict[str, Any]:
    """A job's node."""
    return {"Type": "JOB", "Name": name, "UniqueId": name, "JobDetails": {"JobRuns": list(attempts)}}


def run(status: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    """A workflow run as Glue describes it."""
    trigger = {"Type": "TRIGGER", "Name": "start", "UniqueId": "t"}
    return {
        "WorkflowRunId": "wr_0123456789abcdef",
        "Name": "refresh",
        "Status": status,
        "StartedOn": NOON,
        "CompletedOn": NOON + timedelta(seconds=20),
        "Graph": {"Nodes": [trigger, *nodes], "Edges": []},
    }


def test_a_completed_run_with_a_failed_node_has_failed() -> None:
    found = report(
        run("COMPLETED", job("b"), job("a", job_run("FAILED", 1, ErrorMessage="no grant on payment; GRANT")))
    )
    assert found == RunReport(
        id="wr_0123456789abcdef",
        workflow="refresh",
        status="COMPLETED",
        started="2026-11-24T12:00:00+00:00",
        seconds=20.0,
        steps=(
            Step("a", "FAILED", "jr_1", "2026-11-24T12:00:01+00:00", 1.5, "no grant on payment; GRANT"),
            Step("b", "NOT_RUN"),
        ),
    )
    assert found.outcome == "FAILED"


def test_the_newest_attempt_counts() -> None:
    found = report(run("COMPLETED", job("a", job_run("FAILED", 1), job_run("SUCCEEDED", 5))))
    assert [step.state for step in found.steps] == ["SUCCEEDED"]
    assert found.outcome == "SUCCEEDED"


def test_a_job_of_several_parts_says_how_each_ended() -> None:
    described = run("COMPLETED", job("a", job_run("SUCCEEDED", 1)), job("b", job_run("SUCCEEDED", 2)))
    told = "dimensions and facts SUCCEEDED in 2.0 s, JDBC load SUCCEEDED in 1.0 s"
    found = report({**described, "WorkflowRunProperties": {"totelake:parts:a": told}})
    assert [step.parts for step in found.steps] == [told, ""]


def test_a_crawl_is_a_step() -> None:
    crawl = {"State": "CANCELLED", "StartedOn": NOON, "ErrorMessage": "stopped", "LogStream": "c"}
    node = {"Type": "CRAWLER", "Name": "c", "UniqueId": "c", "CrawlerDetails": {"Crawls": [crawl]}}
    found = report(run("COMPLETED", node))
    assert found.failed == (Step("c", "CANCELLED", "c", "2026-11-24T12:00:00+00:00", None, "stopped"),)


@pytest.mark.parametrize(
    ("status", "state", "outcome"),
    [
        ("RUNNING", "RUNNING", "RUNNING"),
        ("STOPPED", "STOPPED", "STOPPED"),
        ("ERROR", "SUCCEEDED", "FAILED"),
        ("COMPLETED", "TIMEOUT", "FAILED"),
    ],
)
def test_only_success_is_called_success(status: str, state: str, outcome: str) -> None:
    assert report(run(status, job("a", job_run(state, 1)))).outcome == outcome


def test_a_run_that_was_lost_after_its_last_step_is_no_success() -> None:
    lost = {**run("COMPLETED", job("a", job_run("SUCCEEDED", 1))), "ErrorMessage": "ended during this run"}
    assert (report(lost).outcome, report(lost).problems) == ("FAILED", ("COMPLETED", "ended during this run"))


def recorded(*runs: dict[str, Any]) -> Any:
    """A client that answers a run's states, one after the other."""
    left = iter(runs)

    def get_workflow_run(Name: str, RunId: str, IncludeGraph: bool) -> dict[str, Any]:  # noqa: N803
        return {"Run": next(left)}

    return SimpleNamespace(get_workflow_run=get_workflow_run)


def test_waiting_reports_every_look_and_ends_with_the_run() -> None:
    seen: list[str] = []
    glue = recorded(
        run("RUNNING", job("a", job_run("RUNNING", 1, None))), run("COMPLETED", job("a", job_run("SUCCEEDED", 1)))
    )
    found = wait(glue, "refresh", "wr_1", lambda item: seen.append(item.outcome), sleep=lambda _: None)
    assert (found.outcome, seen) == ("SUCCEEDED", ["RUNNING", "SUCCEEDED"])


def test_a_failure_names_the_job_and_its_own_words() -> None:
    failed = job("ingest", job_run("FAILED", 1, ErrorMessage="the password is wrong; correct the secret"))
    with pytest.raises(RunFailedError) as raised:
        wait(recorded(run("COMPLETED", failed, job("build"))), "refresh", "wr_1")
    assert str(raised.value) == (
        "the run wr_01234567 failed: ingest FAILED: the password is wrong; correct the secret; "
        "see `totelake logs wr_01234567`"
    )


def test_a_run_that_ended_before_its_end_says_what_did_not_run() -> None:
    with pytest.raises(RunFailedError) as raised:
        wait(recorded(run("COMPLETED", job("a", job_run("SUCCEEDED", 1)), job("b"))), "refresh", "wr_1")
    assert str(raised.value) == (
        "the run wr_01234567 failed: COMPLETED, b did not run; see `totelake logs wr_01234567`"
    )


def test_a_stack_that_goes_away_while_a_run_is_followed_is_reported_with_the_run() -> None:
    def go_away(**_: Any) -> None:
        raise ConnectionClosedError(endpoint_url="http://127.0.0.1:1")

    gone: Any = SimpleNamespace(get_workflow_run=go_away, get_job_run=go_away)
    for follow in (wait, job_runs.wait):
        with pytest.raises(RetriableError) as raised:
            follow(gone, "refresh", "wr_0123456789abcdef")
        said = str(raised.value)
        assert said.startswith("Glue went away during wr_01234567 (Connection was closed")
        assert said.endswith("; see `totelake status` whether the stack is up, then `totelake runs`")


def test_what_no_waiting_mends_while_a_run_is_followed_is_told_with_its_remedy() -> None:
    def refuse(**_: Any) -> None:
        raise SSLError(endpoint_url="https://glue", error="certificate verify failed")

    refusing: Any = SimpleNamespace(get_workflow_run=refuse, get_job_run=refuse)
    for follow in (wait, job_runs.wait):
        with pytest.raises(ConfigurationError, match="AWS's certificate is not trusted: .*AWS_CA_BUNDLE"):
            follow(refusing, "refresh", "wr_0123456789abcdef")


def test_each_source_has_a_workflow_of_its_own() -> None:
    assert refresh_workflow("shop", "orders") == "shop-refresh-orders"


def test_the_newest_run_is_looked_up_with_its_steps() -> None:
    class Lister:
        def __init__(self, *ids: str) -> None:
            self.ids = ids

        def get_workflow_runs(self, Name: str, MaxResults: int) -> dict[str, Any]:  # noqa: N803
            return {"Runs": [{"WorkflowRunId": found} for found in self.ids[:MaxResults]]}

        def get_workflow_run(self, Name: str, RunId: str, IncludeGraph: bool) -> dict[str, Any]:  # noqa: N803
            return {"Run": {**run("RUNNING", job("a")), "WorkflowRunId": RunId}}

    clients: list[Any] = [Lister(), Lister("wr_2", "wr_1")]
    none, found = (newest(client, "refresh") for client in clients)
    assert none is None and found is not None
    assert (found.id, [step.name for step in found.steps]) == ("wr_2", ["a"])


@pytest.mark.parametrize("is_circle", [False, True])
def test_steps_that_never_started_follow_in_the_order_of_the_chain(is_circle: bool) -> None:
    chain = ("ingest", "check", "dims", "facts", "alarm")
    found = run("COMPLETED", *(job(name, *([job_run("FAILED", 1)] if name == "ingest" else [])) for name in chain))
    edges = [(f"t{number}", name) for number, name in enumerate(chain)]
    edges += [(name, f"t{number}") for number, name in enumerate(chain[:-1], 1)]
    edges += [("alarm", "t0")] if is_circle else []
    found["Graph"]["Edges"] = [{"SourceId": before, "DestinationId": after} for before, after in edges]
    wanted = ("ingest", *sorted(chain[1:])) if is_circle else chain
    assert tuple(step.name for step in report(found).steps) == wanted
