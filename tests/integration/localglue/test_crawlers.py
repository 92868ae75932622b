"""Crawlers: definitions, schedules, and crawls that fail or are stopped."""

from __future__ import annotations

import json
import threading
from typing import Any

import pyarrow as pa
import pytest

from tests.integration.localglue.bench import Bench, unique


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ({"t/day=1/1.parquet": {"a": [1]}, "t/1.parquet": {"a": [1]}}, "have different partition keys"),
        ({"t/1.parquet": {"a": pa.array([1], pa.time64("us"))}}, "column a: parquet's time64[us] has no Hive type"),
    ],
)
def test_what_would_lose_rows_fails_the_crawl(bench: Bench, objects: dict[str, Any], message: str) -> None:
    database = bench.database()
    for key, content in objects.items():
        bench.parquet(key, pa.table(content))
    combined = {"Version": 1.0, "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}}
    crawler = bench.crawler(database, "t", Configuration=json.dumps(combined))
    crawl = bench.crawl(crawler)
    assert crawl["State"] == "FAILED" and message in crawl["ErrorMessage"]
    last = bench.glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]
    assert (last["Status"], last["ErrorMessage"]) == ("FAILED", crawl["ErrorMessage"])
    assert bench.glue.get_tables(DatabaseName=database)["TableList"] == []


def test_a_missing_database_and_a_missing_bucket_fail_the_crawl(bench: Bench) -> None:
    nowhere = bench.crawl(bench.crawler("nowhere", "t"))
    assert (nowhere["State"], "Database nowhere not found" in nowhere["ErrorMessage"]) == ("FAILED", True)
    crawler = bench.crawler(bench.database(), {"Path": "s3://no-such-bucket/t"})
    assert "s3://no-such-bucket/t cannot be listed (NoSuchBucket)" in bench.crawl(crawler)["ErrorMessage"]


def test_a_crawler_runs_once_at_a_time_and_can_be_stopped(bench: Bench, may_read: threading.Event) -> None:
    for number in range(2):
        bench.parquet(f"t/{number}.parquet", pa.table({"a": [number]}))
    crawler = bench.crawler(bench.database(), "t")
    with pytest.raises(bench.glue.exceptions.CrawlerNotRunningException):
        bench.glue.stop_crawler(Name=crawler)
    bench.glue.start_crawler(Name=crawler)
    for forbidden in (bench.glue.start_crawler, bench.glue.update_crawler, bench.glue.delete_crawler):
        with pytest.raises(bench.glue.exceptions.CrawlerRunningException, match=f"crawler {crawler} is running"):
            forbidden(Name=crawler)
    bench.glue.stop_crawler(Name=crawler)
    may_read.set()
    assert bench.crawler_ready(crawler)["LastCrawl"]["Status"] == "CANCELLED"
    assert bench.glue.list_crawls(CrawlerName=crawler)["Crawls"][0]["State"] == "STOPPED"


def test_crawlers_can_be_listed_changed_scheduled_and_deleted(bench: Bench) -> None:
    glue, crawler = bench.glue, bench.crawler("anywhere", "t", Schedule="cron(0 3 * * ? *)")
    crawler_now = glue.get_crawler(Name=crawler)["Crawler"]
    assert crawler_now["Schedule"] == {"ScheduleExpression": "cron(0 3 * * ? *)", "State": "SCHEDULED"}
    assert crawler_now["SchemaChangePolicy"] == {
        "UpdateBehavior": "UPDATE_IN_DATABASE",
        "DeleteBehavior": "DEPRECATE_IN_DATABASE",
    }
    with pytest.raises(glue.exceptions.SchedulerRunningException):
        glue.start_crawler_schedule(CrawlerName=crawler)
    glue.stop_crawler_schedule(CrawlerName=crawler)
    with pytest.raises(glue.exceptions.SchedulerNotRunningException):
        glue.stop_crawler_schedule(CrawlerName=crawler)
    glue.update_crawler_schedule(CrawlerName=crawler, Schedule="")
    with pytest.raises(glue.exceptions.NoScheduleException):
        glue.start_crawler_schedule(CrawlerName=crawler)
    glue.update_crawler(Name=crawler, Description="after")
    crawler_now = glue.get_crawler(Name=crawler)["Crawler"]
    assert (crawler_now["Description"], crawler_now["Version"], "Schedule" in crawler_now) == ("after", 2, False)
    assert crawler in glue.list_crawlers(MaxResults=1000)["CrawlerNames"]
    assert crawler in [one["Name"] for one in glue.get_crawlers(MaxResults=1000)["Crawlers"]]
    batch = glue.batch_get_crawlers(CrawlerNames=[crawler, "nobody"])
    assert ([one["Name"] for one in batch["Crawlers"]], batch["CrawlersNotFound"]) == ([crawler], ["nobody"])
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_crawler(Name=crawler, Role="local", Targets={"S3Targets": [{"Path": "s3://bucket/t"}]})
    glue.delete_crawler(Name=crawler)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.delete_crawler(Name=crawler)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"Targets": {}}, "has no S3Targets"),
        ({"Targets": {"S3Targets": [{"Path": "/tmp"}]}}, "is not an s3:// address"),
        (
            {"Targets": {"S3Targets": [{"Path": "s3://b/t", "Exclusions": ["[a"]}]}},
            "is not a valid glob from character 1",
        ),
        (
            {
                "Targets": {
                    "S3Targets": [{"Path": "s3://b/t"}],
                    "CatalogTargets": [{"DatabaseName": "d", "Tables": ["t"]}],
                }
            },
            "localglue crawls S3Targets only",
        ),
        ({"Configuration": "{"}, "Configuration is not JSON"),
        ({"Configuration": "[]"}, "must be a JSON object"),
        ({"Schedule": "cron(* * * * ? *)"}, "fires more often than every 5 minutes"),
    ],
)
def test_an_invalid_crawler_is_rejected(bench: Bench, wrong: dict[str, Any], message: str) -> None:
    request = {"Name": unique("crawler"), "Role": "local", "Targets": {"S3Targets": [{"Path": "s3://bucket/t"}]}}
    with pytest.raises(bench.glue.exceptions.InvalidInputException) as rejected:
        bench.glue.create_crawler(**{**request, **wrong})
    assert message in str(rejected.value)
