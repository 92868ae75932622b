"""What the commands show, over a target of answers made up here."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.unit.capture.detect.test_rewind import filled
from tests.unit.cli.test_main import raising
from tests.unit.operate.test_runs import job, job_run, run
from totelake.cli import pipeline as commands
from totelake.cli.app import whole_app
from totelake.deploy.apply import Change
from totelake.lake.records.batch import Bookmark
from totelake.operate.runs import RunFailedError
from totelake.ports.memory import MemoryStore

AUDIT = "totelake-audit"


class NotFound(Exception):
    """Glue's EntityNotFoundException."""


class Busy(Exception):
    """Glue's ConcurrentRunsExceededException."""


class Glue:
    """A workflow with runs, and the logs of its jobs."""

    exceptions = SimpleNamespace(EntityNotFoundException=NotFound, ConcurrentRunsExceededException=Busy)

    def __init__(self, *runs: dict[str, Any], refuse: type[Exception] | None = None) -> None:
        self.runs, self.refuse = list(runs), refuse
        self.started: list[dict[str, str]] = []
        self.active: tuple[str, ...] = ("totelake-audit-start",)

    def start_workflow_run(self, Name: str, RunProperties: dict[str, str] | None = None) -> Any:  # noqa: N803
        """Start, or refuse to."""
        if self.refuse:
            raise self.refuse
        self.started.append(RunProperties or {})
        return {"RunId": "wr_0123456789abcdef"}

    def get_workflow_run(self, **_: Any) -> dict[str, Any]:
        """The newest run."""
        return {"Run": self.runs[0]}

    def get_workflow(self, Name: str) -> dict[str, Any]:  # noqa: N803
        """The workflow."""
        if self.refuse is NotFound:
            raise NotFound
        return {"Workflow": {"Name": Name}}

    def get_workflow_runs(self, Name: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """All runs of the refresh, and those of the audit."""
        if self.refuse is NotFound:
            raise NotFound
        return {"Runs": [item for item in self.runs if (item["Name"] == AUDIT) == (Name == AUDIT)]}

    def get_job_runs(self, **_: Any) -> dict[str, Any]:
        """None outside of workflows."""
        return {"JobRuns": []}

    def get_trigger(self, Name: str) -> dict[str, Any]:  # noqa: N803
        """One of the schedules is active."""
        return {"Trigger": {"Name": Name, "State": "ACTIVATED" if Name in self.active else "CREATED"}}

    def get_job_run(self, JobName: str, RunId: str) -> dict[str, Any]:  # noqa: N803
        """A run of a Python-shell job."""
        return {"JobRun": {"Id": RunId, "JobName": JobName, "LogGroupName": "/aws-glue/python-jobs"}}


class Logs:
    """One page of lines in the output stream, no error stream."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotFound)

    def get_log_events(self, logGroupName: str, logStreamName: str, **more: Any) -> dict[str, Any]:  # noqa: N803
        """The lines, then none."""
        if logGroupName != "/aws-glue/python-jobs/output":
            raise NotFound
        events = [] if "nextToken" in more else [{"timestamp": 1_000, "message": f"hello from {logStreamName} [1]"}]
        return {"events": events, "nextForwardToken": "f/1"}


def invoke(
    monkeypatch: pytest.MonkeyPatch, glue: Glue, *words: str, store: Any = None, processed: Any = None
) -> Result:
    """Run a command over these answers."""
    target = SimpleNamespace(
        prefix="totelake",
        clients=SimpleNamespace(glue=glue, logs=Logs()),
        ingestion=store or MemoryStore(),
        processed=processed or MemoryStore(),
    )
    monkeypatch.setattr(commands.Target, "named", lambda kind, home: target)
    return CliRunner().invoke(whole_app(), list(words), env={"COLUMNS": "200"})


GOOD = run("COMPLETED", job("totelake-a", job_run("SUCCEEDED", 1)))
AUDIT_RUN = run("COMPLETED", job("totelake-audit-catalog", job_run("FAILED", 3)))
AUDITED = {**AUDIT_RUN, "WorkflowRunId": "wr_fedcba98765", "Name": AUDIT}
BAD = run("COMPLETED", job("totelake-a", job_run("FAILED", 1, ErrorMessage="no [grant]")), job("totelake-b"))


def test_a_run_is_started_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, Glue(), "run")
    assert (result.exit_code, result.stdout) == (0, "started wr_01234567; see `totelake runs`\n")
    assert json.loads(invoke(monkeypatch, Glue(), "run", "--json").stdout) == {"id": "wr_0123456789abcdef"}


def test_a_waited_run_shows_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, Glue(GOOD), "run", "--wait")
    assert result.exit_code == 0
    assert "refresh SUCCEEDED in 20.0 s" in result.stdout
    assert "totelake-a SUCCEEDED in 1.5 s" in result.stderr


def test_a_waited_run_for_machines_is_one_document_and_silent_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, Glue(GOOD), "run", "--wait", "--json")
    assert json.loads(result.stdout)["outcome"] == "SUCCEEDED"
    assert result.stderr == ""


def test_a_completed_run_with_a_failed_step_is_a_failure_that_names_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, Glue(BAD), "run", "--wait")
    assert isinstance(result.exception, RunFailedError)
    assert str(result.exception) == (
        "the run wr_01234567 failed: totelake-a FAILED: no [grant]; see `totelake logs wr_01234567`"
    )
    assert "no [grant]" in result.stdout and "NOT_RUN" in result.stdout


def test_an_interrupted_wait_says_that_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    glue = Glue()
    monkeypatch.setattr(glue, "get_workflow_run", raising(KeyboardInterrupt()))
    result = invoke(monkeypatch, glue, "run", "--wait")
    assert result.exit_code == 130
    assert result.stderr.endswith("wr_01234567 goes on; see `totelake runs`\n")


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (NotFound, "there is no workflow totelake-refresh-totesys; run `totelake deploy`"),
        (
            Busy,
            "totelake-refresh-totesys is running already; wait for it (`totelake runs`), "
            "what is pending is taken by the next run",
        ),
    ],
    ids=["not deployed", "running"],
)
def test_a_run_that_cannot_start_says_why(
    refusal: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert str(invoke(monkeypatch, Glue(refuse=refusal), "run").exception) == message


def test_deletions_are_allowed_in_the_run_that_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    glue = Glue()
    assert invoke(monkeypatch, glue, "run", "--allow-deletes", "staff", "--allow-deletes", "design").exit_code == 0
    assert invoke(monkeypatch, glue, "run").exit_code == 0
    assert glue.started == [{"totelake:allow_deletes": "staff,design"}, {}]


def test_deletions_that_cannot_be_allowed_now_are_not_said_to_be_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, Glue(refuse=Busy), "run", "--allow-deletes", "staff")
    assert str(result.exception) == (
        "totelake-refresh-totesys is running already; wait for it (`totelake runs`) and run this again"
    )


@pytest.mark.parametrize("words", [["run", "--allow-deletes", "stuff"], ["backfill", "stuff"]], ids=["run", "backfill"])
def test_an_unknown_table_is_named_with_the_known_ones(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    glue, (store, log) = Glue(), filled(1)
    assert str(invoke(monkeypatch, glue, *words, store=store).exception) == (
        "totesys has no table stuff; it has address, counterparty, currency, department, design, payment, "
        "payment_type, purchase_order, sales_order, staff, transaction"
    )
    assert (glue.started, log.newest_number()) == ([], 1)


def test_a_backfill_marks_its_table_and_starts_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    glue, (store, log) = Glue(GOOD), filled(1)
    result = invoke(monkeypatch, glue, "backfill", "staff", "--wait", "--json", store=store)
    assert (json.loads(result.stdout)["outcome"], glue.started) == ("SUCCEEDED", [{}])
    assert Bookmark.of(log.newest()).tables["staff"].compare == "backfill asked for"


def test_a_backfill_while_a_run_goes_on_is_taken_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    glue, (store, log) = Glue(refuse=Busy), filled(1)
    assert str(invoke(monkeypatch, glue, "backfill", "staff", store=store).exception) == (
        "totelake-refresh-totesys is running already; wait for it (`totelake runs`), "
        "what is pending is taken by the next run"
    )
    assert Bookmark.of(log.newest()).tables["staff"].compare == "backfill asked for"


def test_the_history_names_what_failed_in_a_line_for_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = job_run("FAILED", 1, ErrorMessage="the role may not read a table " * 20)
    bad = run("COMPLETED", job("totelake-build-dimensions-totesys", failed), job("totelake-load-warehouse-totesys"))
    monkeypatch.setattr(
        commands.Target, "named", lambda *_: SimpleNamespace(prefix="totelake", clients=SimpleNamespace(glue=Glue(bad)))
    )
    result = CliRunner().invoke(whole_app(), ["runs"], env={"COLUMNS": "100"})
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if "│" in line]
    assert rows == [["wr_01234567", "refresh", "2026-11-24 12:00:00", "FAILED", "20.0", "build-dimensions-totesys"]]
    assert [item["outcome"] for item in json.loads(invoke(monkeypatch, Glue(BAD), "runs", "--json").stdout)] == [
        "FAILED"
    ]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["wr_0123456789abcdef", "wr_fedcba98765"]),
        (["--workflow", "audit"], ["wr_fedcba98765"]),
        (["--workflow", "totelake-refresh-totesys"], ["wr_0123456789abcdef"]),
        (["--source", "totesys"], ["wr_0123456789abcdef"]),
    ],
    ids=["all", "the audit", "a full name", "a source"],
)
def test_the_history_has_every_workflow(words: list[str], found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shown = invoke(monkeypatch, Glue(GOOD, AUDITED), "runs", "--json", *words).stdout
    assert [item["id"] for item in json.loads(shown)] == found


@pytest.mark.parametrize("words", [["wr_fedcba98"], ["jr_3"], ["--workflow", "audit"], ["--job", "audit-catalog"]])
def test_logs_of_the_audit_are_found(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, Glue(GOOD, AUDITED), "logs", *words)
    assert result.stdout == "00:00:01.000 totelake-audit-catalog hello from jr_3 [1]\n"


def test_the_history_of_what_is_not_deployed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, Glue(refuse=NotFound), "runs")
    assert str(result.exception) == "there is no workflow totelake-refresh-totesys; run `totelake deploy`"


@pytest.mark.parametrize("named", ["", "wr_0123", "jr_1"], ids=["the newest", "a workflow run", "a job run"])
def test_logs_are_found_by_the_beginning_of_an_id(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, Glue(GOOD), *["logs", *([named] if named else [])])
    assert (result.exit_code, result.stdout) == (0, "00:00:01.000 totelake-a hello from jr_1 [1]\n")


def test_logs_for_machines_have_every_line_with_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(invoke(monkeypatch, Glue(GOOD), "logs", "--json").stdout) == [
        {
            "job": "totelake-a",
            "run_id": "jr_1",
            "stream": "output",
            "time": "1970-01-01T00:00:01.000+00:00",
            "text": "hello from jr_1 [1]",
        }
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["wr_9"], "none of the newest 100 runs starts with wr_9; give an id from `totelake runs`"),
        (["wr_0", "--job", "c"], "the run has no job c; it has totelake-a"),
        (["--workflow", "nightly"], "there is no workflow nightly; name one of refresh-totesys, audit"),
    ],
    ids=["unknown run", "unknown job", "unknown workflow"],
)
def test_logs_that_are_not_there_say_so(words: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(invoke(monkeypatch, Glue(GOOD), "logs", *words).exception) == message


def test_logs_before_the_first_run_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "nothing of totelake-refresh-totesys, totelake-audit has run yet; run `totelake run`"
    assert str(invoke(monkeypatch, Glue(), "logs").exception) == message


def test_a_deploy_tells_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [Change("job", "totelake-watch-totesys", "created"), Change("job", "totelake-b", "unchanged")]
    monkeypatch.setattr(commands, "deploying", lambda target, step, activate: changes)
    monkeypatch.setattr(commands, "before_deploy", lambda *_: [])
    assert invoke(monkeypatch, Glue(), "deploy").stdout.endswith(
        "1 created, 1 unchanged\n"
        "not yet on schedule: totelake-watch-totesys; see `totelake deploy --activate-schedule`\n"
    )
    awake = Glue()
    awake.active += ("totelake-watch-totesys",)
    assert invoke(monkeypatch, awake, "deploy").stdout.endswith("1 created, 1 unchanged\n")
    assert json.loads(invoke(monkeypatch, Glue(), "deploy", "--json").stdout) == [
        {"kind": "job", "name": "totelake-watch-totesys", "outcome": "created"},
        {"kind": "job", "name": "totelake-b", "outcome": "unchanged"},
    ]
