"""A generated totesys goes through its days: first copy, nothing, changes, deletions, each by the deployed workflow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.e2e.here import RefreshHere
from tests.e2e.pipeline import WORKFLOW, Pipeline, difference, running, waiting, warehouse_tables
from tests.e2e.traces import traces
from tests.integration.star.samples import OPEN_SOCKETS
from totelake.contracts import load_contracts
from totelake.contracts.model import FACT

pytestmark = [pytest.mark.e2e, OPEN_SOCKETS]
FAR_PAST = "timestamp '2000-01-01'"


@dataclass(frozen=True)
class Refresh:
    """One run of the workflow: its report, and what the warehouse and the lake then lacked or had too much."""

    report: dict[str, Any]
    warehouse: dict[str, Any]
    lake: dict[str, Any]


def differences(pipeline: Pipeline) -> tuple[dict[str, Any], dict[str, Any]]:
    """Every table in which the warehouse differs from the source, and the lake from the warehouse."""
    warehouse, lake = {}, {}
    for table in warehouse_tables():
        if found := difference(pipeline.expected(table), pipeline.loaded_now(table)):
            warehouse[table.name] = found
        if found := difference(pipeline.loaded(table), pipeline.in_lake(table)):
            lake[table.name] = found
    return warehouse, lake


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A generated source and the deployed pipeline, nothing run yet."""
    with running(tmp_path_factory.mktemp("generated")) as found:
        found.command("seed", "--orders", "600")
        first, second = found.command("deploy"), found.command("deploy")
        assert {change["outcome"] for change in first} == {"created"}
        assert {change["outcome"] for change in second} == {"unchanged"}
        yield found


@pytest.fixture(scope="module")
def first(pipeline: Pipeline) -> Refresh:
    """The first run, which copies everything."""
    return Refresh(pipeline.command("run", "--wait"), *differences(pipeline))


@dataclass(frozen=True)
class Quiet:
    """What a look and a run found changed when nothing had."""

    started: list[str]
    new_keys: set[str]
    watch_log: str


@pytest.fixture(scope="module")
def quiet(pipeline: Pipeline, first: Refresh, spark: Any) -> Quiet:
    """A look of watch and a whole run, with nothing changed since the first run."""
    runs, keys = pipeline.workflow_runs(), pipeline.keys()
    look = pipeline.job("totelake-watch-totesys")
    started = [run for run in pipeline.workflow_runs() if run not in runs]
    RefreshHere(pipeline, spark)()
    return Quiet(started, pipeline.keys() - keys, log_of(pipeline, look, "/aws-glue/python-jobs/output"))


@dataclass(frozen=True)
class Changes:
    """The keys of what was changed before the second batch."""

    silent: int
    noop: int
    address: int
    counterparties: set[int]
    new_order: int
    gone_payment: int
    refresh: Refresh


@pytest.fixture(scope="module")
def changes(pipeline: Pipeline, quiet: Quiet) -> Changes:
    """One of each kind of change, taken by the run that a look of watch starts."""
    silent, noop = (row[0] for row in pipeline.source("SELECT sales_order_id FROM sales_order ORDER BY 1 LIMIT 2"))
    pipeline.source("UPDATE sales_order SET units_sold = units_sold + 1 WHERE sales_order_id = %s", silent)
    pipeline.source("UPDATE sales_order SET units_sold = units_sold WHERE sales_order_id = %s", noop)
    address = pipeline.source("SELECT min(legal_address_id) FROM counterparty")[0][0]
    pipeline.source("UPDATE address SET phone = '0' || phone WHERE address_id = %s", address)
    owners = pipeline.source("SELECT counterparty_id FROM counterparty WHERE legal_address_id = %s", address)
    ((new_order,),) = pipeline.source(
        f"""INSERT INTO sales_order (last_updated, design_id, staff_id, counterparty_id, units_sold, unit_price,
                currency_id, agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id)
            SELECT {FAR_PAST}, design_id, staff_id, counterparty_id, units_sold, unit_price, currency_id,
                agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id
              FROM sales_order WHERE sales_order_id = %s RETURNING sales_order_id""",
        silent,
    )
    ((gone,),) = pipeline.source("DELETE FROM payment WHERE payment_id = (SELECT max(payment_id) FROM payment) "
                                 "RETURNING payment_id")  # fmt: skip
    report = run_started_by_watch(pipeline)
    owner_ids = {row[0] for row in owners}
    return Changes(silent, noop, address, owner_ids, new_order, gone, Refresh(report, *differences(pipeline)))


def run_started_by_watch(pipeline: Pipeline) -> dict[str, Any]:
    """One look; the run that it started, ended."""
    before = pipeline.workflow_runs()
    pipeline.job("totelake-watch-totesys")
    (started,) = [run for run in pipeline.workflow_runs() if run not in before]
    for _ in waiting():
        report = next(run for run in pipeline.command("runs") if run["id"] == started)
        if report["outcome"] != "RUNNING":
            return report
    raise AssertionError


def log_of(pipeline: Pipeline, run: Any, group: str) -> str:
    """All lines of a job run in a log group."""
    answer = pipeline.logs.get_log_events(logGroupName=group, logStreamName=run["Id"], startFromHead=True)
    return "\n".join(event["message"] for event in answer["events"])


def test_the_first_run_copies_every_value_of_every_row(first: Refresh) -> None:
    assert (first.report["outcome"], first.warehouse, first.lake) == ("SUCCEEDED", {}, {})


def test_a_look_at_an_unchanged_source_starts_nothing(quiet: Quiet) -> None:
    assert quiet.started == []
    assert "no work: nothing changed and nothing is pending" in quiet.watch_log


def test_a_run_over_an_unchanged_source_adds_no_object_and_no_commit(quiet: Quiet) -> None:
    assert quiet.new_keys == set()


def test_the_run_that_watch_started_brings_the_warehouse_to_the_source(changes: Changes) -> None:
    assert changes.refresh.report["outcome"] == "SUCCEEDED"
    assert (changes.refresh.warehouse, changes.refresh.lake) == ({}, {})


def versions(pipeline: Pipeline, table: str, key: str, value: int) -> int:
    """How many rows a fact has for one source row."""
    return int(pipeline.warehouse(f"SELECT count(*) FROM {table} WHERE {key} = %s", value)[0][0])


def test_an_edit_that_leaves_last_updated_alone_adds_exactly_one_row(pipeline: Pipeline, changes: Changes) -> None:
    assert versions(pipeline, "fact_sales_order", "sales_order_id", changes.silent) == 2


def test_an_update_that_changes_nothing_adds_none(pipeline: Pipeline, changes: Changes) -> None:
    assert versions(pipeline, "fact_sales_order", "sales_order_id", changes.noop) == 1


def test_a_new_row_with_an_old_timestamp_arrives_and_its_dates_with_it(pipeline: Pipeline, changes: Changes) -> None:
    assert versions(pipeline, "fact_sales_order", "sales_order_id", changes.new_order) == 1
    assert pipeline.warehouse("SELECT min(date_id)::text FROM dim_date") == [("1999-01-01",)]


def test_the_second_batch_brought_these_fact_rows_and_no_others(pipeline: Pipeline, changes: Changes) -> None:
    found = pipeline.warehouse("SELECT target_table, source_key FROM etl.fact_version WHERE batch = 2")
    assert sorted(found) == [("fact_sales_order", changes.silent), ("fact_sales_order", changes.new_order)]


def test_an_address_edit_is_sent_again_in_both_dimensions_that_show_it(pipeline: Pipeline, changes: Changes) -> None:
    found = pipeline.warehouse(
        "SELECT target_table, dimension_key FROM etl.dimension_version WHERE batch = 2 AND target_table <> 'dim_date'"
    )
    counterparties = {("dim_counterparty", str(key)) for key in changes.counterparties}
    assert set(found) == {("dim_location", str(changes.address))} | counterparties


def test_a_deleted_fact_leaves_the_current_view_and_stays_in_the_history(pipeline: Pipeline, changes: Changes) -> None:
    key = changes.gone_payment
    assert pipeline.warehouse("SELECT 1 FROM current_payment WHERE payment_id = %s", key) == []
    history = pipeline.warehouse("SELECT deleted_at = valid_to FROM history_payment WHERE payment_id = %s", key)
    assert history == [(True,)]


def test_versions_of_a_changed_fact_follow_each_other_in_the_history(pipeline: Pipeline, changes: Changes) -> None:
    (old, new) = pipeline.warehouse(
        "SELECT units_sold, valid_from, valid_to FROM history_sales_order WHERE sales_order_id = %s ORDER BY 2",
        changes.silent,
    )
    assert (new[0] - old[0], old[2], new[2]) == (1, new[1], None)


def test_batches_balance_in_every_table(pipeline: Pipeline, changes: Changes) -> None:
    applied = pipeline.warehouse(
        "SELECT target_table, count(*), sum(quarantined + held) FROM etl.batch GROUP BY 1 ORDER BY 1"
    )
    assert applied == sorted((table.name, 2, 0) for table in warehouse_tables())


def test_boto3_sees_jobs_graph_and_statistics(pipeline: Pipeline, changes: Changes) -> None:
    names = {job["Name"] for job in pipeline.glue.get_jobs()["Jobs"]}
    assert names == {f"totelake-{name}" for name in load_contracts().pipeline["jobs"]}
    run = pipeline.glue.get_workflow_run(Name=WORKFLOW, RunId=changes.refresh.report["id"], IncludeGraph=True)["Run"]
    assert (run["Status"], run["Statistics"]["TotalActions"], run["Statistics"]["SucceededActions"]) == (
        "COMPLETED",
        3,
        3,
    )
    kinds = [node["Type"] for node in run["Graph"]["Nodes"]]
    assert (kinds.count("JOB"), kinds.count("TRIGGER"), len(run["Graph"]["Edges"])) == (3, 3, 5)
    assert run["WorkflowRunProperties"]["totelake:build_to:totesys"] == "2"


def test_a_run_says_how_each_part_of_its_spark_job_ended(pipeline: Pipeline, changes: Changes) -> None:
    told = [step["parts"] for step in changes.refresh.report["steps"]]
    assert told[:2] == ["", ""]
    assert re.fullmatch(r"dimensions and facts SUCCEEDED in [\d.]+ s, JDBC load SUCCEEDED in [\d.]+ s", told[2])


def test_boto3_sees_the_crawlers_tables_and_their_versions(pipeline: Pipeline, changes: Changes) -> None:
    tables = pipeline.glue.get_tables(DatabaseName="totelake_ingestion")["TableList"]
    names = {table.name for table in load_contracts().source_tables("totesys")}
    assert {table["Name"] for table in tables} == {
        f"{kind}{name}" for name in names for kind in ("", "current_", "history_")
    }
    orders = pipeline.glue.get_table(DatabaseName="totelake_ingestion", Name="sales_order")["Table"]
    types = {column["Name"]: column["Type"] for column in orders["StorageDescriptor"]["Columns"]}
    assert (types["unit_price"], types["created_at"], types["_batch"]) == ("decimal(10,2)", "timestamp", "bigint")
    assert orders["Parameters"]["classification"] == "parquet"
    versions = pipeline.glue.get_table_versions(DatabaseName="totelake_ingestion", TableName="sales_order")
    assert len(versions["TableVersions"]) == 1


def test_data_that_moves_makes_no_new_table_version(pipeline: Pipeline, changes: Changes) -> None:
    found = {
        table["Name"]: len(
            pipeline.glue.get_table_versions(DatabaseName="totelake_processed", TableName=table["Name"])[
                "TableVersions"
            ]
        )
        for table in pipeline.glue.get_tables(DatabaseName="totelake_processed")["TableList"]
    }
    expected = {f"{table.name}_log" for table in warehouse_tables()} | {table.name for table in warehouse_tables()}
    facts = [table for table in warehouse_tables() if table.kind == FACT]
    expected |= {f"{view}_{table.short_name}" for table in facts for view in ("current", "history")}
    assert found == dict.fromkeys(expected, 1)


def test_the_logs_of_both_kinds_of_jobs_are_in_cloudwatch(pipeline: Pipeline, changes: Changes) -> None:
    steps = {step["name"]: step for step in changes.refresh.report["steps"]}
    ingest, load = steps["totelake-ingest-totesys"], steps["totelake-build-and-load-totesys"]
    assert "batch 2 committed" in log_of(pipeline, {"Id": ingest["run_id"]}, "/aws-glue/python-jobs/output")
    assert "the warehouse is at batch 2" in log_of(pipeline, {"Id": load["run_id"]}, "/aws-glue/jobs/output")
    shown = pipeline.command("logs", changes.refresh.report["id"][:16], "--job", "build-and-load")
    assert "the warehouse is at batch 2" in " ".join(line["text"] for line in shown)


def test_the_bookmark_tells_where_every_step_is(pipeline: Pipeline, changes: Changes) -> None:
    found = pipeline.command("bookmark", "show")
    everywhere = dict.fromkeys((table.name for table in warehouse_tables()), 2)
    assert (found["batch"], found["judged"], found["built"], found["applied"]) == (2, 2, everywhere, everywhere)
    assert {table["name"] for table in found["tables"]} == {
        table.name for table in load_contracts().source_tables("totesys")
    }


def test_commands_ask_both_sides_alike_and_find_no_drift(pipeline: Pipeline, first: Refresh) -> None:
    lake, warehouse = (pipeline.command("query", "--name", "top_designs", "--on", on) for on in ("lake", "warehouse"))
    assert lake == warehouse != []
    for against in ("registered", "source"):
        found = pipeline.command("drift", "--against", against)
        assert len(found) >= 11 and [item for item in found if item["changes"]] == []


def test_no_password_is_in_files_objects_logs_arguments_or_states(pipeline: Pipeline, changes: Changes) -> None:
    record = Path(pipeline.stack.home) / "stack.json"
    passwords = [password.encode() for password in pipeline.stack.passwords.values()]
    assert all(password in record.read_bytes() for password in passwords) and record.stat().st_mode & 0o077 == 0
    found = list(traces(pipeline))
    assert {name.split()[0] for name, _ in found} == {"file", "object", "log", "job", "runs"}
    assert [name for name, content in found if any(password in content for password in passwords)] == []


def test_the_cost_is_reckoned_with_the_seconds_of_the_run_history(pipeline: Pipeline, changes: Changes) -> None:
    found = pipeline.command("cost", "--measured")
    jobs = ("ingest", "check-schemas", "build-and-load")
    assert {f"{job}-{SOURCE}" for job in jobs} <= set(found["usage"]["seconds"])
    assert all(0 < seconds < 600 for seconds in found["usage"]["seconds"].values())
