"""A column of one type as another: a value stays exactly what it is, or it is lost and said to be."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.contracts.types import spark_type
from totelake.star.exact import converted, is_lost, read_text
from totelake.star.sorting import as_quarantined

pytestmark = SPARK
LOST = object()
MOST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def became(spark: SparkSession, found: str, wanted: str, values: list[Any]) -> list[Any]:
    """Each value of a column of one type as the other; LOST where a reason speaks against it."""
    frame = spark.createDataFrame([(value,) for value in values], f"`a value` {spark_type(found)}").coalesce(1)
    lost = is_lost("a value", found, wanted)
    if lost is None:
        rows = frame.select(converted("a value", found, wanted).alias("value")).collect()
        return [row.value for row in rows]
    rows = frame.select(converted("a value", found, wanted).alias("value"), lost.alias("lost")).collect()
    assert all(row.value is None for row in rows if row.lost)
    return [LOST if row.lost else row.value for row in rows]


@pytest.mark.parametrize(
    ("found", "wanted", "values", "expected"),
    [
        ("bigint", "integer", [2**31 - 1, 2**31, -(2**31), None], [2**31 - 1, LOST, -(2**31), None]),
        ("integer", "bigint", [2**31 - 1, None], [2**31 - 1, None]),
        ("numeric(12,2)", "numeric(10,2)", [Decimal("99999999.99"), Decimal("100000000.00")],
         [Decimal("99999999.99"), LOST]),
        ("numeric(10,3)", "numeric(10,2)", [Decimal("1.230"), Decimal("1.235")], [Decimal("1.23"), LOST]),
        ("integer", "numeric(10,2)", [99999999, 100000000], [Decimal("99999999.00"), LOST]),
        ("numeric(10,2)", "integer", [Decimal("7.00"), Decimal("7.01")], [7, LOST]),
        ("text", "character varying(3)", ["GBP", "GBPs", "", "€€€", None], ["GBP", LOST, "", "€€€", None]),
        ("character varying(3)", "text", ["GBP"], ["GBP"]),
        ("boolean", "text", [True, False, None], ["true", "false", None]),
        ("text", "boolean", ["true", "false", "t", "yes", "1", ""], [True, False, LOST, LOST, LOST, LOST]),
        ("integer", "boolean", [0, 1, 2], [False, True, LOST]),
        ("bytea", "text", [b"", b"\x00\xff'", None], ["\\x", "\\x00ff27", None]),
        ("bytea", "character varying(4)", [b"\xab", b"\xab\xcd"], ["\\xab", LOST]),
        ("bytea", "integer", [b"1", None], [LOST, None]),
        ("bytea", "date", [b"2024-08-05"], [LOST]),
        ("bytea", "bytea", [b"\x00"], [b"\x00"]),
        ("text", "bytea", ["\\x00", None], [LOST, None]),
        ("text", "numeric(10,2)", ["1.10", "1.1000", "1.101", "NaN", "1e-1000", "0." + "0" * 18 + "1", "9" * 40],
         [Decimal("1.10"), Decimal("1.10"), LOST, LOST, LOST, LOST, LOST]),
        ("text", "numeric(38,0)",
         ["1" + "0" * 37, "-" + "9" * 38, "1" + "0" * 20 + ".00", "1" + "0" * 20 + ".5", "9" * 39],
         [Decimal("1" + "0" * 37), Decimal("-" + "9" * 38), Decimal("1" + "0" * 20), LOST, LOST]),
        ("text", "numeric(38,38)", ["0." + "1" * 38, "0." + "1" * 39, "0", "1"],
         [Decimal("0." + "1" * 38), LOST, Decimal(0), LOST]),
        ("timestamp(6) without time zone", "timestamp(3) without time zone",
         [datetime(2024, 8, 5, 1, 2, 3, 4000), datetime(2024, 8, 5, 1, 2, 3, 4001),
          datetime(1969, 12, 31, 23, 59, 59, 999999)],
         [datetime(2024, 8, 5, 1, 2, 3, 4000), LOST, LOST]),
    ],
)  # fmt: skip
def test_what_says_the_same_is_converted_and_all_else_is_lost(
    spark: SparkSession, found: str, wanted: str, values: list[Any], expected: list[Any]
) -> None:
    assert became(spark, found, wanted, values) == expected


def test_a_text_is_an_integer_when_it_is_written_as_one(spark: SparkSession) -> None:
    assert became(spark, "text", "integer", ["7", "007", "+7", " 7 ", "-7", None]) == [7, 7, 7, 7, -7, None]
    texts = ["7.00", "7.5", "7.", "1e1", "", "seven", "NaN", "2147483648", "0x7"]
    assert became(spark, "text", "integer", texts) == [LOST] * len(texts)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([("bigint", "integer"), ("bigint", "smallint"), ("text", "integer"), ("text", "bigint")]),
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-(2**31) - 2, 2**31 + 2), min_size=40, max_size=40),
)
def test_an_integer_is_kept_exactly_when_the_type_can_hold_it(
    spark: SparkSession, kinds: tuple[str, str], numbers: list[int]
) -> None:
    found, wanted = kinds
    values = [str(number) for number in numbers] if found == "text" else numbers
    least, most = -MOST[wanted] - 1, MOST[wanted]
    kept = [number if least <= number <= most else LOST for number in numbers]
    assert became(spark, found, wanted, values) == kept


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.decimals(-(10**10), 10**10, places=4, allow_nan=False), min_size=40, max_size=40))
def test_a_decimal_is_kept_exactly_when_scale_and_precision_can_hold_it(
    spark: SparkSession, numbers: list[Decimal]
) -> None:
    held = [number == round(number, 2) and abs(number) < 10**8 for number in numbers]
    kept = [number if is_held else LOST for number, is_held in zip(numbers, held)]
    assert became(spark, "numeric(16,4)", "numeric(10,2)", numbers) == kept
    assert became(spark, "text", "numeric(10,2)", [str(number) for number in numbers]) == kept


def test_a_text_of_postgresqls_is_read_as_what_it_was(spark: SparkSession) -> None:
    texts = ["\\x", "\\x00ff27", "\\x0", "\\X00", "00", "\\x00\n", "", None]
    frame = spark.createDataFrame([(text,) for text in texts], "value string")
    found = [row.found for row in frame.select(read_text("value", "binary").alias("found")).collect()]
    assert found == [b"", b"\x00\xff'", None, None, None, None, None, None]
    (row,) = frame.limit(1).select(read_text("'7'", "int").alias("a"), read_text("'x'", "int").alias("b")).collect()
    assert (row.a, row.b) == (7, None)


def test_bytes_are_in_hex_among_the_values_of_a_quarantined_row(spark: SparkSession) -> None:
    marked = "struct<rule:string,column_name:string,value:string>"
    kinds = f"design_id int, raw binary, note string, _op string, _batch bigint, _captured_at timestamp, why {marked}"
    frame = spark.createDataFrame([(1, b"\x00\xff", None, "I", 1, None, ("r", "raw", None))], kinds)
    (row,) = as_quarantined(frame, load_contracts().find("design"), ["design_id", "raw", "note"], "why").collect()
    assert json.loads(row.payload) == {"design_id": "1", "raw": "\\x00ff", "note": None}
