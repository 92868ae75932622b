"""The night's workflow between two refreshes: nothing is lost or doubled, and the second compares everything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import SOURCE
from tests.e2e.pipeline import Pipeline, difference, running, waiting, warehouse_tables
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import Batch
from totelake.ports.s3 import S3Store

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A small source, copied once."""
    with running(tmp_path_factory.mktemp("nights")) as found:
        found.command("seed", "--orders", "40")
        found.command("deploy")
        found.command("run", "--wait")
        yield found


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


def test_a_night_between_two_refreshes_loses_and_doubles_nothing(pipeline: Pipeline) -> None:
    pipeline.source("UPDATE sales_order SET units_sold = units_sold + 1 WHERE sales_order_id < 5")
    pipeline.command("run", "--wait")
    before = pipeline.keys()
    assert audit(pipeline) == ["SUCCEEDED", "SUCCEEDED"]
    assert before <= pipeline.keys()
    pipeline.source("UPDATE sales_order SET units_sold = units_sold + 1 WHERE sales_order_id < 3")
    pipeline.command("run", "--wait")
    manifest = CommitLog(S3Store(pipeline.s3, pipeline.stack.ingestion_bucket), SOURCE).newest()
    assert manifest is not None
    newest = Batch.of(manifest)
    assert newest.commits["sales_order"].rows == 2
    assert {state.search for state in newest.bookmark.tables.values()} == {"whole"}
    for table in warehouse_tables():
        assert difference(pipeline.expected(table), pipeline.loaded_now(table)) == {}, table.name
        assert difference(pipeline.loaded(table), pipeline.in_lake(table)) == {}, table.name


def test_a_lost_catalogue_is_made_again_from_the_commits(pipeline: Pipeline) -> None:
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
    assert pipeline.command("run", "--wait")["outcome"] == "SUCCEEDED"
