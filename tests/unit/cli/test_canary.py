"""What `totelake canary` shows, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from totelake.canary.flight import CanaryJob, Flight, Seen
from totelake.canary.look import UNKNOWN, Finding
from totelake.cli import canary as command
from totelake.cli.main import main
from totelake.deploy.target import AWS, Target
from totelake.runtime.outcome import OK, PROBLEM, WARNING

LINES = {
    OK: Finding("libpq", "10 or newer", OK, "libpq 14.1"),
    UNKNOWN: Finding("role", "a role", UNKNOWN, "user/moto", "look on AWS"),
    WARNING: Finding("KMS", "aws:kms", WARNING, "AES256", "deploy again"),
    PROBLEM: Finding("login", "a login", PROBLEM, "no route", "open port 5432"),
}
Finds = Callable[..., None]


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Finds:
    """Let the canary find these outcomes."""
    monkeypatch.setenv("TOTELAKE_HOME", str(tmp_path))
    monkeypatch.setattr(Target, "named", lambda *_: SimpleNamespace(prefix="lake", clients=SimpleNamespace(glue=None)))

    def find(*outcomes: str) -> None:
        seen = [Seen("lake-canary-spark", LINES[outcome]) for outcome in outcomes]
        monkeypatch.setattr(command, "_looked", lambda *_: iter(seen))

    return find


@pytest.mark.parametrize(
    ("outcomes", "status", "end"),
    [
        ([OK], 0, "everything is as expected"),
        ([OK, UNKNOWN, WARNING], 0, "warning: 1, not known: 1"),
        ([OK, WARNING, PROBLEM], 1, "problem: 1, warning: 1"),
    ],
)
def test_only_what_would_stop_the_pipeline_fails_the_command(
    outcomes: list[str], status: int, end: str, finds: Finds, capsys: pytest.CaptureFixture[str]
) -> None:
    finds(*outcomes)
    assert main(["canary"]) == status
    shown = capsys.readouterr()
    assert shown.out.rstrip().split("\n")[-1] == end
    said = "totelake: lake-canary-spark, login: problem: expected a login; found no route; open port 5432\n"
    assert shown.err.endswith(said) is (status == 1)


def test_forty_columns_are_enough(
    finds: Finds, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    finds(OK, WARNING)
    assert main(["canary"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 40] == []
    assert [line for line in lines[lines.index("look: KMS") :] if ":" in line][:5] == [
        "look: KMS",
        "result: warning",
        "expected: aws:kms",
        "found: AES256",
        "what to change: deploy again",
    ]


def test_the_document_is_whole_also_when_the_command_fails(finds: Finds, capsys: pytest.CaptureFixture[str]) -> None:
    finds(PROBLEM, OK)
    assert main(["canary", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [item["outcome"] for item in document["findings"]] == [PROBLEM, OK]
    assert document["findings"][0]["remedy"] == "open port 5432"
    assert document["run"]


def test_long_arguments_are_cut_where_people_read_and_whole_for_machines(
    monkeypatch: pytest.MonkeyPatch, finds: Finds, capsys: pytest.CaptureFixture[str]
) -> None:
    finds()
    long = "--name value " * 30
    monkeypatch.setattr(command, "_looked", lambda *_: iter([Seen("a", Finding("arguments", "b", OK, long))]))
    assert main(["canary"]) == 0
    assert "(--json has" in " ".join(capsys.readouterr().out.split())
    assert main(["canary", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["found"] == long


def test_an_interrupted_wait_names_the_runs_that_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where: Any = SimpleNamespace(prefix="lake", clients=SimpleNamespace(glue=None), ingestion=None)
    monkeypatch.setenv("TOTELAKE_HOME", str(tmp_path))
    monkeypatch.setattr(Target, "named", lambda *_: where)
    monkeypatch.setattr(Flight, "start", lambda self, _: self.going.update({"lake-canary-spark": "jr_1"}))

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Flight, "seen", interrupted)
    assert main(["canary"]) == 130
    assert "jr_1 goes on; see `totelake logs jr_1`" in capsys.readouterr().err


def test_where_no_job_was_started_no_table_is_looked_for() -> None:
    where: Any = SimpleNamespace(kind=AWS, clients=SimpleNamespace(glue=None), tables_of=lambda zone: zone)
    assert [look.name for look in command._of_account(where, [])] == ["quotas", "Lake Formation"]


def test_only_jobs_that_were_started_are_said_to_have_left_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [CanaryJob(name, name, "processed") for name in ("refused", "started")]
    monkeypatch.setattr(command, "canary_jobs", lambda *_: jobs)
    monkeypatch.setattr(Flight, "start", lambda flight, _: flight.started.update(started="jr_1"))
    monkeypatch.setattr(Flight, "seen", lambda *_: iter([]))
    monkeypatch.setattr(command, "examine", lambda looks: iter([]))
    given: list[Any] = []
    monkeypatch.setattr(command, "_of_account", lambda _, started: given.extend(started))
    where: Any = SimpleNamespace(prefix="lake", ingestion=None, clients=SimpleNamespace(glue=None, logs=None))
    assert list(command._looked(where, "run", [], lambda _: None)) == [] and given == [jobs[1]]
