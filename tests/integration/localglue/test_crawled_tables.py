"""The tables and partitions that crawlers write."""

from __future__ import annotations

import datetime
import decimal
import json
from typing import Any

import pyarrow as pa
import pytest

from tests.integration.localglue.bench import Bench

INHERIT = {"Version": 1.0, "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}
ORDERS = pa.table(
    {
        "order_id": pa.array([1, 2], pa.int32()),
        "Price": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(10, 2)),
        "created_at": pa.array([datetime.datetime(2026, 11, 24)] * 2, pa.timestamp("us")),
        "_batch": pa.array([1, 1], pa.int64()),
    }
)


def columns(described: dict[str, Any]) -> dict[str, str]:
    """Names and types of the columns, in order."""
    return {one["Name"]: one["Type"] for one in described["StorageDescriptor"]["Columns"]}


def versions(bench: Bench, database: str, table: str) -> list[str]:
    """The version ids that the Data Catalog keeps."""
    pages = bench.glue.get_table_versions(DatabaseName=database, TableName=table)
    return [one["VersionId"] for one in pages["TableVersions"]]


def table_of(bench: Bench, database: str, table: str) -> dict[str, Any]:
    """The table."""
    return dict(bench.glue.get_table(DatabaseName=database, Name=table)["Table"])


def partitions(bench: Bench, database: str, table: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """The partitions by their values."""
    found = bench.glue.get_partitions(DatabaseName=database, TableName=table)["Partitions"]
    return {tuple(one["Values"]): one for one in found}


def test_a_partitioned_table_is_written_as_the_real_crawler_writes_it(bench: Bench) -> None:
    database = bench.database()
    bench.parquet("totesys/sales_order/ingested_on=2026-11-23/1.parquet", ORDERS)
    bench.parquet("totesys/sales_order/ingested_on=2026-11-24/2.parquet", ORDERS)
    bench.put("totesys/sales_order/_SUCCESS", b"")
    crawler = bench.crawler(database, "totesys/sales_order/", TablePrefix="raw_")
    crawl = bench.crawl(crawler)

    table = table_of(bench, database, "raw_sales_order")
    size = sum(
        one["Size"]
        for one in bench.s3.list_objects_v2(Bucket=bench.bucket, Prefix="totesys/sales_order/in")["Contents"]
    )
    statistics = {
        "averageRecordSize": str(size // 4),
        "classification": "parquet",
        "compressionType": "none",
        "objectCount": "2",
        "recordCount": "4",
        "sizeKey": str(size),
        "typeOfData": "file",
    }
    parameters = {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler,
        "CRAWL_RUN_ID": crawl["CrawlId"],
        "partition_filtering.enabled": "true",
        **statistics,
    }
    assert table["Parameters"] == parameters
    assert table["PartitionKeys"] == [{"Name": "ingested_on", "Type": "string"}]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["StorageDescriptor"] == {
        "Columns": [
            {"Name": "order_id", "Type": "int"},
            {"Name": "price", "Type": "decimal(10,2)"},
            {"Name": "created_at", "Type": "timestamp"},
            {"Name": "_batch", "Type": "bigint"},
        ],
        "Location": f"s3://{bench.bucket}/totesys/sales_order/",
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
            "Parameters": {"serialization.format": "1"},
        },
        "Compressed": False,
        "NumberOfBuckets": -1,
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": parameters,
        "StoredAsSubDirectories": False,
    }
    found = partitions(bench, database, "raw_sales_order")
    assert {values: one["StorageDescriptor"]["Location"] for values, one in found.items()} == {
        (day,): f"s3://{bench.bucket}/totesys/sales_order/ingested_on={day}/" for day in ("2026-11-23", "2026-11-24")
    }
    assert (crawl["State"], json.loads(crawl["Summary"])) == (
        "COMPLETED",
        {"TABLE": {"ADD": 1}, "PARTITION": {"ADD": 2}},
    )
    crawler_now = bench.glue.get_crawler(Name=crawler)["Crawler"]
    assert (crawler_now["State"], crawler_now["LastCrawl"]["Status"], crawler_now["LastCrawl"]["MessagePrefix"]) == (
        "READY",
        "SUCCEEDED",
        crawl["CrawlId"],
    )
    lines = bench.lines("/aws-glue/crawlers", crawler)
    assert f"[{crawl['CrawlId']}] INFO : Created table raw_sales_order in database {database}" in lines


def test_a_new_column_is_appended_and_partitions_inherit_it_and_nothing_else_makes_a_version(bench: Bench) -> None:
    database = bench.database()
    bench.parquet("t/day=1/1.parquet", pa.table({"a": [1], "c": ["x"]}))
    crawler = bench.crawler(database, "t", Configuration=json.dumps(INHERIT))
    bench.crawl(crawler)
    first = versions(bench, database, "t")
    assert json.loads(bench.crawl(crawler)["Summary"]) == {}
    assert versions(bench, database, "t") == first

    bench.parquet("t/day=1/2.parquet", pa.table({"a": [2], "c": ["y"]}))
    bench.crawl(crawler)
    assert len(versions(bench, database, "t")) == 1
    assert table_of(bench, database, "t")["Parameters"]["recordCount"] == "2"

    bench.parquet("t/day=2/3.parquet", pa.table({"a": [3], "b": [True], "c": ["z"]}))
    summary = json.loads(bench.crawl(crawler)["Summary"])
    assert summary == {"TABLE": {"UPDATE": 1}, "PARTITION": {"ADD": 1, "UPDATE": 1}}
    wanted = {"a": "bigint", "c": "string", "b": "boolean"}
    assert columns(table_of(bench, database, "t")) == wanted
    assert [list(columns(one).items()) for one in partitions(bench, database, "t").values()] == [
        list(wanted.items())
    ] * 2
    assert len(versions(bench, database, "t")) == 2


def test_without_inheritance_a_partition_has_its_own_columns(bench: Bench) -> None:
    database = bench.database()
    bench.parquet("t/day=1/1.parquet", pa.table({"a": [1]}))
    bench.parquet("t/day=2/1.parquet", pa.table({"a": [1], "b": [1]}))
    bench.crawl(bench.crawler(database, "t"))
    found = partitions(bench, database, "t")
    assert {values: list(columns(one)) for values, one in found.items()} == {("1",): ["a"], ("2",): ["a", "b"]}


@pytest.mark.parametrize(("merge", "kind"), [(False, "bigint"), (True, "int")])
def test_the_newest_type_wins_unless_only_new_columns_are_merged(bench: Bench, merge: bool, kind: str) -> None:
    database = bench.database()
    bench.parquet("t/0.parquet", pa.table({"a": pa.array([1], pa.int32())}))
    output = {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}} if merge else {}
    crawler = bench.crawler(database, "t", Configuration=json.dumps({"Version": 1.0, "CrawlerOutput": output}))
    bench.crawl(crawler)
    comment = table_of(bench, database, "t")
    storage = {**comment["StorageDescriptor"], "Columns": [{"Name": "a", "Type": "int", "Comment": "the first"}]}
    table = {"Name": "t", "Description": "kept", "StorageDescriptor": storage, "Parameters": comment["Parameters"]}
    bench.glue.update_table(DatabaseName=database, TableInput=table)
    bench.parquet("t/1.parquet", pa.table({"a": pa.array([1], pa.int64())}))
    bench.crawl(crawler)
    after = table_of(bench, database, "t")
    assert after["StorageDescriptor"]["Columns"] == [{"Name": "a", "Type": kind, "Comment": "the first"}]
    assert after["Description"] == "kept"


def test_a_policy_that_only_logs_adds_partitions_and_leaves_the_table(bench: Bench) -> None:
    database = bench.database()
    bench.parquet("t/day=1/1.parquet", pa.table({"a": [1]}))
    policy = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    crawler = bench.crawler(database, "t", SchemaChangePolicy=policy)
    bench.crawl(crawler)
    bench.parquet("t/day=2/1.parquet", pa.table({"a": [1], "b": [1]}))
    summary = json.loads(bench.crawl(crawler)["Summary"])
    assert summary == {"PARTITION": {"ADD": 1}}
    assert columns(table_of(bench, database, "t")) == {"a": "bigint"}
    assert any("policy is to log this only" in line for line in bench.lines("/aws-glue/crawlers", crawler))


def test_crawling_new_folders_only_does_not_read_the_old_ones(bench: Bench) -> None:
    database = bench.database()
    bench.parquet("t/day=1/1.parquet", pa.table({"a": [1]}))
    crawler = bench.crawler(database, "t", RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"})
    bench.crawl(crawler)
    bench.parquet("t/day=1/2.parquet", pa.table({"time": pa.array([1], pa.time64("us"))}))
    bench.parquet("t/day=2/1.parquet", pa.table({"a": [1]}))
    crawl = bench.crawl(crawler)
    assert (crawl["State"], json.loads(crawl["Summary"])) == ("COMPLETED", {"PARTITION": {"ADD": 1}})


@pytest.mark.parametrize(
    ("behaviour", "summary"),
    [
        ("LOG", [{}, {}]),
        ("DELETE_FROM_DATABASE", [{"PARTITION": {"DELETE": 1}}, {"TABLE": {"DELETE": 1}}]),
        ("DEPRECATE_IN_DATABASE", [{}, {"TABLE": {"UPDATE": 1}}]),
    ],
)
def test_the_policy_decides_about_objects_that_are_gone(bench: Bench, behaviour: str, summary: list[Any]) -> None:
    database = bench.database()
    for day in (1, 2):
        bench.parquet(f"t/day={day}/1.parquet", pa.table({"a": [1]}))
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": behaviour}
    crawler = bench.crawler(database, "t", SchemaChangePolicy=policy)
    bench.crawl(crawler)
    for day, wanted in zip((1, 2), summary, strict=True):
        bench.s3.delete_object(Bucket=bench.bucket, Key=f"t/day={day}/1.parquet")
        assert json.loads(bench.crawl(crawler)["Summary"]) == wanted
    left = bench.glue.get_tables(DatabaseName=database)["TableList"]
    assert [one["Name"] for one in left] == ([] if behaviour == "DELETE_FROM_DATABASE" else ["t"])
    assert any("DEPRECATED_BY_CRAWLER" in one["Parameters"] for one in left) == (behaviour == "DEPRECATE_IN_DATABASE")


def test_excluded_hidden_and_other_objects_are_skipped(bench: Bench) -> None:
    database = bench.database()
    bench.parquet("t/good/1.parquet", pa.table({"a": [1]}))
    bench.parquet("t/bad/1.parquet", pa.table({"b": [1]}))
    bench.parquet("t/good/.hidden.parquet", pa.table({"c": [1]}))
    bench.put("t/good/empty.parquet", b"")
    bench.put("t/marker/", b"")
    bench.put("t/good/words.txt", b"some words that are not parquet")
    bench.put("t/good/cut.parquet", b"PAR1 this was cut off PAR1")
    crawler = bench.crawler(database, {"Path": f"s3://{bench.bucket}/t", "Exclusions": ["bad/**"]})
    bench.crawl(crawler)
    table = table_of(bench, database, "t")
    assert (columns(table), table["Parameters"]["objectCount"]) == ({"a": "bigint"}, "1")
    assert table["PartitionKeys"] == [{"Name": "partition_0", "Type": "string"}]
    skipped = [line for line in bench.lines("/aws-glue/crawlers", crawler) if "it is skipped" in line]
    assert len(skipped) == 3


def test_a_name_that_is_taken_by_another_location_gets_a_suffix(bench: Bench) -> None:
    database = bench.database()
    bench.parquet("one/t/1.parquet", pa.table({"a": [1]}))
    bench.parquet("two/t/1.parquet", pa.table({"b": [1]}))
    bench.crawl(bench.crawler(database, "one/t", "two/t"))
    found = {one["Name"]: columns(one) for one in bench.glue.get_tables(DatabaseName=database)["TableList"]}
    other = next(name for name in found if name != "t")
    assert found == {"t": {"a": "bigint"}, other: {"b": "bigint"}} and other.startswith("t_") and len(other) == 34


def test_a_wide_footer_and_a_whole_bucket_are_read(bench: Bench) -> None:
    database = bench.database()
    bench.parquet("1.parquet", pa.table({f"column_{number:04}": [number] for number in range(1500)}))
    bench.crawl(bench.crawler(database, {"Path": f"s3://{bench.bucket}"}))
    table = table_of(bench, database, bench.bucket.replace("-", "_"))
    assert len(table["StorageDescriptor"]["Columns"]) == 1500
