"""What is done to requests of the Data Catalog, beside passing them on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localglue.catalog_requests import check_values, folded, in_segment, with_attributes
from localglue.errors import InvalidInput
from localglue.partition_expressions import has_not, selected, tokens_of

KEYED = {"Name": "sales", "PartitionKeys": [{"Name": "year"}, {"Name": "day"}]}


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        ("CreateDatabase", {"DatabaseInput": {"Name": "Shop"}}, {"DatabaseInput": {"Name": "shop"}}),
        ("GetTable", {"DatabaseName": "Shop", "Name": "Sales"}, {"DatabaseName": "shop", "Name": "sales"}),
        ("GetPartition", {"TableName": "Sales", "PartitionValues": ["A"]},
         {"TableName": "sales", "PartitionValues": ["A"]}),
        ("BatchDeleteTable", {"TablesToDelete": ["A", "b"]}, {"TablesToDelete": ["a", "b"]}),
        ("GetRegistry", {"Name": "Kept"}, {"Name": "Kept"}),
    ],
)  # fmt: skip
def test_names_of_databases_and_tables_are_folded_and_no_others(
    operation: str, request_: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert folded(operation, request_) == expected


@pytest.mark.parametrize("values", [[], ["2026"], ["2026", "1", "2"]])
def test_a_partition_has_as_many_values_as_its_table_has_keys(values: list[str]) -> None:
    check_values({"Values": ["2026", "1"]}, KEYED)
    with pytest.raises(
        InvalidInput, match=r"keys do not match .* \(localglue: table sales is partitioned by year, day"
    ):
        check_values({"Values": values}, KEYED)


@given(st.lists(st.lists(st.text(), min_size=1, max_size=2), unique_by=tuple), st.integers(1, 10))
def test_readers_of_all_segments_get_every_partition_once(partitions: list[list[str]], total: int) -> None:
    parts = [
        [one for one in partitions if in_segment(one, {"SegmentNumber": number, "TotalSegments": total})]
        for number in range(total)
    ]
    assert sorted(one for part in parts for one in part) == sorted(partitions)


def test_a_segment_beyond_their_number_is_refused() -> None:
    with pytest.raises(InvalidInput, match="SegmentNumber is 2; with 2 segments the last is 1"):
        in_segment(["a"], {"SegmentNumber": 2, "TotalSegments": 2})


def test_only_the_attributes_that_are_asked_for_are_answered() -> None:
    table = {"Name": "sales", "TableType": "EXTERNAL_TABLE", "Owner": "me"}
    assert with_attributes([table], {}) == [table]
    assert with_attributes([table], {"AttributesToGet": ["NAME"]}) == [{"Name": "sales"}]
    with pytest.raises(InvalidInput, match="must have NAME"):
        with_attributes([table], {"AttributesToGet": ["TABLE_TYPE"]})


EVERY = frozenset((str(number),) for number in range(1, 6))


def _ask(part: str) -> frozenset[tuple[str, ...]]:
    """An endpoint that knows `=`, IN and BETWEEN of whole numbers in the column day."""
    column, operator, *rest = part.split()
    assert column == "day"
    numbers = [int(word) for word in rest if word.isdigit()]
    wanted = range(numbers[0], numbers[1] + 1) if operator == "BETWEEN" else numbers
    return EVERY & {(str(number),) for number in wanted}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("NOT day = 1", "2345"),
        ("DAY NOT IN (1, 2)", "345"),
        ("day NOT BETWEEN 2 AND 4", "15"),
        ("NOT (day = 1 OR day = 2) AND Day BETWEEN 1 AND 3", "3"),
        ("NOT NOT day = 2", "2"),
        ("not day in (1,2,3) or day=1", "145"),
    ],
)
def test_not_and_the_case_of_columns_in_an_expression(expression: str, expected: str) -> None:
    tokens = tokens_of(expression, ["day"])
    upper = [token.upper() if token.lower() in ("in", "between") else token for token in tokens]
    assert has_not(tokens)
    assert sorted(value for (value,) in selected(upper, EVERY, _ask)) == list(expected)


def test_what_stands_in_quotes_is_no_name_and_no_not() -> None:
    tokens = tokens_of("Region = 'Not Day' and note='it''s'", ["region", "day", "NOTE"])
    assert (has_not(tokens), tokens) == (False, ["region", "=", "'Not Day'", "and", "NOTE", "=", "'it''s'"])


@pytest.mark.parametrize(
    ("expression", "message"),
    [("NOT day = 'x", "cannot be read from character 10 on"), ("NOT (day = 1", "lacks a closing bracket"),
     ("NOT", "lacks a comparison"), ("NOT day = 1 )", "goes on after its end with")],
)  # fmt: skip
def test_what_is_no_expression_is_refused(expression: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        selected(tokens_of(expression, ["day"]), EVERY, _ask)
