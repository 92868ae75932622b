"""Crawlers in workflows."""

from __future__ import annotations

import threading

import pyarrow as pa

from tests.integration.localglue.bench import Bench, job_states, unique


def test_a_crawler_is_started_and_watched_like_a_job(bench: Bench) -> None:
    database = bench.database()
    bench.parquet("things/one.parquet", pa.table({"a": [1]}))
    crawler, after = bench.crawler(database, "things"), bench.job()
    workflow = bench.workflow()
    begin = {"Name": unique("trigger"), "Type": "ON_DEMAND", "Actions": [{"CrawlerName": crawler}]}
    bench.glue.create_trigger(**begin, WorkflowName=workflow)
    condition = {"LogicalOperator": "EQUALS", "CrawlerName": crawler, "CrawlState": "SUCCEEDED"}
    bench.glue.create_trigger(
        Name=unique("trigger"),
        Type="CONDITIONAL",
        WorkflowName=workflow,
        StartOnCreation=True,
        Predicate={"Conditions": [condition]},
        Actions=[{"JobName": after}],
    )
    run = bench.run_workflow(workflow)
    crawls = [n["CrawlerDetails"]["Crawls"] for n in run["Graph"]["Nodes"] if n["Type"] == "CRAWLER"]
    assert [[one["State"] for one in each] for each in crawls] == [["SUCCEEDED"]]
    assert job_states(run) == {after: ["SUCCEEDED"]}
    assert run["Statistics"]["SucceededActions"] == 2
    assert bench.glue.get_tables(DatabaseName=database)["TableList"][0]["Name"] == "things"


def crawling(bench: Bench, objects: int) -> tuple[str, str]:
    """A workflow that starts a crawler over that many objects, and the crawler."""
    for number in range(objects):
        bench.parquet(f"many/{number}.parquet", pa.table({"a": [number]}))
    crawler, workflow = bench.crawler(bench.database(), "many"), bench.workflow()
    begin = {"Name": unique("trigger"), "Type": "ON_DEMAND", "Actions": [{"CrawlerName": crawler}]}
    bench.glue.create_trigger(**begin, WorkflowName=workflow)
    return workflow, crawler


def test_a_stopped_workflow_run_stops_its_crawler_even_if_it_is_stopping_already(
    bench: Bench, may_read: threading.Event
) -> None:
    workflow, crawler = crawling(bench, 2)
    run_id = bench.glue.start_workflow_run(Name=workflow)["RunId"]
    bench.glue.stop_crawler(Name=crawler)
    bench.glue.stop_workflow_run(Name=workflow, RunId=run_id)
    may_read.set()
    run = bench.workflow_ended(workflow, run_id)
    assert (run["Status"], run["Statistics"]["StoppedActions"]) == ("STOPPED", 1)


def test_a_crawler_that_cannot_be_started_is_an_error_in_the_run(bench: Bench) -> None:
    workflow, crawler = crawling(bench, 0)
    bench.glue.delete_crawler(Name=crawler)
    run = bench.run_workflow(workflow)
    crawl = next(n["CrawlerDetails"]["Crawls"][0] for n in run["Graph"]["Nodes"] if n["Type"] == "CRAWLER")
    assert (run["Status"], crawl["State"]) == ("COMPLETED", "ERROR")
    assert crawl["ErrorMessage"] == (
        f"Crawler entry with name {crawler} does not exist "
        f"(localglue: crawler {crawler} does not exist; create it first, or check its name)"
    )
