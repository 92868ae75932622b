"""Workgroups: where results go, what may be read, and what is in them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.integration.localathena.conftest import Bench


def test_a_workgroup_that_enforces_its_settings_has_the_last_word(bench: Bench) -> None:
    group = f"wg{bench.name}"
    place = {"OutputLocation": f"s3://{bench.name}/enforced"}
    bench.athena.create_work_group(Name=group, Configuration={"ResultConfiguration": place}, Description="mine")
    found = bench.run("SELECT 1", WorkGroup=group)["ResultConfiguration"]["OutputLocation"]
    assert found.startswith(f"s3://{bench.name}/enforced/")
    with pytest.raises(ClientError, match="external_location"):
        bench.start(
            f"CREATE TABLE t WITH (external_location = 's3://{bench.name}/t/') AS SELECT 1 AS a", WorkGroup=group
        )
    bench.athena.update_work_group(WorkGroup=group, ConfigurationUpdates={"EnforceWorkGroupConfiguration": False})
    assert "/out/" in bench.run("SELECT 1", WorkGroup=group)["ResultConfiguration"]["OutputLocation"]
    bench.athena.update_work_group(WorkGroup=group, State="DISABLED")
    with pytest.raises(ClientError, match="is disabled"):
        bench.start("SELECT 1", WorkGroup=group)


def test_a_query_that_would_read_too_much_fails(bench: Bench) -> None:
    group = f"wg{bench.name}"
    bench.athena.create_work_group(
        Name=group, Configuration={"ResultConfiguration": bench.output, "BytesScannedCutoffPerQuery": 10_000_000}
    )
    bench.put("big/a.csv", b"xxxxx\n" * 1_000_000)
    bench.put("big/b.csv", b"xxxxx\n" * 1_000_000)
    bench.run(f"CREATE EXTERNAL TABLE big (x string) LOCATION 's3://{bench.name}/big/'")
    assert "Bytes scanned limit" in bench.failure("SELECT count(*) FROM big", WorkGroup=group)["StateChangeReason"]
    assert bench.rows("SELECT count(*) FROM big") == [["2000000"]]


def test_a_workgroup_goes_with_all_that_is_in_it_or_not_at_all(bench: Bench) -> None:
    group = f"wg{bench.name}"
    bench.athena.create_work_group(Name=group, Configuration={"ResultConfiguration": bench.output})
    named = bench.athena.create_named_query(Name="n", Database=bench.name, QueryString="SELECT 1", WorkGroup=group)
    number = named["NamedQueryId"]
    assert bench.athena.list_named_queries(WorkGroup=group)["NamedQueryIds"] == [number]
    with pytest.raises(ClientError, match="is not empty"):
        bench.athena.delete_work_group(WorkGroup=group)
    bench.athena.delete_work_group(WorkGroup=group, RecursiveDeleteOption=True)
    with pytest.raises(ClientError, match="was not found"):
        bench.athena.get_named_query(NamedQueryId=number)
    with pytest.raises(ClientError, match=f"WorkGroup {group} is not found"):
        bench.athena.get_work_group(WorkGroup=group)


def test_a_result_that_the_workgroup_manages_is_nowhere_in_s3(bench: Bench) -> None:
    group = f"wg{bench.name}"
    bench.athena.create_work_group(Name=group, Configuration={"ManagedQueryResultsConfiguration": {"Enabled": True}})
    context = {"Database": bench.name}
    number = bench.athena.start_query_execution(
        QueryString="SELECT 7 AS n", WorkGroup=group, QueryExecutionContext=context
    )
    found = bench.ended(number["QueryExecutionId"])
    assert found["Status"]["State"] == "SUCCEEDED"
    assert "OutputLocation" not in found["ResultConfiguration"]
    rows = bench.athena.get_query_results(QueryExecutionId=number["QueryExecutionId"])["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in rows] == ["n", "7"]


def test_without_a_place_for_the_result_nothing_is_begun(bench: Bench) -> None:
    for given in ({}, {"ResultConfiguration": {"OutputLocation": "here"}}):
        with pytest.raises(ClientError, match="No output location provided|is no place in S3"):
            bench.athena.start_query_execution(QueryString="SELECT 1", **given)
    lost = {"OutputLocation": "s3://there-is-no-such-bucket-at-all/"}
    status = bench.failure("SELECT 1", ResultConfiguration=lost)
    assert status["AthenaError"]["ErrorType"] == 1306
