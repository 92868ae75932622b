"""What an operator and the night do: bookmarks moved, tables compared whole, deletions allowed, the lake audited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.e2e.clone import Clone
from tests.e2e.here import RefreshHere
from tests.e2e.pipeline import Pipeline, difference, running, waiting, warehouse_tables
from tests.integration.star.samples import OPEN_SOCKETS
from totelake.contracts import load_contracts
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import Batch
from totelake.ports.s3 import S3Store

pytestmark = [pytest.mark.e2e, OPEN_SOCKETS]
APPLIED = "SELECT target_table, record_id, source_key, batch FROM etl.fact_version ORDER BY 1, 2"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A small source with an unreadable payment, the deployed pipeline, and two batches.

    Builders and load run apart here, and in one session in the other files.
    """
    split = Clone(tmp_path_factory.mktemp("split"))
    split.edit("catalog/pipeline.yaml", "\npublish: fused\n", "\npublish: split\n")
    with running(tmp_path_factory.mktemp("operations")) as found:
        found.command("seed", "--orders", "30")
        assert split.run("deploy") == 0
        found.source("UPDATE payment SET payment_amount = 'NaN' WHERE payment_id = 1")
        assert found.command("run", "--wait")["outcome"] == "SUCCEEDED"
        yield found


@pytest.fixture(scope="module")
def refresh(pipeline: Pipeline, spark: Any) -> RefreshHere:
    """A refresh by the deployed jobs; the second batch is its first."""
    found = RefreshHere(pipeline, spark)
    edit(pipeline, 1)
    found()
    return found


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


def test_a_run_after_a_move_leaves_the_warehouse_as_it_is(pipeline: Pipeline, refresh: RefreshHere) -> None:
    before = content(pipeline)
    moved = pipeline.command("bookmark", "reset")
    refresh()
    found = pipeline.command("bookmark", "show")
    assert found["batch"] == moved["number"] + 1
    assert set(found["built"].values()) == set(found["applied"].values()) == {found["batch"]}
    assert content(pipeline) == before


@pytest.mark.parametrize(
    ("words", "order"), [("set 1", 2), ("rewind", 3), ("reset", 4)], ids=["set", "rewind", "reset"]
)
def test_a_run_after_a_move_captures_a_silent_edit_and_nothing_else(
    pipeline: Pipeline, refresh: RefreshHere, words: str, order: int
) -> None:
    before = content(pipeline)
    edit(pipeline, order)
    moved = pipeline.command("bookmark", *words.split())
    refresh()
    assert added(pipeline, before) == [("fact_sales_order", order, moved["number"] + 1)]
    others = [table.name for table in warehouse_tables() if table.name != "fact_sales_order"]
    now = content(pipeline)
    assert [name for name in others if now[name] != before[name]] == []


def test_a_backfill_compares_its_table_whole_and_brings_what_differs(pipeline: Pipeline) -> None:
    before = content(pipeline)
    edit(pipeline, 5)
    assert pipeline.command("backfill", "sales_order", "--wait")["outcome"] == "SUCCEEDED"
    newest, mark = pipeline.command("bookmark", "history", "--limit", "2")
    assert newest["why"] == "sales_order: backfill asked for"
    assert mark["why"] == "compare sales_order whole (backfill asked for)"
    assert added(pipeline, before) == [("fact_sales_order", 5, newest["number"])]


def test_deletions_that_are_held_back_come_when_they_are_allowed(pipeline: Pipeline, refresh: RefreshHere) -> None:
    ((payments,),) = pipeline.source("SELECT count(*) FROM payment")
    before = pipeline.loaded_now(load_contracts().find("fact_payment"))
    pipeline.source("DELETE FROM payment")
    refresh()
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


def audit(pipeline: Pipeline) -> list[str]:
    """One run of the night's workflow; the states of its jobs."""
    run_id = pipeline.glue.start_workflow_run(Name="totelake-audit")["RunId"]
    for _ in waiting():
        run = pipeline.glue.get_workflow_run(Name="totelake-audit", RunId=run_id, IncludeGraph=True)["Run"]
        if run["Status"] != "RUNNING":
            nodes = run["Graph"]["Nodes"]
            runs = [node["JobDetails"]["JobRuns"] for node in nodes if node.get("JobDetails", {}).get("JobRuns")]
            return [str(attempts[-1]["JobRunState"]) for attempts in runs]
    raise AssertionError("the workflow does not end")


def test_a_night_between_two_refreshes_loses_and_doubles_nothing(pipeline: Pipeline, refresh: RefreshHere) -> None:
    before = pipeline.keys()
    assert audit(pipeline) == ["SUCCEEDED", "SUCCEEDED"]
    assert before <= pipeline.keys()
    pipeline.source("UPDATE sales_order SET units_sold = units_sold + 1 WHERE sales_order_id < 3")
    refresh()
    manifest = CommitLog(S3Store(pipeline.s3, pipeline.stack.ingestion_bucket), SOURCE).newest()
    assert manifest is not None
    newest = Batch.of(manifest)
    assert newest.commits["sales_order"].rows == 2
    assert {state.search for state in newest.bookmark.tables.values()} == {"whole"}
    for table in warehouse_tables():
        assert difference(pipeline.expected(table), pipeline.loaded_now(table)) == {}, table.name
        assert difference(pipeline.loaded(table), pipeline.in_lake(table)) == {}, table.name


def test_a_lost_catalogue_is_made_again_from_the_commits(pipeline: Pipeline, refresh: RefreshHere) -> None:
    databases = ("totelake_ingestion", "totelake_processed")
    names = {
        name: {table["Name"] for table in pipeline.glue.get_tables(DatabaseName=name)["TableList"]}
        for name in databases
    }
    for database in databases:
        for table in names[database]:
            pipeline.glue.delete_table(DatabaseName=database, Name=table)
    assert pipeline.command("repair", "catalog")["state"] == "SUCCEEDED"
    for database in databases:
        found = pipeline.glue.get_tables(DatabaseName=database)["TableList"]
        assert {table["Name"] for table in found} == names[database]
    for table in warehouse_tables():
        assert difference(pipeline.loaded(table), pipeline.in_lake(table)) == {}, table.name
    refresh()


# what one machine does not have: roles, policies, keys, TLS, quotas
NOT_KNOWN_HERE = {"role", "plain PUT", "CopyObject", "KMS", "login", "quotas"}


def test_the_canary_finds_this_machine_as_it_should_be_and_leaves_only_its_reports(pipeline: Pipeline) -> None:
    before = pipeline.keys()
    found = pipeline.command("canary")
    by_outcome: dict[str, set[str]] = {}
    for item in found["findings"]:
        by_outcome.setdefault(item["outcome"], set()).add(item["look"])
    # where there is no Python of Glue's version, jobs run by another
    unknown = by_outcome.pop("not known") - {"interpreter"}
    assert (set(by_outcome), unknown) == ({"ok"}, NOT_KNOWN_HERE), found["findings"]
    bucket, run = pipeline.stack.ingestion_bucket, found["run"]
    reports = {f"{bucket}/_canary/{run}/{name}.json" for name in (f"canary_shell-{SOURCE}", "canary_spark")}
    assert pipeline.keys() - before == reports
    for database in ("totelake_ingestion", "totelake_processed"):
        tables = pipeline.glue.get_tables(DatabaseName=database)["TableList"]
        assert not [table["Name"] for table in tables if "canary" in table["Name"]]
    told = {line["text"].split(" ", 2)[-1].split(":")[0] for line in pipeline.command("logs", "--job", "canary-spark")}
    assert {"Spark", "connector", "committer", "JDBC driver", "login"} <= told
