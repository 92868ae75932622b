"""reconcile says in a sentence what is behind, and that it has compared nothing where nothing is."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.conftest import SOURCE
from tests.unit.operate.batches import bookmark, captured
from totelake.cli import reconcile as command
from totelake.cli.app import whole_app
from totelake.contracts import load_contracts
from totelake.operate.positions import Positions
from totelake.operate.reconcile.behind import behind, nothing_captured
from totelake.operate.reconcile.compare import look_of_database, reconcile
from totelake.operate.reconcile.finding import BEHIND, DIFFERS, EQUAL, IN_PROGRESS, NOT_COMPARED, Finding
from totelake.operate.reconcile.source import CHECK, LAGS
from totelake.ports.memory import MemoryStore
from totelake.ports.postgres_address import PostgresAddress

STANDING = bookmark(5, {"staff": captured()})
LAGGING = "is behind the lake's newest batch, as a lagging standby is; it was not compared"
RUN = "; `totelake run` brings what does not wait"
Built = dict[str, int | None]


def compared(outcome: str, detail: str = "") -> list[Finding]:
    """A table that is equal and one that is not."""
    return [Finding("staff", CHECK, "1 rows", "1 keys", EQUAL), Finding("design", CHECK, "2", "1", outcome, detail)]


def said(compared: list[Finding], judged: int | None, built: Built, applied: Built | None) -> list[tuple[str, str]]:
    """Outcomes and sentences."""
    found = Positions(5, "", "", {}, (), judged, built, applied)
    return [(item.outcome, item.detail) for item in behind("orders", compared, STANDING, found)]


ALL: Built = {"dim_a": 5, "fact_b": 5}
NONE: Built = {"dim_a": None, "fact_b": None}


@pytest.mark.parametrize(
    ("findings", "judged", "built", "applied", "sentences"),
    [
        (compared(EQUAL), 5, ALL, ALL, []),
        (compared(DIFFERS), 5, ALL, ALL, []),
        (
            compared(IN_PROGRESS, "2 rows changed since the last batch"), 5, ALL, ALL,
            [(BEHIND, f"the lake is behind orders in 1 of 2 tables: design{RUN}")],
        ),
        (
            compared(IN_PROGRESS, LAGS), 5, ALL, ALL,
            [(NOT_COMPARED, f"orders itself {LAGGING}")],
        ),
        (
            compared(EQUAL), 3, {"dim_a": 3, "fact_b": 3}, {"dim_a": 3, "fact_b": 3},
            [(BEHIND, f"batches 4 to 5 of orders are captured and not judged yet{RUN}")],
        ),
        (
            compared(EQUAL), None, NONE, NONE,
            [(BEHIND, f"batches 1 to 5 of orders are captured and not judged yet{RUN}")],
        ),
        (
            compared(EQUAL), 5, {"dim_a": 5, "fact_b": 2}, {"dim_a": 2, "fact_b": 2},
            [
                (BEHIND, f"the lake's star tables fact_b are behind batch 5, which is judged{RUN}"),
                (BEHIND, f"the warehouse is at batch 2 of 5 of orders: dim_a can be loaded{RUN}"),
            ],
        ),
        (
            compared(EQUAL), 5, ALL, NONE,
            [(BEHIND, f"the warehouse has nothing of orders: dim_a, fact_b can be loaded{RUN}")],
        ),
        (
            compared(EQUAL), 5, ALL, None,
            [(NOT_COMPARED, "the warehouse was not compared, since nothing says where it is; set WAREHOUSE_DSN")],
        ),
    ],
    ids=[
        "nothing", "differing is not behind", "the source is ahead", "the source lags", "not judged", "never judged",
        "not built, not loaded", "an empty warehouse", "no warehouse",
    ],
)  # fmt: skip
def test_each_step_that_is_behind_is_a_sentence(
    findings: list[Finding], judged: int | None, built: Built, applied: Built | None, sentences: list[tuple[str, str]]
) -> None:
    assert said(findings, judged, built, applied) == sentences


def test_an_empty_lake_is_told_and_neither_source_nor_warehouse_is_asked() -> None:
    nowhere = PostgresAddress("127.0.0.1", 1, "none", "nobody", "nothing")
    lake = MemoryStore("ingestion"), MemoryStore("processed")
    look = look_of_database(nowhere, lake[0])
    assert list(reconcile(*lake, load_contracts(), SOURCE, look, None)) == [nothing_captured(SOURCE)]


def invoke(monkeypatch: pytest.MonkeyPatch, found: list[Finding], *words: str) -> Result:
    """The command over these findings."""
    target = SimpleNamespace(ingestion=None, processed=None, warehouse_dsn="")
    monkeypatch.setattr(command.Target, "named", lambda *_: target)
    monkeypatch.setattr(command, "source_address", lambda *_: None)
    monkeypatch.setattr(command, "compare", lambda *_: iter(found))
    monkeypatch.setattr(command, "_report", lambda *_: None)
    return CliRunner().invoke(whole_app(), ["reconcile", *words], env={"COLUMNS": "200"})


BEHIND_ONLY = [*compared(IN_PROGRESS), Finding(SOURCE, "how far", "2", "1", BEHIND, "the lake is behind")]


@pytest.mark.parametrize(
    ("found", "status", "ends"),
    [
        ([nothing_captured(SOURCE)], 3, "nothing of totesys has been captured yet, so there is nothing to compare; "
         "run `totelake run`\n"),
        (BEHIND_ONLY, 0, "1 of 2 comparisons agree, 1 in progress\nthe lake is behind\n"),
        ([*compared(EQUAL), nothing_captured("crm")], 3, "2 of 2 comparisons agree\nnothing of crm has been captured "
         "yet, so there is nothing to compare; run `totelake run`\n"),
        ([*compared(DIFFERS), nothing_captured("crm")], 1, "1 of 2 comparisons agree\nnothing of crm has been captured "
         "yet, so there is nothing to compare; run `totelake run`\n"),
    ],
    ids=["an empty lake", "behind", "one of two sources", "a difference counts more"],
)  # fmt: skip
def test_the_command_says_so_with_its_exit_status(
    found: list[Finding], status: int, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke(monkeypatch, found)
    assert result.exit_code == status and result.stdout.endswith(ends)
    document: Any = invoke(monkeypatch, found, "--json")
    assert document.exit_code == status
    assert [item["detail"] for item in json.loads(document.stdout)] == [item.detail for item in found]
    assert "of 0" not in result.stdout
