"""Refreshes of several sources: what fails of one is told, and takes nothing from the others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import Result

from tests.unit.cli.test_commands import BAD, GOOD, Busy, Glue, NotFound, invoke
from tests.unit.operate.jobs import two_sources
from totelake.cli import pipeline, sources
from totelake.errors import TotelakeError

STARTED = ["wr_00000000aaaa", "wr_11111111bbbb"]
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "StartWorkflowRun")


class Refreshes(Glue):
    """A refresh of each source: what starting it raises, and what each look at it gives or raises."""

    def __init__(self, starts: list[BaseException | None], looks: list[Any]) -> None:
        super().__init__()
        self.starts, self.looks = starts, looks
        self.looked: list[str] = []

    def start_workflow_run(self, Name: str, RunProperties: dict[str, str] | None = None) -> Any:  # noqa: N803
        """Start the next source's, or refuse to."""
        number = len(self.started)
        self.started.append({})
        if (error := self.starts[number]) is not None:
            raise error
        return {"RunId": STARTED[number]}

    def get_workflow_run(self, RunId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """The run as it has ended, or what looking at it raises."""
        self.looked.append(RunId)
        found = self.looks[STARTED.index(RunId)]
        if isinstance(found, BaseException):
            raise found
        return {"Run": {**found, "WorkflowRunId": RunId}}


@pytest.fixture(autouse=True)
def _two(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sources, pipeline):
        monkeypatch.setattr(module, "load_contracts", two_sources)


def called(monkeypatch: pytest.MonkeyPatch, glue: Refreshes, *words: str) -> Result:
    return invoke(monkeypatch, glue, "run", *words)


@pytest.mark.parametrize(
    ("error", "said"),
    [(Busy(), "is running already"), (NotFound(), "there is no workflow"), (DENIED, "AccessDenied")],
    ids=["running", "not deployed", "denied"],
)
@pytest.mark.parametrize("failing", [0, 1])
def test_what_was_started_is_told_and_followed_when_another_source_cannot_start(
    failing: int, error: BaseException, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[BaseException | None] = [None, None]
    starts[failing] = error
    other = STARTED[1 - failing]
    shown = called(monkeypatch, Refreshes(starts, [GOOD, GOOD]))
    assert shown.stdout == f"started {other[:11]}; see `totelake runs`\n"
    assert isinstance(shown.exception, TotelakeError) and said in str(shown.exception)
    for_machines = called(monkeypatch, Refreshes(starts, [GOOD, GOOD]), "--json")
    assert json.loads(for_machines.stdout) == [{"id": other}]
    assert said in str(for_machines.exception)
    glue = Refreshes(starts, [GOOD, GOOD])
    followed = called(monkeypatch, glue, "--wait", "--json")
    assert [item["id"] for item in json.loads(followed.stdout)] == [other]
    assert glue.looked == [other]
    assert said in str(followed.exception)


def test_every_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    glue = Refreshes([Busy(), NotFound()], [])
    shown = called(monkeypatch, glue)
    assert shown.stdout == ""
    assert "is running already" in str(shown.exception) and "there is no workflow" in str(shown.exception)
    failed = called(monkeypatch, Refreshes([None, None], [BAD, BAD]), "--wait")
    assert all(f"the run {run_id[:11]} failed" in str(failed.exception) for run_id in STARTED)


def test_a_run_that_cannot_be_followed_keeps_no_other_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = called(monkeypatch, Refreshes([None, None], [DENIED, GOOD]), "--wait", "--json")
    assert [item["id"] for item in json.loads(shown.stdout)] == [STARTED[1]]
    assert "AccessDenied" in str(shown.exception)


@pytest.mark.parametrize(
    ("starts", "looks", "said"),
    [
        ([None, None], [KeyboardInterrupt(), GOOD], ["wr_00000000, wr_11111111 go on; see `totelake runs`"]),
        ([None, None], [GOOD, KeyboardInterrupt()], ["wr_11111111 goes on; see `totelake runs`"]),
        ([None, KeyboardInterrupt()], [GOOD, GOOD], ["wr_00000000 goes on; see `totelake runs`"]),
        ([Busy(), None], [GOOD, KeyboardInterrupt()], ["is running already", "wr_11111111 goes on"]),
        ([KeyboardInterrupt()], [], []),
    ],
    ids=["the first", "the second", "while starting", "after a failure", "before any"],
)
def test_an_interrupted_wait_names_all_that_go_on(
    starts: list[BaseException | None], looks: list[Any], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = called(monkeypatch, Refreshes(starts, looks), "--wait", "--json")
    assert shown.exit_code == 130
    lines = shown.stderr.splitlines()
    assert len(lines) == len(said)
    assert all(expected in line for expected, line in zip(said, lines))
