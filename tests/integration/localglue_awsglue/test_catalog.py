"""Tables of the Data Catalog read and written, files purged, and a database by its connection, over real servers."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import psycopg2
import pytest
from awsglue.context import GlueLogger

from tests.conftest import Postgres
from tests.integration.localglue_awsglue.conftest import records, types
from tests.integration.star.samples import OPEN_SOCKETS

pytestmark = OPEN_SOCKETS
Make = Callable[..., Any]


@pytest.fixture
def place(aws: str, localglue_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any, str]]:
    """Clients of Glue and S3, and a name for a database and a bucket."""
    from awsglue.objects import client

    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", localglue_endpoint)
    client.cache_clear()
    name = f"b{uuid.uuid4().hex[:10]}"
    with contextlib.closing(boto3.client("glue")) as glue, contextlib.closing(boto3.client("s3")) as s3:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        glue.create_database(DatabaseInput={"Name": name})
        yield glue, s3, name
    for service in ("glue", "s3"):
        client(service).close()
    client.cache_clear()


def keys(s3: Any, name: str) -> list[str]:
    """The keys of the bucket."""
    return [one["Key"] for one in s3.list_objects_v2(Bucket=name).get("Contents", ())]


def test_a_table_is_made_grows_and_is_read_by_its_partitions(context: Any, frame: Make, place: Any) -> None:
    glue, _, name = place
    sink = context.getSink("s3", path=f"s3://{name}/t/", enableUpdateCatalog=True, partitionKeys=["year", "k"])
    sink.setFormat("glueparquet", compression="snappy")
    sink.setCatalogInfo(catalogDatabase=name, catalogTableName="t")
    sink.writeFrame(frame({"id": 1, "year": 2023, "k": "a b"}, {"id": 2, "year": 2024, "k": "c/d"}))
    context.write_dynamic_frame.from_catalog(
        frame=frame({"id": 3, "year": 2025, "k": "e", "more": "x"}),
        database=name,
        table_name="t",
        additional_options={"enableUpdateCatalog": True, "partitionKeys": ["year", "k"]},
    )
    table = glue.get_table(DatabaseName=name, Name="t")["Table"]
    assert [one["Name"] for one in table["StorageDescriptor"]["Columns"]] == ["id", "more"]

    read = context.create_dynamic_frame.from_catalog
    rows = [(one["id"], one["year"], one["k"], one["more"]) for one in records(read(database=name, table_name="t"))]
    assert rows == [(1, 2023, "a b", None), (2, 2024, "c/d", None), (3, 2025, "e", "x")]
    found = read(name, "t", push_down_predicate="year > 2023 and k like '%/%'")
    assert [one["id"] for one in records(found)] == [2]
    found = read(name, "t", additional_options={"catalogPartitionPredicate": "year='2025'"})
    assert (types(found)["year"], [one["id"] for one in records(found)]) == ("int", [3])
    assert context.create_data_frame.from_catalog(name, "t", push_down_predicate="year = 1999").columns == []
    mixed = frame({"more": 1}, {"more": "x"}).resolveChoice(choice="match_catalog", database=name, table_name="t")
    assert types(mixed) == {"more": "string"}


def test_a_log_leaves_the_schema_and_a_purge_what_is_young(
    context: Any, frame: Make, place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    glue, s3, name = place
    options = {"path": f"s3://{name}/t/", "enableUpdateCatalog": True, "partitionKeys": ["k"]}
    said: list[str] = []
    monkeypatch.setattr(GlueLogger, "warning", lambda _self, text: said.append(text))
    rows = [{"id": 1, "k": "a"}, {"id": 2, "k": "b"}, {"id": 3, "other": 1, "k": "c"}]
    for behaviour, row in zip(("UPDATE_IN_DATABASE", "LOG", "LOG"), rows):
        sink = context.getSink("s3", "json", updateBehavior=behaviour, **options)
        sink.setCatalogInfo(name, "t")
        sink.writeFrame(frame(row))
    table = glue.get_table(DatabaseName=name, Name="t")["Table"]
    assert [one["Name"] for one in table["StorageDescriptor"]["Columns"]] == ["id"]
    assert len(glue.get_partitions(DatabaseName=name, TableName="t")["Partitions"]) == 2
    why = "updateBehavior is LOG, so no partition was added"
    assert said == [f"the table {name}.t did not get the columns other, as {why}"]

    found = records(context.create_dynamic_frame.from_catalog(name, "t"))
    assert [(one["k"], one["id"]) for one in found] == [("a", 1), ("b", 2)]

    context.purge_table(name, "t")
    assert len(keys(s3, name)) == 3
    given = {"retentionPeriod": 0, "partitionPredicate": "k = 'a'", "manifestFilePath": f"s3://{name}/log/"}
    context.purge_table(name, "t", given)
    assert [one["Values"] for one in glue.get_partitions(DatabaseName=name, TableName="t")["Partitions"]] == [["b"]]
    manifest = s3.get_object(Bucket=name, Key="log/Success.csv")["Body"].read().decode()
    assert manifest.startswith(f"{name},t/k=a/part-")
    context.purge_s3_path(f"s3://{name}/t", {"retentionPeriod": 0})
    assert keys(s3, name) == ["log/Failed.csv", "log/Success.csv"]


def test_a_table_keeps_what_it_says_and_gets_the_columns_of_new_files(context: Any, frame: Make, place: Any) -> None:
    glue, s3, name = place
    columns = [{"Name": "id", "Type": "int", "Comment": "the number"}, {"Name": "old", "Type": "date"}]
    serde = {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde", "Parameters": {"separatorChar": "|"}}
    storage = {"Columns": columns, "Location": f"s3://{name}/t/", "SerdeInfo": serde}
    table = {
        "Name": "t",
        "Description": "kept",
        "StorageDescriptor": storage,
        "PartitionKeys": [{"Name": "k", "Type": "int"}],
        "Parameters": {"classification": "csv", "own": "1"},
    }
    glue.create_table(DatabaseName=name, TableInput=table)
    given = {"enableUpdateCatalog": True, "partitionKeys": ["k"]}
    row = {"id": 2**40, "new": "a|b", "old": None}
    write = context.write_dynamic_frame.from_catalog
    write(frame({**row, "k": 1}, {**row, "k": None}), name, "t", additional_options=given)

    found = glue.get_table(DatabaseName=name, Name="t")["Table"]
    assert found["StorageDescriptor"]["Columns"] == [
        {"Name": "id", "Type": "bigint", "Comment": "the number"}, {"Name": "old", "Type": "date"},
        {"Name": "new", "Type": "string"}
    ]  # fmt: skip
    assert (found["Description"], found["Parameters"]["own"]) == ("kept", "1")
    assert found["StorageDescriptor"]["SerdeInfo"] == serde
    objects = [s3.get_object(Bucket=name, Key=key)["Body"].read().decode() for key in keys(s3, name)]
    assert objects == ['1099511627776||"a|b"\n'] * 2  # in the table's order
    parts = glue.get_partitions(DatabaseName=name, TableName="t")["Partitions"]
    assert {one["StorageDescriptor"]["SerdeInfo"]["Parameters"]["separatorChar"] for one in parts} == {"|"}
    read = context.create_dynamic_frame.from_catalog
    assert [one["k"] for one in records(read(name, "t", push_down_predicate="k is null"))] == [None]
    assert [one["k"] for one in records(read(name, "t", push_down_predicate="k < 5"))] == [1]

    before = keys(s3, name)
    for refused, said in (
        ({"partitionKeys": []}, "is partitioned by k, and the sink by nothing"),
        ({}, "set writeHeader"),
    ):
        sink = context.getSink("s3", "csv", path=f"s3://{name}/t/", **{**given, **refused})
        sink.setCatalogInfo(name, "t")
        with pytest.raises(ValueError, match=said):
            sink.writeFrame(frame({**row, "k": 1}))
    assert keys(s3, name) == before


def test_a_partition_of_an_empty_text_is_where_its_files_are(context: Any, frame: Make, place: Any) -> None:
    glue, s3, name = place
    sink = context.getSink("s3", "json", path=f"s3://{name}/t", enableUpdateCatalog=True, partitionKeys=["k"])
    sink.setCatalogInfo(name, "t")
    sink.writeFrame(frame({"id": 1, "k": ""}, {"id": 2, "k": None}, {"id": 3, "k": " "}))
    parts = glue.get_partitions(DatabaseName=name, TableName="t")["Partitions"]
    folders = {one["StorageDescriptor"]["Location"].split("/", 3)[3] for one in parts}
    assert folders == {f"{key.rpartition('/')[0]}/" for key in keys(s3, name)}


def test_a_database_is_written_by_its_connection_and_read(
    context: Any, frame: Make, place: Any, postgres: Postgres
) -> None:
    glue, _, name = place
    dsn = postgres.new_database()
    database = dsn.rsplit("/", 1)[1]
    secret = postgres.secret(dsn, "totelake_admin")
    properties = {
        "JDBC_CONNECTION_URL": f"jdbc:postgresql://127.0.0.1:{postgres.port}/postgres",
        "USERNAME": secret["username"],
        "PASSWORD": secret["password"],
    }
    glue.create_connection(ConnectionInput={"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": properties})
    table = {"dbtable": "orders", "database": database}
    rows = [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]
    for row in rows:
        context.write_dynamic_frame.from_jdbc_conf(frame(row), name, connection_options=table)
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, text FROM orders ORDER BY id")
        assert cursor.fetchall() == [(1, "a"), (2, "b")]
    found = context.extract_jdbc_conf(name)
    assert (found["vendor"], found["url"]) == ("postgresql", f"jdbc:postgresql://127.0.0.1:{postgres.port}")
    given = {"url": f"{found['url']}/{database}", "user": found["user"], "password": found["password"]}
    read = context.create_dynamic_frame.from_options
    assert records(read("postgresql", {**given, "dbtable": "orders"})) == rows
    with pytest.raises(ValueError, match="needs url and dbtable"):
        read("postgresql", given)
    with pytest.raises(NotImplementedError, match="the option hashfield of a database"):
        read("postgresql", {**given, "dbtable": "orders", "hashfield": "id"})
