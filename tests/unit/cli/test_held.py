"""A table that stands still is named wherever people look how things stand, since when and why, in one line."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.conftest import SOURCE
from tests.unit.cli.test_commands import BAD, GOOD, Glue, invoke
from tests.unit.operate.batches import bookmark, captured
from tests.unit.operate.jobs import NOON
from totelake.cli import stack as command
from totelake.cli.app import whole_app
from totelake.cli.main import main
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.records.batch import Batch, BlockedTable
from totelake.lake.records.holds import BUILD, LOAD, LOG, Hold, Holds
from totelake.lake.records.verdict import HeldEvents
from totelake.ports.memory import MemoryStore
from totelake.schemas.changes import missing_table
from totelake.stack.model import LOCALGLUE, MOTO, POSTGRES
from totelake.stack.servers import Standby, Standbys

AT = "2026-11-24T10:05:00+00:00"
LINES = [
    "dim_location is held: not built from batch 4 on (since 2026-11-24 10:05 UTC), 3 events wait: it is not parsed",
    "fact_payment is held: not loaded from batch 4 on (since 2026-11-24 10:05 UTC), 3 events wait: it is not parsed",
]
LEFT_OUT = "staff is not captured since batch 2: there is no table staff; create it"
LEFT_OUT_DOCUMENT = {"table": "staff", "since": 2, "reason": "there is\nno table staff; create it"}
DOCUMENTS = [
    {"table": name, "step": step, "since": 4, "events": 3, "reason": "it is\nnot parsed", "at": AT}
    for name, step in (("dim_location", BUILD), ("fact_payment", LOAD))
]


@pytest.fixture
def processed() -> MemoryStore:
    """A processed bucket in which the builders and the load hold a star table each."""
    store = MemoryStore()
    log = CommitLog(store, LOG)
    hold = Hold(4, "it is\nnot parsed", "code", AT, {4: HeldEvents(4, "2026-11-24T10:00:00+00:00", 3)})
    holds = Holds({BUILD: {"dim_location": hold}, LOAD: {"fact_payment": hold}})
    assert log.commit(holds.manifest(log.attempt(None, "jr"), NOON))
    return store


@pytest.fixture
def ingestion() -> MemoryStore:
    """An ingestion bucket whose newest batch leaves a table out."""
    store = MemoryStore()
    blocked = {"staff": BlockedTable(missing_table("staff"), "there is\nno table staff; create it", 2)}
    batch = Batch(bookmark(3, {"staff": captured()}, blocked=blocked), {})
    assert CommitLog(store, SOURCE).commit(batch.manifest(Attempt.new(SOURCE, 3, "jr"), NOON))
    return store


def held_lines(shown: str) -> list[str]:
    return [line for line in shown.splitlines() if " is held" in line or " is not captured" in line]


@pytest.mark.parametrize("glue", [Glue(GOOD), Glue(BAD)], ids=["succeeded", "failed"])
def test_a_waited_run_names_them(
    glue: Glue, ingestion: MemoryStore, processed: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, stores = ("run", "--wait"), {"store": ingestion, "processed": processed}
    assert sorted(held_lines(invoke(monkeypatch, glue, *words, **stores).stdout)) == [*LINES, LEFT_OUT]
    found = json.loads(invoke(monkeypatch, glue, *words, "--json", **stores).stdout)
    assert found["not_captured"] == [LEFT_OUT_DOCUMENT]
    assert sorted(found["held"], key=lambda item: str(item["table"])) == DOCUMENTS
    assert held_lines(invoke(monkeypatch, glue, *words).stdout) == []
    assert json.loads(invoke(monkeypatch, glue, *words, "--json").stdout)["held"] == []


@pytest.mark.parametrize("answers", [True, False])
def test_the_status_names_them_when_the_whole_stack_answers(
    answers: bool, ingestion: MemoryStore, processed: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {POSTGRES: True, MOTO: answers, LOCALGLUE: True}
    up: Any = SimpleNamespace(home="here", postgres_port=1, aws_endpoint="aws", glue_endpoint="glue", parts=parts)
    waiting = Standbys(2, (Standby(77, True, 512), Standby(78, False, 90)))
    where = SimpleNamespace(
        prefix="totelake", clients=SimpleNamespace(glue=Glue(GOOD)), ingestion=ingestion, processed=processed
    )
    monkeypatch.setattr(command.Stack, "read", lambda *_: up)
    monkeypatch.setattr(command.lifecycle, "status_of", lambda *_: parts)
    monkeypatch.setattr(command.Target, "named", lambda *_: where)
    monkeypatch.setattr(command, "standbys", lambda endpoint: waiting if endpoint == "glue" else None)
    shown = CliRunner().invoke(whole_app(), ["status"], env={"COLUMNS": "200"})
    document = CliRunner().invoke(whole_app(), ["status", "--json"])
    assert shown.exit_code == document.exit_code == (0 if answers else 1)
    assert sorted(held_lines(shown.stdout)) == ([*LINES, LEFT_OUT] if answers else [])
    assert json.loads(document.stdout)["not_captured"] == ([LEFT_OUT_DOCUMENT] if answers else [])
    found = json.loads(document.stdout)["held"]
    assert sorted(found, key=lambda item: str(item["table"])) == (DOCUMENTS if answers else [])
    line = "Spark on standby: 2 of 2 (warm, 512 MB) (warming up, 90 MB)\n"
    assert (line in shown.stdout) is answers
    told = {"most": 2, "waiting": [asdict(item) for item in waiting.waiting]}
    assert json.loads(document.stdout)["standbys"] == (told if answers else None)


@pytest.mark.parametrize(("words", "number"), [([], 1), (["--standby", "0"], 0)])
def test_up_says_how_many_processes_of_spark_may_wait(
    words: list[str], number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def start(folder: Path, ports: object, step: object, standbys: int) -> None:
        asked.append(standbys)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "default_home", lambda: tmp_path)
    monkeypatch.setattr(command, "before_up", lambda _: [])
    monkeypatch.setattr(command.lifecycle, "start", start)
    assert main(["up", *words]) == 130
    assert asked == [number]
