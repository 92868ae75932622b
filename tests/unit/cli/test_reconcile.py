"""What `totelake reconcile` says of its comparisons: what holds, what differs, and what nobody can compare yet."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import SOURCE
from totelake.cli import reconcile as command
from totelake.cli.main import main
from totelake.contracts import load_contracts
from totelake.operate.reconcile import compare
from totelake.operate.reconcile.finding import DIFFERS, EQUAL, IN_PROGRESS, NOT_CAPTURED, NOTHING_CAPTURED, Finding
from totelake.ports.memory import MemoryStore


@pytest.mark.parametrize(
    ("outcomes", "status", "summary"),
    [
        ([EQUAL, EQUAL], 0, "2 of 2 comparisons agree"),
        ([EQUAL, IN_PROGRESS], 0, "1 of 2 comparisons agree, 1 in progress"),
        ([DIFFERS, EQUAL, IN_PROGRESS], 1, "1 of 3 comparisons agree, 1 in progress"),
        ([DIFFERS], 1, "0 of 1 comparisons agree"),
        ([IN_PROGRESS] * 2, 0, "0 of 2 comparisons agree, 2 in progress"),
        ([EQUAL, NOT_CAPTURED, IN_PROGRESS], 0, "1 of 3 comparisons agree, 1 in progress, 1 not captured"),
    ],
)
def test_the_summary_counts_what_was_compared(
    outcomes: list[str], status: int, summary: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [Finding("staff", "source = ledger", "1 rows", "-", outcome, "rename it") for outcome in outcomes]
    where = SimpleNamespace(ingestion=None, processed=None, warehouse_dsn=None)
    monkeypatch.setattr(command.Target, "named", lambda *_: where)
    monkeypatch.setattr(command, "source_address", lambda *_: None)
    monkeypatch.setattr(command, "compare", lambda *_: found)
    monkeypatch.setattr(command, "_report", lambda *_: None)
    assert main(["reconcile"]) == status
    said = capsys.readouterr().out.splitlines()
    blocked = outcomes.count(NOT_CAPTURED)
    assert said[len(said) - 1 - blocked :] == [summary] + ["staff is not captured: rename it"] * blocked
    assert main(["reconcile", "--json"]) == status
    assert [item["outcome"] for item in json.loads(capsys.readouterr().out)] == outcomes


def test_before_the_first_batch_nothing_is_held_against_nothing() -> None:
    address: Any = "no source is asked"
    stores = MemoryStore("ingestion"), MemoryStore("processed")
    found = list(compare.reconcile(*stores, load_contracts(), SOURCE, address, "no warehouse is asked"))
    assert [item.outcome for item in found] == [NOTHING_CAPTURED]
