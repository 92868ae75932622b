"""Statements that write rows: all of one is there, or nothing, whatever fails and whenever it is stopped."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from localathena.clients import Clients
from localathena.execution import Execution
from localathena.runner import Runner
from localathena.saved import Saved
from localathena.settings import Settings
from localathena.statements.parse import statement_of
from localathena.workgroups import Workgroups

_LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
_TWO = "SELECT 1 AS n, 'a' AS p UNION ALL SELECT 2, 'b'"


@dataclass
class Place:
    """A runner over mocked S3 and Data Catalog, with a bucket `bench` and a database `d`."""

    clients: Clients
    runner: Runner

    def run(self, sql: str, output: str = "s3://bench/out/", execution: Execution | None = None) -> Execution:
        """A statement carried out."""
        found = execution or execution_of(sql, output)
        self.runner.submit(found, statement_of(sql, "d"))
        assert found.finished.wait(60)
        return found

    def keys(self, prefix: str = "") -> list[str]:
        """The objects."""
        return [
            item["Key"] for item in self.clients.s3.list_objects_v2(Bucket="bench", Prefix=prefix).get("Contents", [])
        ]

    def tables(self) -> list[str]:
        """The tables."""
        return [item["Name"] for item in self.clients.glue.get_tables(DatabaseName="d")["TableList"]]

    def partitions(self, table: str) -> list[list[str]]:
        """The values of a table's partitions."""
        found = self.clients.glue.get_partitions(DatabaseName="d", TableName=table)["Partitions"]
        return sorted(item["Values"] for item in found)

    def on(self, client: Any, operation: str, call: Callable[[str], None]) -> None:
        """Call with the key, or nothing, before an operation is sent."""
        service = client.meta.service_model.service_name

        def before(params: dict[str, Any], **_: Any) -> None:
            call(str(params.get("Key", "")))

        client.meta.events.register(f"before-parameter-build.{service}.{operation}", before)

    def table(self, sql: str = "CREATE EXTERNAL TABLE t (n int) PARTITIONED BY (p string)") -> None:
        """A table."""
        assert self.run(f"{sql} LOCATION 's3://bench/t/'").state == "SUCCEEDED"


def execution_of(sql: str, output: str = "s3://bench/out/") -> Execution:
    """An execution that has not begun."""
    number = str(uuid.uuid4())
    request = {"QueryString": sql, "QueryExecutionContext": {"Database": "d"}}
    return Execution(number, request, "primary", "", "", {"OutputLocation": f"{output}{number}"})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place of its own."""
    with mock_aws():
        settings = Settings(
            "https://s3.eu-west-2.amazonaws.com", "https://glue.eu-west-2.amazonaws.com", tmp_path, memory=""
        )
        (tmp_path / "results").mkdir()
        clients = Clients(settings)
        clients.s3.create_bucket(Bucket="bench", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        clients.glue.create_database(DatabaseInput={"Name": "d"})
        runner = Runner(settings, clients, Saved(Workgroups("eu-west-2")))
        yield Place(clients, runner)
        runner.close()
        clients.close()


def refuse(words: str) -> Callable[[str], None]:
    """What refuses an operation whose key has these words."""

    def call(key: str) -> None:
        if words in key:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Operation")

    return call


def test_rows_go_where_their_partition_is_registered(place: Place) -> None:
    place.table()
    assert place.run("ALTER TABLE t ADD PARTITION (p = 'a') LOCATION 's3://bench/far/'").state == "SUCCEEDED"
    assert place.run(f"INSERT INTO t {_TWO}").state == "SUCCEEDED"
    assert (len(place.keys("far/")), len(place.keys("t/p=b/")), len(place.keys("t/"))) == (1, 1, 1)
    assert place.partitions("t") == [["a"], ["b"]]


def test_partitions_are_repaired_wherever_the_table_says_that_it_is(place: Place) -> None:
    place.clients.s3.put_object(Bucket="bench", Key="t/p=a/x", Body=b"1\n")
    sql = "CREATE EXTERNAL TABLE t (n int) PARTITIONED BY (p string) LOCATION 's3a://bench/t'"
    assert [place.run(one).state for one in (sql, "MSCK REPAIR TABLE t")] == ["SUCCEEDED", "SUCCEEDED"]
    assert place.partitions("t") == [["a"]]


def test_an_object_that_was_brought_into_another_form_is_named(place: Place) -> None:
    place.clients.s3.put_object(Bucket="bench", Key="t/x.gz", Body=gzip.compress(b'{"N": "no number"}\n'))
    place.table("CREATE EXTERNAL TABLE t (n int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'")
    found = place.run("SELECT * FROM t")
    assert found.state == "FAILED"
    assert "s3://bench/t/x.gz" in found.reason
    assert "/objects/" not in found.reason


def test_rows_go_into_no_partition_of_another_format(place: Place) -> None:
    place.table()
    serde = {"SerializationLibrary": _LAZY, "Parameters": {"field.delim": ","}}
    partition = {"Values": ["a"], "StorageDescriptor": {"Location": "s3://bench/t/p=a", "SerdeInfo": serde}}
    place.clients.glue.create_partition(DatabaseName="d", TableName="t", PartitionInput=partition)
    found = place.run(f"INSERT INTO t {_TWO}")
    assert (found.state, place.keys("t/")) == ("FAILED", [])
    assert "the partition a of d.t, whose format is not its table's" in found.reason


@pytest.mark.parametrize(
    "sql", [f"CREATE TABLE made AS {_TWO}", f"INSERT INTO t {_TWO}", "CREATE DATABASE other", "DROP TABLE t"]
)
def test_without_a_bucket_for_the_result_nothing_is_done(place: Place, sql: str) -> None:
    place.table()
    before = place.keys()
    found = place.run(sql, "s3://lost/")
    assert found.reason.startswith("S3_BUCKET_NOT_FOUND: the bucket of s3://lost/")
    assert (place.keys(), place.tables(), place.partitions("t")) == (before, ["t"], [])
    assert len(place.clients.glue.get_databases()["DatabaseList"]) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE made WITH (external_location = 's3://lost/x/') AS SELECT 1 AS n",
        "UNLOAD (SELECT 1 AS n) TO 's3://lost/x/' WITH (format = 'JSON')",
    ],
)
def test_a_place_in_no_bucket_is_told(place: Place, sql: str) -> None:
    assert place.run(sql).reason.startswith("S3_BUCKET_NOT_FOUND: the bucket of s3://lost/x/ does not exist")


@pytest.mark.parametrize(
    ("service", "operation", "words"),
    [("s3", "PutObject", "manifest"), ("s3", "PutObject", "p=b"), ("glue", "BatchCreatePartition", "")],
)
@pytest.mark.parametrize(
    "sql",
    [
        f"CREATE TABLE made WITH (external_location = 's3://bench/made/', partitioned_by = ARRAY['p']) AS {_TWO}",
        f"INSERT INTO t {_TWO}",
    ],
)
def test_a_statement_that_fails_leaves_nothing(
    place: Place, sql: str, service: str, operation: str, words: str
) -> None:
    place.table()
    before = place.keys("t/")
    place.on(getattr(place.clients, service), operation, refuse(words))
    found = place.run(sql)
    assert (found.state, "AccessDenied" in found.reason) == ("FAILED", True), found.reason
    left = [key for key in place.keys(prefix="") if "out/" not in key]
    assert (left, place.tables()) == (before, ["t"])
    assert place.partitions("t") == []


@pytest.mark.parametrize(
    ("service", "operation", "state"),
    [("s3", "ListObjectsV2", "CANCELLED"), ("s3", "PutObject", "CANCELLED"), ("glue", "CreateTable", "SUCCEEDED")],
)
def test_a_statement_that_is_stopped_leaves_nothing_or_has_succeeded(
    place: Place, service: str, operation: str, state: str
) -> None:
    sql = f"CREATE TABLE made WITH (external_location = 's3://bench/made/', partitioned_by = ARRAY['p']) AS {_TWO}"
    execution = execution_of(sql)
    place.on(getattr(place.clients, service), operation, lambda _: execution.stop())
    place.run(sql, execution=execution)
    assert execution.state == state
    made = (["made"], 2) if state == "SUCCEEDED" else ([], 0)
    assert (place.tables(), len(place.keys("made/"))) == made


def test_a_query_that_is_stopped_keeps_no_rows(place: Place, tmp_path: Path) -> None:
    execution = execution_of("SELECT 1")
    place.on(place.clients.s3, "HeadBucket", lambda _: execution.stop())
    place.run("SELECT 1", execution=execution)
    assert (execution.state, execution.file, list((tmp_path / "results").iterdir())) == ("CANCELLED", None, [])


def test_a_result_that_cannot_be_written_is_not_kept(place: Place, tmp_path: Path) -> None:
    place.on(place.clients.s3, "PutObject", refuse("out/"))
    found = place.run("SELECT 1")
    assert (found.state, found.file, list((tmp_path / "results").iterdir())) == ("FAILED", None, [])
