"""What an operator does: bookmarks moved, tables compared whole, deletions allowed, rows that did not fit looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.pipeline import Pipeline, difference, running, warehouse_tables
from totelake.contracts import load_contracts

pytestmark = pytest.mark.e2e
APPLIED = "SELECT target_table, record_id, source_key, batch FROM etl.fact_version ORDER BY 1, 2"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A small source with an unreadable payment, the deployed pipeline, and two batches."""
    with running(tmp_path_factory.mktemp("operations")) as found:
        found.command("seed", "--orders", "30")
        found.command("deploy")
        found.source("UPDATE payment SET payment_amount = 'NaN' WHERE payment_id = 1")
        assert found.command("run", "--wait")["outcome"] == "SUCCEEDED"
        edit(found, 1)
        assert found.command("run", "--wait")["outcome"] == "SUCCEEDED"
        yield found


def edit(pipeline: Pipeline, order: int) -> None:
    """Change an order and leave its `last_updated` alone."""
    pipeline.source("UPDATE sales_order SET units_sold = units_sold + 1 WHERE sales_order_id = %s", order)


def content(pipeline: Pipeline) -> dict[str, Any]:
    """Every row of the warehouse, and which version of what each fact row is."""
    rows = {table.name: pipeline.loaded(table) for table in warehouse_tables()}
    return {**rows, "versions": pipeline.warehouse(APPLIED)}


def added(pipeline: Pipeline, before: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Table, key and batch of the fact versions that came since; the ones before are still there."""
    now = pipeline.warehouse(APPLIED)
    assert [row for row in now if row in before["versions"]] == before["versions"]
    return [(row[0], row[2], row[3]) for row in now if row not in before["versions"]]


@pytest.mark.parametrize("words", ["set 1", "rewind", "reset"])
def test_a_run_after_a_move_leaves_the_warehouse_as_it_is(pipeline: Pipeline, words: str) -> None:
    before = content(pipeline)
    moved = pipeline.command("bookmark", *words.split())
    assert pipeline.command("run", "--wait")["outcome"] == "SUCCEEDED"
    found = pipeline.command("bookmark", "show")
    assert found["batch"] == moved["number"] + 1
    assert set(found["built"].values()) == set(found["applied"].values()) == {found["batch"]}
    assert content(pipeline) == before


@pytest.mark.parametrize(
    ("words", "order"), [("bookmark set 1", 2), ("bookmark rewind", 3), ("bookmark reset", 4)],
    ids=["set", "rewind", "reset"],
)  # fmt: skip
def test_a_run_after_a_move_captures_a_silent_edit_and_nothing_else(pipeline: Pipeline, words: str, order: int) -> None:
    before = content(pipeline)
    edit(pipeline, order)
    moved = pipeline.command(*words.split())
    assert pipeline.command("run", "--wait")["outcome"] == "SUCCEEDED"
    assert added(pipeline, before) == [("fact_sales_order", order, moved["number"] + 1)]


def test_a_backfill_compares_its_table_whole_and_brings_what_differs(pipeline: Pipeline) -> None:
    before = content(pipeline)
    edit(pipeline, 5)
    assert pipeline.command("backfill", "sales_order", "--wait")["outcome"] == "SUCCEEDED"
    newest, mark = pipeline.command("bookmark", "history", "--limit", "2")
    assert newest["why"] == "sales_order: backfill asked for"
    assert mark["why"] == "compare sales_order whole (backfill asked for)"
    assert added(pipeline, before) == [("fact_sales_order", 5, newest["number"])]


def test_deletions_that_are_held_back_come_when_they_are_allowed(pipeline: Pipeline) -> None:
    ((payments,),) = pipeline.source("SELECT count(*) FROM payment")
    before = pipeline.loaded_now(load_contracts().find("fact_payment"))
    pipeline.source("DELETE FROM payment")
    assert pipeline.command("run", "--wait")["outcome"] == "SUCCEEDED"
    assert before and pipeline.loaded_now(load_contracts().find("fact_payment")) == before
    allowed = pipeline.command("run", "--wait", "--allow-deletes", "payment")
    assert allowed["outcome"] == "SUCCEEDED"
    (newest,) = pipeline.command("bookmark", "history", "--limit", "1")
    assert newest["tables"]["payment"]["deletes"] == payments
    found = {
        table.name: difference(pipeline.expected(table), pipeline.loaded_now(table)) for table in warehouse_tables()
    }
    assert {name: rows for name, rows in found.items() if rows} == {}


def test_the_quarantine_is_listed_and_shown(pipeline: Pipeline) -> None:
    found = pipeline.command("quarantine", "list", "--status", "open", "--table", "fact_payment")
    told = [(row["source_key"], row["batch"], row["rule"], row["value"]) for row in found["rows"]]
    assert (found["total"], told) == (1, [(1, 1, "unreadable", "NaN")])
    assert pipeline.command("quarantine", "list", "--status", "released") == {"total": 0, "rows": []}
    (shown,) = pipeline.command("quarantine", "show", "fact_payment", "1")
    assert (shown["payload"]["payment_id"], shown["payload"]["payment_amount"]) == ("1", "NaN")
    status, out, err = pipeline.attempt("quarantine", "show", "fact_payment", "2")
    assert (status, out) == (1, "")
    assert err == (
        "totelake: no row of fact_payment with the key 2 was ever in quarantine; see `totelake quarantine list`\n"
    )
