"""What the bookmark commands show and commit, over a log in memory."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.unit.capture.detect.test_rewind import filled
from tests.unit.cli.test_commands import Glue, NotFound
from totelake.cli import bookmark as commands
from totelake.cli.app import whole_app
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import Bookmark
from totelake.ports.memory import MemoryStore


def invoke(monkeypatch: pytest.MonkeyPatch, store: MemoryStore, *words: str, glue: Any = None) -> Result:
    """Run a bookmark command over these objects."""
    zones = dict.fromkeys(("ingestion", "processed"), store)
    target = SimpleNamespace(prefix="totelake", clients=SimpleNamespace(glue=glue), warehouse_dsn=None, **zones)
    monkeypatch.setattr(commands.Target, "named", lambda kind, home: target)
    return CliRunner().invoke(whole_app(), ["bookmark", *words], env={"COLUMNS": "200"})


def newest(log: CommitLog) -> Bookmark:
    """The newest bookmark."""
    return Bookmark.of(log.newest())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["set", "1"], "batch 4: at the next run search from batch 1 on\n"),
        (["rewind"], "batch 4: at the next run search from batch 2 on\n"),
        (["rewind", "--batches", "2"], "batch 4: at the next run search from batch 1 on\n"),
        (["reset"], "batch 4: at the next run compare every table whole (bookmark reset)\n"),
    ],
    ids=["set", "rewind by one", "rewind by two", "reset"],
)
def test_a_move_is_committed_and_told(words: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, log = filled(1, 2, 3)
    assert invoke(monkeypatch, store, *words).stdout == told
    assert (log.newest_number(), newest(log).is_move) == (4, True)


@pytest.mark.parametrize("words", [["set", "1"], ["rewind"], ["reset"]], ids=["set", "rewind", "reset"])
def test_a_move_for_machines_is_its_batch(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = filled(1, 2, 3)
    found = json.loads(invoke(monkeypatch, store, *words, "--json").stdout)
    assert (found["number"], found["kind"], found["tables"]) == (4, "bookmark", {})


def test_the_history_shows_batches_with_what_they_brought_and_moves_with_what_they_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, _ = filled(1, 2)
    invoke(monkeypatch, store, "reset")
    shown = invoke(monkeypatch, store, "history").stdout
    assert "compare every table whole (bookmark reset)" in shown
    lines = [line.split("│")[1:-1] for line in shown.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in line] for line in lines]
    assert [line[:2] for line in cells] == [["3", "bookmark"], ["2", "data"], ["1", "data"]]
    assert cells[1][2:] == ["2026-11-24T06:00:00+00:00", "1", "0", "0", "1", "-"]
    machine = json.loads(invoke(monkeypatch, store, "history", "--limit", "1", "--json").stdout)
    assert [batch["number"] for batch in machine] == [3]


def test_a_batch_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    store, log = filled(1)
    message = "the log totesys has batches 1 to 1, not 9; name one of them"
    assert str(invoke(monkeypatch, store, "set", "9").exception) == message
    assert log.newest_number() == 1


@pytest.mark.parametrize("words", [["show"], ["show", "--json"]], ids=["for people", "for machines"])
def test_before_the_deployment_that_is_what_is_asked_for(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = filled()
    glue = Glue(refuse=NotFound)
    found = invoke(monkeypatch, store, *words, glue=glue)
    assert str(found.exception) == "there is no workflow totelake-refresh-totesys; run `totelake deploy`"
    glue.refuse = None
    assert "run `totelake run`" in invoke(monkeypatch, store, "show", glue=glue).stdout
