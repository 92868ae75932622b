"""The command doctor: a line for each check, one document, an exit status; and what up and deploy do with problems."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.test_main import home, stopped
from totelake.cli import doctor as command
from totelake.cli import pipeline, stack
from totelake.cli.main import main
from totelake.doctor import environment, machine
from totelake.doctor.finding import BROKEN, NOT_CHECKED, Finding
from totelake.errors import ContractError
from totelake.runtime.outcome import OK, PROBLEM, WARNING

__all__ = ["home", "stopped"]
LINES = {
    OK: Finding("machine", "Java", OK, "17 in /java"),
    WARNING: Finding("machine", "memory", WARNING, "1 MB is free", "end other programs"),
    PROBLEM: Finding("machine", "disk", PROBLEM, "1 MB is free", "make room"),
    NOT_CHECKED: Finding("stack", "parts", NOT_CHECKED, "no stack is up", "run `totelake up`"),
    BROKEN: Finding("machine", "Spark", BROKEN, "the check ended with KeyError", "report this line"),
}


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch, home: Path) -> Callable[..., list[Finding]]:
    """Lets the machine be found to be like this."""

    def found(*outcomes: str) -> list[Finding]:
        findings = [LINES[outcome] for outcome in outcomes]
        monkeypatch.setattr(command, "of_machine", lambda _: (findings, False))
        return findings

    return found


@pytest.mark.parametrize(
    ("outcomes", "status", "summary"),
    [
        ([OK], 0, "nothing stands in the way"),
        ([OK, WARNING, NOT_CHECKED], 0, "nothing stands in the way, 1 warning, not checked: 1"),
        ([OK, PROBLEM], 3, "1 problem"),
        ([PROBLEM, PROBLEM, WARNING, WARNING], 3, "2 problems, 2 warnings"),
        ([BROKEN, PROBLEM], 3, "1 problem, check failed: 1"),
        ([OK, BROKEN], 1, "check failed: 1"),
    ],
)
def test_the_exit_status_is_that_of_the_worst(
    outcomes: Sequence[str],
    status: int,
    summary: str,
    finds: Callable[..., list[Finding]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    finds(*outcomes)
    assert main(["doctor"]) == status
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == summary
    failed = "totelake: machine, Spark: the check ended with KeyError; report this line\n" if status == 1 else ""
    assert shown.err == "looking\n" + failed


def test_a_line_for_each_check_below_its_group(
    finds: Callable[..., list[Finding]], capsys: pytest.CaptureFixture[str]
) -> None:
    finds(OK, WARNING, NOT_CHECKED)
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines()[:5] == [
        "machine",
        "  ok            Java: 17 in /java",
        "  warning       memory: 1 MB is free; end other programs",
        "stack",
        "  not checked   parts: no stack is up; run `totelake up`",
    ]


@pytest.mark.parametrize(("outcomes", "status"), [([OK, WARNING], 0), ([PROBLEM], 3), ([BROKEN], 1)])
def test_for_machines_it_is_one_document(
    outcomes: Sequence[str], status: int, finds: Callable[..., list[Finding]], capsys: pytest.CaptureFixture[str]
) -> None:
    findings = finds(*outcomes)
    assert main(["doctor", "--json"]) == status
    document = json.loads(capsys.readouterr().out)
    assert [(item["outcome"], item["sentence"]) for item in document[:-1]] == [
        (finding.outcome, finding.sentence) for finding in findings
    ]
    assert document[-1] == {
        "group": "catalog",
        "check": "contracts",
        "outcome": OK,
        "detail": document[-1]["detail"],
        "remedy": "",
        "sentence": document[-1]["detail"],
    }


def quick(monkeypatch: pytest.MonkeyPatch, *found: Finding) -> None:
    """Let the machine be found like this, and nothing else."""
    monkeypatch.setattr(machine, "before_up", lambda _: list(found))
    monkeypatch.setattr(environment, "of_machine", lambda *_: [])


def test_without_a_stack_the_rest_is_said_not_to_be_looked_at(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quick(monkeypatch, LINES[OK])
    assert main(["doctor"]) == 0
    (line,) = [text for text in capsys.readouterr().out.splitlines() if NOT_CHECKED in text and "parts" in text]
    assert f"no stack is up in {home}, so its sources, warehouse, buckets and jobs were not looked at" in line


def test_a_half_dead_stack_is_a_problem(
    stopped: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quick(monkeypatch, LINES[OK])
    assert main(["doctor"]) == 3
    assert "problem       parts: the stack in" in capsys.readouterr().out


def test_a_record_of_a_stack_that_cannot_be_read_is_no_success(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quick(monkeypatch, LINES[OK])
    (home / "stack.json").write_text("{")
    assert main(["doctor"]) == 3
    shown = " ".join(capsys.readouterr().out.split())
    assert "problem parts: " in shown and "stack.json is damaged; run `totelake down`" in shown


def test_a_broken_catalog_is_a_problem_and_hides_nothing(
    finds: Callable[..., list[Finding]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Any:
        raise ContractError("catalog/x.yaml has no name; name it")

    finds(OK)
    monkeypatch.setattr(command, "load_contracts", broken)
    assert main(["doctor"]) == 3
    shown = capsys.readouterr().out
    assert "Java: 17 in /java" in shown
    assert "problem       contracts: catalog/x.yaml has no name; name it" in shown


@pytest.mark.parametrize("words", [["--target", "azure"], ["--source", "nowhere"]])
def test_what_is_not_there_is_refused(
    words: list[str], finds: Callable[..., list[Finding]], capsys: pytest.CaptureFixture[str]
) -> None:
    finds(OK)
    assert main(["doctor", *words]) == 1
    assert words[1] in capsys.readouterr().err


def test_up_stops_at_a_problem_before_it_starts_anything(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(stack.lifecycle, "start", lambda where, *_: started.append(where))
    quick(monkeypatch, LINES[OK], LINES[WARNING], LINES[PROBLEM])
    assert main(["up"]) == 1
    assert capsys.readouterr() == (
        "",
        "warning: memory: 1 MB is free; end other programs\ntotelake: disk: 1 MB is free; make room\n",
    )
    assert (started, list(home.iterdir())) == ([], [])


def test_up_goes_on_with_a_warning(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(stack.lifecycle, "start", start)
    quick(monkeypatch, LINES[WARNING])
    assert main(["up"]) == 130
    assert capsys.readouterr().err.startswith("warning: memory: 1 MB is free; end other programs\nstarting the stack\n")


def test_deploy_stops_at_a_problem_before_it_deploys(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed: list[object] = []
    monkeypatch.setattr(pipeline.Target, "named", lambda *_: None)
    monkeypatch.setattr(pipeline, "deploying", lambda *_: deployed.append(1))
    monkeypatch.setattr(pipeline, "before_deploy", lambda *_: [LINES[WARNING], LINES[PROBLEM]])
    assert main(["deploy"]) == 1
    assert capsys.readouterr().err.endswith("totelake: disk: 1 MB is free; make room\n")
    assert deployed == []
