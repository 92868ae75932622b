"""GlueCatalog over answers as Glue words them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.ports.answers import Client, client_error
from totelake.errors import LakeError, RetriableError
from totelake.ports.glue import GlueCatalog, GlueCrawler


def catalog(**answers: list[Any]) -> GlueCatalog:
    """A database whose client answers so."""
    client: Any = Client(**answers)
    return GlueCatalog(client, "lake")


@pytest.mark.parametrize("message", ["Entity Not Found", "Table design not found."])
def test_a_table_that_is_not_there_is_none_however_glue_says_it(message: str) -> None:
    assert catalog(get_table=[client_error("EntityNotFoundException", message=message)]).table("design") is None


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("get_table", lambda lake: lake.table("design")),
        ("create_table", lambda lake: lake.create({"Name": "design"})),
        ("update_table", lambda lake: lake.replace({"Name": "design"}, {}, keep_version=True)),
        ("update_partition", lambda lake: lake.replace_partition("design", {"Values": ["1"]})),
        ("batch_update_partition", lambda lake: lake.replace_partitions("design", [{"Values": ["1"]}])),
        ("batch_create_partition", lambda lake: lake.add_partitions("design", [{"Values": ["1"]}])),
    ],
)
def test_any_other_failure_is_one(operation: str, call: Any) -> None:
    with pytest.raises(LakeError, match="AccessDeniedException: no; grant the job's role this action"):
        call(catalog(**{operation: [client_error("AccessDeniedException")]}))


@pytest.mark.parametrize("keep_version", [True, False])
def test_a_table_is_replaced_over_the_version_that_was_read(keep_version: bool) -> None:
    client: Any = Client(update_table=[{}, client_error("ConcurrentModificationException")])
    wanted, over = {"Name": "design"}, {"Name": "design", "VersionId": "7"}
    assert GlueCatalog(client, "lake").replace(wanted, over, keep_version) is True
    assert client.calls[0][1] == {
        "DatabaseName": "lake", "TableInput": wanted, "SkipArchive": not keep_version, "VersionId": "7",
    }  # fmt: skip
    assert GlueCatalog(client, "lake").replace(wanted, over, keep_version) is False


def test_a_refused_partition_is_named_and_one_that_is_there_is_none() -> None:
    there, refused = (
        {"PartitionValues": ["2026", "11"], "ErrorDetail": {"ErrorCode": code, "ErrorMessage": "no place"}}
        for code in ("AlreadyExistsException", "InvalidInputException")
    )
    catalog(batch_create_partition=[{"Errors": [there]}]).add_partitions("design", [{"Values": ["2026", "11"]}])
    with pytest.raises(LakeError) as raised:
        catalog(batch_create_partition=[{"Errors": [there, refused]}]).add_partitions("design", [{"Values": []}])
    assert str(raised.value) == ("the partition 2026/11 of lake.design was refused: no place; correct the table")


def test_a_partition_that_glue_is_too_busy_for_may_be_tried_again() -> None:
    busy = {"PartitionValues": ["7"], "ErrorDetail": {"ErrorCode": "InternalServiceException", "ErrorMessage": "no"}}
    with pytest.raises(RetriableError, match=r"^the partition 7 of lake.design was refused: no; run the job again$"):
        catalog(batch_create_partition=[{"Errors": [busy]}]).add_partitions("design", [{"Values": ["7"]}])


def test_partitions_are_replaced_a_hundred_at_a_time_and_a_refused_one_is_named() -> None:
    gone, refused = (
        {"PartitionValueList": ["7"], "ErrorDetail": {"ErrorCode": code, "ErrorMessage": "no place"}}
        for code in ("EntityNotFoundException", "InvalidInputException")
    )
    client: Any = Client(batch_update_partition=[{}] * 9 + [{"Errors": [gone]}, {"Errors": [gone, refused]}])
    lake, thousand = GlueCatalog(client, "lake"), [{"Values": [str(number)]} for number in range(1000)]
    lake.replace_partitions("design", thousand)
    sent = [call["Entries"] for _, call in client.calls]
    assert [len(entries) for entries in sent] == [100] * 10
    assert [entry["PartitionValueList"] for entries in sent for entry in entries] == [
        item["Values"] for item in thousand
    ]
    with pytest.raises(LakeError, match="the partition 7 of lake.design was refused: no place; correct the table"):
        lake.replace_partitions("design", thousand[:1])


def test_a_crawler_that_runs_is_not_started_again() -> None:
    client: Any = Client(
        start_crawler=[{}, client_error("CrawlerRunningException")],
        get_crawler=[{"Crawler": {"State": "RUNNING", "LastCrawl": {"Status": "FAILED", "ErrorMessage": "no access"}}}],
    )
    crawler = GlueCrawler(client, "c")
    assert (crawler.start(), crawler.start()) == (True, False)
    found = crawler.look()
    assert (found.is_ready, found.state, found.last_status, found.last_message) == (
        False, "RUNNING", "FAILED", "no access",
    )  # fmt: skip
