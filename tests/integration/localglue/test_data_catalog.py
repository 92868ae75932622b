"""The Data Catalog through localglue: what moto does, and what localglue adds."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.localglue.bench import Bench, client, serve


def table_input(*columns: str) -> dict[str, Any]:
    """A table of text columns."""
    return {"Name": "t", "StorageDescriptor": {"Columns": [{"Name": name, "Type": "string"} for name in columns]}}


def history(bench: Bench, database: str) -> list[tuple[str, list[str]]]:
    """Versions with their columns, as they are answered."""
    answer = bench.glue.get_table_versions(DatabaseName=database, TableName="t")
    return [
        (one["VersionId"], [column["Name"] for column in one["Table"]["StorageDescriptor"]["Columns"]])
        for one in answer["TableVersions"]
    ]


@pytest.fixture
def database(bench: Bench) -> str:
    """A database with the table t."""
    name = bench.database()
    bench.glue.create_table(DatabaseName=name, TableInput=table_input("a"))
    return name


def test_a_change_over_a_version_that_is_not_the_newest_is_rejected(bench: Bench, database: str) -> None:
    glue = bench.glue
    seen = glue.get_table(DatabaseName=database, Name="t")["Table"]["VersionId"]
    glue.update_table(DatabaseName=database, TableInput=table_input("a", "b"), VersionId=seen)
    with pytest.raises(glue.exceptions.ConcurrentModificationException, match="read it again and repeat the change"):
        glue.update_table(DatabaseName=database, TableInput=table_input("a", "c"), VersionId=seen)
    assert [columns for _, columns in history(bench, database)] == [["a", "b"], ["a"]]


def test_of_many_at_once_over_one_version_exactly_one_wins(bench: Bench, database: str) -> None:
    seen = bench.glue.get_table(DatabaseName=database, Name="t")["Table"]["VersionId"]
    outcomes: list[str] = []

    def change(number: int) -> None:
        try:
            bench.glue.update_table(DatabaseName=database, TableInput=table_input(f"c{number}"), VersionId=seen)
            outcomes.append("changed")
        except bench.glue.exceptions.ConcurrentModificationException:
            outcomes.append("rejected")

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["changed"] + ["rejected"] * 7
    assert len(history(bench, database)) == 2


def test_skip_archive_moves_the_version_on_and_keeps_no_more_of_them(bench: Bench, database: str) -> None:
    bench.glue.update_table(DatabaseName=database, TableInput=table_input("a", "b"))
    before = history(bench, database)
    bench.glue.update_table(DatabaseName=database, TableInput=table_input("a", "b", "c"), SkipArchive=True)
    after = history(bench, database)
    assert [columns for _, columns in after] == [["a", "b", "c"], ["a"]]
    newest = bench.glue.get_table(DatabaseName=database, Name="t")["Table"]["VersionId"]
    assert after[0][0] == newest != before[0][0]
    with pytest.raises(bench.glue.exceptions.ConcurrentModificationException):
        bench.glue.update_table(DatabaseName=database, TableInput=table_input("a"), VersionId=before[0][0])


def test_old_versions_can_be_read_and_deleted_and_the_newest_cannot_be_deleted(bench: Bench, database: str) -> None:
    glue, names = bench.glue, {"DatabaseName": database, "TableName": "t"}
    for columns in (("a", "b"), ("a", "b", "c")):
        glue.update_table(DatabaseName=database, TableInput=table_input(*columns))
    newest, middle, oldest = (version for version, _ in history(bench, database))
    assert glue.get_table_version(**names)["TableVersion"]["VersionId"] == newest
    assert glue.get_table_version(**names, VersionId=oldest)["TableVersion"]["VersionId"] == oldest
    with pytest.raises(glue.exceptions.InvalidInputException, match="so it cannot be deleted"):
        glue.delete_table_version(**names, VersionId=newest)
    glue.delete_table_version(**names, VersionId=middle)
    errors = glue.batch_delete_table_version(**names, VersionIds=[oldest, middle, newest])["Errors"]
    assert [(one["VersionId"], one["ErrorDetail"]["ErrorCode"]) for one in errors] == [
        (middle, "EntityNotFoundException"),
        (newest, "InvalidInputException"),
    ]
    assert [version for version, _ in history(bench, database)] == [newest]
    with pytest.raises(glue.exceptions.EntityNotFoundException, match=f"version of table {database}.t {oldest}"):
        glue.get_table_version(**names, VersionId=oldest)


def test_tables_versions_and_partitions_come_in_pages_when_asked_for(bench: Bench, database: str) -> None:
    glue = bench.glue
    inputs = [{"Values": [str(number)], "StorageDescriptor": {"Columns": []}} for number in range(5)]
    glue.batch_create_partition(DatabaseName=database, TableName="t", PartitionInputList=inputs)
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=database, TableName="t", PaginationConfig={"PageSize": 2}
    )
    assert [[one["Values"] for one in page["Partitions"]] for page in pages] == [
        [["0"], ["1"]],
        [["2"], ["3"]],
        [["4"]],
    ]
    assert len(glue.get_partitions(DatabaseName=database, TableName="t")["Partitions"]) == 5
    assert len(glue.get_tables(DatabaseName=database, MaxResults=1)["TableList"]) == 1


def test_errors_of_the_data_catalog_keep_their_code(bench: Bench) -> None:
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException):
        bench.glue.get_table(DatabaseName="nowhere", Name="nothing")


def test_an_endpoint_that_is_down_is_named(tmp_path: Path) -> None:
    service = serve("http://127.0.0.1:9", tmp_path)
    try:
        with pytest.raises(ClientError, match="the AWS endpoint http://127.0.0.1:9 does not answer"):
            client("glue", service.settings.own_url).get_databases()
    finally:
        service.close()
