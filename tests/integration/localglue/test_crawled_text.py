"""Crawls of CSV and JSON, of single files, and of several tables below one target."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pyarrow as pa
import pytest

from tests.integration.localglue.bench import Bench


def crawled(bench: Bench, database: str, *targets: str, **configuration: Any) -> dict[str, dict[str, Any]]:
    """The tables after a crawl, by name."""
    crawl = bench.crawl(bench.crawler(database, *targets, Configuration=json.dumps({"Version": 1.0, **configuration})))
    assert crawl["State"] == "COMPLETED", crawl.get("ErrorMessage")
    return {one["Name"]: one for one in bench.glue.get_tables(DatabaseName=database)["TableList"]}


def kinds(table: dict[str, Any]) -> dict[str, str]:
    """The columns with their types."""
    return {one["Name"]: one["Type"] for one in table["StorageDescriptor"]["Columns"]}


def test_each_schema_below_a_target_is_a_table_of_its_format(bench: Bench) -> None:
    database = bench.database()
    bench.put("raw/orders/day=1/a.csv", b"id,price\n1,2.5\n2,3\n")
    bench.put("raw/orders/day=2/a.csv", b"id,price\n3,4\n")
    bench.put("raw/people/a.json.gz", gzip.compress(b'{"Name": "jo", "tags": ["x"]}\n{"Name": "al", "age": 3}\n'))
    bench.parquet("raw/stock/a.parquet", pa.table({"sku": ["x"], "left": [1]}))
    crawler = bench.crawler(database, "raw")
    assert bench.crawl(crawler)["State"] == "COMPLETED"
    found = {one["Name"]: one for one in bench.glue.get_tables(DatabaseName=database)["TableList"]}
    assert {name: kinds(table) for name, table in found.items()} == {
        "orders": {"id": "bigint", "price": "double"},
        "people": {"name": "string", "tags": "array<string>", "age": "int"},
        "stock": {"sku": "string", "left": "bigint"},
    }
    orders, people = found["orders"], found["people"]
    wanted = {"classification": "csv", "delimiter": ",", "skip.header.line.count": "1", "compressionType": "none",
              "recordCount": "3", "objectCount": "2"}  # fmt: skip
    assert wanted.items() <= orders["Parameters"].items()
    assert orders["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    storage = orders["StorageDescriptor"]
    assert storage["Location"] == f"s3://{bench.bucket}/raw/orders/"
    assert storage["SerdeInfo"]["SerializationLibrary"].endswith("LazySimpleSerDe")
    assert (people["Parameters"]["compressionType"], people["StorageDescriptor"]["Compressed"]) == ("gzip", True)
    assert people["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {"paths": "name,tags,age"}
    partitions = bench.glue.get_partitions(DatabaseName=database, TableName="orders")["Partitions"]
    assert sorted(one["Values"] for one in partitions) == [["1"], ["2"]]

    bench.s3.delete_object(Bucket=bench.bucket, Key="raw/stock/a.parquet")
    bench.crawl(crawler)
    again = {one["Name"]: one for one in bench.glue.get_tables(DatabaseName=database)["TableList"]}
    assert [name for name, one in again.items() if "DEPRECATED_BY_CRAWLER" in one["Parameters"]] == ["stock"]


def test_a_target_may_be_one_file(bench: Bench) -> None:
    database = bench.database()
    bench.put("raw/one.csv", b"id,name\n1,a\n")
    bench.put("raw/one.csv.bak", b"other,columns\n1,a\n")
    (table,) = crawled(bench, database, "raw/one.csv").values()
    assert (table["Name"], kinds(table)) == ("one_csv", {"id": "bigint", "name": "string"})
    assert table["StorageDescriptor"]["Location"] == f"s3://{bench.bucket}/raw/one.csv"


def test_the_table_level_and_the_threshold_are_kept(bench: Bench) -> None:
    database = bench.database()
    for table in ("one", "two"):
        bench.put(f"raw/{table}/2026/a.csv", b"id,name\n1,a\n")
    with pytest.raises(AssertionError, match="the crawl found 2 tables, more than its TableThreshold of 1"):
        crawled(bench, database, "raw", Grouping={"TableLevelConfiguration": 3},
                CrawlerOutput={"Tables": {"TableThreshold": 1}})  # fmt: skip
    assert bench.glue.get_tables(DatabaseName=database)["TableList"] == []
    assert sorted(crawled(bench, database, "raw", Grouping={"TableLevelConfiguration": 3})) == ["one", "two"]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"ORC and more", "a.bin is ORC, which localglue does not crawl; exclude it from the target"),
     (b"only words", "none of the objects below s3://{bucket}/raw/ can be read: s3://{bucket}/raw/a.bin is neither")],
)  # fmt: skip
def test_a_crawl_that_can_read_nothing_fails_and_says_why(bench: Bench, content: bytes, message: str) -> None:
    bench.put("raw/a.bin", content)
    crawl = bench.crawl(bench.crawler(bench.database(), "raw"))
    assert (crawl["State"], message.format(bucket=bench.bucket) in crawl["ErrorMessage"]) == ("FAILED", True)


@pytest.mark.parametrize(
    ("definition", "code", "message"),
    [
        ({"Classifiers": ["mine"]}, "EntityNotFoundException", "classifier mine does not exist"),
        ({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}}, "InvalidInputException", "CRAWL_EVENT_MODE"),
        ({"Configuration": '{"CreatePartitionIndex": true}'}, "InvalidInputException", "remove CreatePartitionIndex"),
        (
            {"Configuration": '{"Grouping": {"TableLevelConfiguration": 0}}'},
            "InvalidInputException",
            "is 0; it is a number",
        ),
        ({"Targets": {"S3Targets": [{"Path": "s3://b/x", "SampleSize": 1}]}}, "InvalidInputException", "SampleSize"),
        (
            {"Targets": {"S3Targets": [{"Path": "s3://b/x", "ConnectionName": "c"}]}},
            "InvalidInputException",
            "Connection",
        ),
    ],
)
def test_what_a_crawl_would_ignore_is_refused_by_name(
    bench: Bench, definition: dict[str, Any], code: str, message: str
) -> None:
    wanted = {"Name": "c", "Role": "r", "DatabaseName": "d", "Targets": {"S3Targets": [{"Path": "s3://b/x"}]}}
    with pytest.raises(bench.glue.exceptions.ClientError, match=message) as refused:
        bench.glue.create_crawler(**{**wanted, **definition})
    assert refused.value.response["Error"]["Code"] == code
