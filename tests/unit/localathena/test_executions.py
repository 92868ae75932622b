"""Executions through the API: what begins one, what stops it, and the pages of its result."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from localapi.errors import ApiError
from localathena.app import LocalAthena
from localathena.execution import Execution
from localathena.settings import Settings

_TOKEN = "a-token-of-more-than-32-characters"
_REUSE = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True}}}


@pytest.fixture
def athena(tmp_path: Path) -> Iterator[LocalAthena]:
    """One over a mocked S3 with the bucket `bench`."""
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-2", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_bucket(Bucket="bench", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        endpoints = ("https://s3.eu-west-2.amazonaws.com", "https://glue.eu-west-2.amazonaws.com")
        found = LocalAthena(Settings(*endpoints, tmp_path / "state"))
        yield found
        found.close()
        client.close()


def start(athena: LocalAthena, sql: str, **more: Any) -> str:
    """The id of an execution."""
    request = {"QueryString": sql, "ResultConfiguration": {"OutputLocation": "s3://bench/out/"}, **more}
    return str(athena.answer("StartQueryExecution", request)["QueryExecutionId"])


def execution(athena: LocalAthena, number: str) -> Execution:
    """An execution that no thread works on any more."""
    found = athena._executions._existing(number)
    assert found.finished.wait(60)
    return found


def test_a_page_begins_only_where_an_answer_said(athena: LocalAthena) -> None:
    number = start(athena, "SELECT 'two\nlines' AS a UNION ALL SELECT 'x\n\"y'")
    execution(athena, number)
    first = athena.answer("GetQueryResults", {"QueryExecutionId": number, "MaxResults": 1})["NextToken"]
    second = athena.answer("GetQueryResults", {"QueryExecutionId": number, "MaxResults": 1, "NextToken": first})
    assert second["ResultSet"]["Rows"] == [{"Data": [{"VarCharValue": "two\nlines"}]}]
    offset, _, sign = first.partition("-")
    for token in ("2", "5", "1" * 400, f"{int(offset) + 1}-{sign}", f"{offset}-", f"0{first}", "-1", "mine", "é-é"):
        with pytest.raises(ApiError, match="no NextToken of this result"):
            athena.answer("GetQueryResults", {"QueryExecutionId": number, "NextToken": token})


def test_a_kept_result_that_is_cut_short_is_told(athena: LocalAthena) -> None:
    number = start(athena, "SELECT 'x'")
    found = execution(athena, number)
    assert found.file is not None
    found.file.write_text('"_col0"\n"x', encoding="utf-8")
    with pytest.raises(ApiError, match="ends within a row"):
        athena.answer("GetQueryResults", {"QueryExecutionId": number})


def test_to_stop_what_has_ended_starts_nothing(athena: LocalAthena) -> None:
    first = start(athena, "SELECT 1")
    execution(athena, first)
    again = start(athena, "SELECT 1", **_REUSE)
    assert execution(athena, again).reused
    before = threading.active_count()
    for number in (first, again):
        athena.answer("StopQueryExecution", {"QueryExecutionId": number})
        assert execution(athena, number).state == "SUCCEEDED"
    assert threading.active_count() == before


def test_a_token_begins_one_execution_however_many_ask_at_once(athena: LocalAthena) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: start(athena, "SELECT 1", ClientRequestToken=_TOKEN), range(24)))
    assert len(found) == 1
    assert athena.answer("ListQueryExecutions", {})["QueryExecutionIds"] == list(found)


def test_an_execution_ends_when_it_cannot_be_seen_whether_a_result_is_there(athena: LocalAthena) -> None:
    execution(athena, start(athena, "SELECT 1"))

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "HeadObject")

    athena._clients.s3.meta.events.register("before-parameter-build.s3.HeadObject", refuse)
    found = execution(athena, start(athena, "SELECT 1", **_REUSE))
    assert found.state == "FAILED"
    assert "SlowDown" in found.reason
