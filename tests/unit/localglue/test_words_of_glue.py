"""Filters of ListCrawls, and the schema registry's words for what does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from localglue.crawl_filters import filter_of
from localglue.errors import InvalidInput
from localglue.registry_words import in_its_words

CRAWLS = [
    {"CrawlId": "one", "State": "COMPLETED", "StartTime": 1.0, "EndTime": 2.0, "DPUHour": 0.5},
    {"CrawlId": "two", "State": "RUNNING", "StartTime": 3.0, "EndTime": None, "DPUHour": 0.0},
]


def one(field: str, operator: str, value: str) -> dict[str, str]:
    """A filter."""
    return {"FieldName": field, "FilterOperator": operator, "FieldValue": value}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], ["one", "two"]),
        ([one("STATE", "EQ", "RUNNING")], ["two"]),
        ([one("CRAWL_ID", "NE", "two")], ["one"]),
        ([one("START_TIME", "GT", "1000")], ["two"]),
        ([one("START_TIME", "GE", "1000")], ["one", "two"]),
        ([one("END_TIME", "LE", "2000")], ["one"]),
        ([one("DPU_HOUR", "LT", "0.5")], ["two"]),
        ([one("START_TIME", "LT", "9000"), one("STATE", "EQ", "COMPLETED")], ["one"]),
    ],
)
def test_crawls_are_listed_by_filters(filters: list[dict[str, str]], expected: list[str]) -> None:
    fits = filter_of(filters)
    assert [crawl["CrawlId"] for crawl in CRAWLS if fits(crawl)] == expected


@pytest.mark.parametrize(
    ("filter_", "message"),
    [
        (one("STATE", "LT", "RUNNING"), "Only EQ or NE operator is allowed for field : STATE"),
        ({"FieldName": "STATE", "FieldValue": "RUNNING"},
         "Invalid Filter Provided: FieldName: STATE, FilterOperator: null, FieldValue: RUNNING"),
        (one("END_TIME", "LT", "2026-01-01"), "END_TIME is compared with a time in milliseconds since the epoch"),
        (one("DPU_HOUR", "LT", "much"), "DPU_HOUR is compared with a number of DPU hours"),
    ],
)  # fmt: skip
def test_a_filter_that_compares_nothing_is_refused(filter_: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        filter_of([filter_])


FAILED = "failed to satisfy constraint: Member must"


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (f"Value 'x' at 'RegistryName' {FAILED} have length less than or equal to 255",
         "The resource name contains too many or too few characters. Parameter Name: registryName"),
        (f"Value 'x' at 'RegistryId.RegistryArn' {FAILED} satisfy regular expression pattern: a",
         "The parameter value contains one or more characters that are not valid. Parameter Name: registryArn"),
        (f"Value 'x' at 'SchemaVersionId' {FAILED} have length less than or equal to 36",
         "The parameter value contains one or more characters that are not valid. Parameter Name: SchemaVersionId"),
        (f"Value 'x' at 'DataFormat' {FAILED} satisfy enum value set: [AVRO]", "Data format is not valid."),
        (f"Value 'x' at 'Tags' {FAILED} have length less than or equal to 50",
         "New Tags cannot be empty or more than 50"),
    ],
)  # fmt: skip
def test_the_registry_says_in_its_words_what_does_not_fit(problem: str, words: str) -> None:
    assert in_its_words(["another", problem]).message == f"{words} (localglue: another; {problem})"


def test_what_the_registry_has_no_words_for_is_told_as_it_is() -> None:
    assert in_its_words(["'X' is not a member"]).message == "'X' is not a member"
