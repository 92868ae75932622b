"""Which runs are worth an alert, and what it says."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.noted import noted_incidents
from totelake.alerts.failures import Links, of_job_runs, of_workflow_runs
from totelake.alerts.scan import scan_failures
from totelake.contracts import load_contracts
from totelake.ports.memory import MemoryStore
from totelake.runtime.clients import Clients
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import WatchArguments

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
HERE, LONDON = Links(), Links("eu-west-2")


def workflow_run(state: str = "FAILED", status: str = "COMPLETED", ended: datetime = NOON) -> dict[str, Any]:
    """A run of one step, five minutes long, as Glue describes it."""
    started = ended - timedelta(minutes=5)
    attempt = {"Id": "jr_1", "JobRunState": state, "StartedOn": started, "ErrorMessage": "SourceError: no, see b"}
    node = {"Type": "JOB", "Name": "lake-ingest", "JobDetails": {"JobRuns": [attempt]}}
    times = {"StartedOn": started, "CompletedOn": ended}
    return {
        "WorkflowRunId": "wr_12345678901",
        "Name": "lake-refresh",
        "Status": status,
        "Graph": {"Nodes": [node]},
    } | times


def job_run(run_id: str = "jr_1", state: str = "FAILED", attempt: int = 0, **more: Any) -> dict[str, Any]:
    """A job run that ended at noon."""
    times = {"StartedOn": NOON - timedelta(minutes=1), "CompletedOn": NOON}
    return {"Id": run_id, "JobRunState": state, "Attempt": attempt, "ErrorMessage": "it broke"} | times | more


def subjects(*runs: dict[str, Any], retries: int = 0, within: tuple[str, ...] = (), later: int = 1) -> list[str]:
    """What a scan some minutes after noon finds."""
    found = of_job_runs("lake-feed", runs, retries, within, HERE, NOON + timedelta(minutes=later))
    return [alert.subject for alert in found]


def test_a_failed_workflow_run_is_reported_with_its_cause_its_page_and_what_to_do() -> None:
    (alert,) = of_workflow_runs([workflow_run()], LONDON, NOON)
    assert (alert.kind, alert.key) == ("run", "wr_12345678901")
    assert alert.subject == "lake-refresh failed: lake-ingest FAILED"
    assert alert.body == (
        "What happened\n  lake-ingest FAILED: SourceError: no, see b\n\n"
        "Where to look\n  run wr_12345678901, started 2026-11-24T11:55:00+00:00\n"
        "  https://eu-west-2.console.aws.amazon.com/glue/home?region=eu-west-2"
        "#/v2/etl-configuration/workflows/run/lake-refresh?runId=wr_12345678901\n\n"
        "What to do\n  Correct what the message names, then `totelake run`. By itself watch starts a refresh again, "
        "ever more rarely; any other workflow runs again on its schedule. Every step continues where it stands, "
        "nothing is lost. "
        "See docs/operations.md, 'A run failed'."
    )


def test_without_a_console_the_command_is_named() -> None:
    (alert,) = of_workflow_runs([workflow_run()], HERE, NOON)
    assert "\n  totelake logs wr_12345678\n" in alert.body


@pytest.mark.parametrize(
    "run",
    [
        workflow_run("SUCCEEDED"),
        workflow_run("RUNNING", "RUNNING"),
        workflow_run("STOPPED", "STOPPED"),
        workflow_run(ended=NOON - timedelta(hours=25)),
    ],
    ids=["succeeded", "running", "stopped by hand", "of yesterday"],
)
def test_a_run_that_did_not_fail_or_is_old_is_not_reported(run: dict[str, Any]) -> None:
    assert of_workflow_runs([run], HERE, NOON) == []


def test_the_same_failure_of_two_runs_is_one_cause() -> None:
    one, other = workflow_run(), {**workflow_run(), "WorkflowRunId": "wr_2"}
    first, second = of_workflow_runs([one, other], HERE, NOON)
    assert first.cause_id == second.cause_id and first.id != second.id


def test_a_failed_job_outside_a_workflow_is_reported_with_its_page() -> None:
    (alert,) = of_job_runs("lake-feed", [job_run(state="TIMEOUT")], 0, (), LONDON, NOON)
    assert (alert.kind, alert.subject, alert.key) == ("job", "lake-feed TIMEOUT", "jr_1")
    page = "https://eu-west-2.console.aws.amazon.com/gluestudio/home?region=eu-west-2#/job/lake-feed/run/jr_1"
    assert f"run jr_1, started 2026-11-24T11:59:00+00:00\n  {page}\n" in alert.body


def test_a_job_of_a_workflow_is_left_to_the_workflows_alert() -> None:
    assert subjects(job_run(TriggerName="lake-start"), within=("lake-start",)) == []
    assert subjects(job_run(), within=("jr_1",)) == []


def test_a_job_counts_by_its_last_attempt() -> None:
    failed, again = job_run(), job_run("jr_1_attempt_1", "SUCCEEDED", 1)
    assert subjects(again, failed, retries=1) == []
    assert subjects(job_run("jr_1_attempt_1", "FAILED", 1), failed, retries=1) == ["lake-feed FAILED"]


def test_an_attempt_that_may_be_retried_is_given_the_time_for_it() -> None:
    assert subjects(job_run(), retries=1, later=1) == []
    assert subjects(job_run(), retries=1, later=16) == ["lake-feed FAILED"]


class FakeGlue:
    """Runs by the full name of their workflow or job; what has none is not deployed."""

    class exceptions:  # noqa: N801
        class EntityNotFoundException(Exception):
            """As boto3 names it."""

    def __init__(self, runs: dict[str, list[dict[str, Any]]]) -> None:
        self.runs, self.asked = runs, set[str]()

    def get_workflow_runs(self, Name: str, IncludeGraph: bool, MaxResults: int) -> dict[str, Any]:  # noqa: N803
        return {"Runs": self._of(Name)}

    def get_job_runs(self, JobName: str, MaxResults: int) -> dict[str, Any]:  # noqa: N803
        return {"JobRuns": self._of(JobName)}

    def _of(self, name: str) -> list[dict[str, Any]]:
        self.asked.add(name)
        if name not in self.runs:
            raise self.exceptions.EntityNotFoundException
        return self.runs[name]


class FakeClients(Clients):
    """Clients of which only Glue is used."""

    def __init__(self, glue: FakeGlue) -> None:
        super().__init__(endpoints={"": "http://nowhere"})
        self._glue = glue

    def client(self, service: str) -> Any:
        assert service == "glue"
        return self._glue


def test_every_workflow_and_job_of_the_deployment_is_scanned_and_each_failure_noted_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pipeline = load_contracts().pipeline
    workflow, job_name = next(iter(pipeline["workflows"])), next(iter(pipeline["jobs"]))
    recent = datetime.now(timezone.utc)
    runs = {
        f"lake-{workflow}": [workflow_run(ended=recent)],
        f"lake-{job_name}": [job_run("jr_7", Attempt=9, StartedOn=recent, CompletedOn=recent), job_run("jr_1")],
    }
    glue = FakeGlue(runs)
    arguments = WatchArguments(source=SOURCE, prefix="lake")
    job = Job(arguments, FakeClients(glue), logging.getLogger("scan"))
    vars(job)["ingestion"] = MemoryStore()
    for _ in range(2):
        scan_failures(job)
    assert glue.asked == {f"lake-{name}" for name in (*pipeline["workflows"], *pipeline["jobs"])}
    assert len(noted_incidents(job.ingestion)) == 2
    noted = [record.message for record in caplog.records if record.message.startswith("alert: ")]
    assert noted == ["alert: lake-refresh failed: lake-ingest FAILED", f"alert: lake-{job_name} FAILED"]
    unsent = [record.message for record in caplog.records if record.message.startswith("no alert is sent")]
    assert len(unsent) == 4
