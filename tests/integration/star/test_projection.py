"""One source event becomes one warehouse row: values, types, deletions, and the rows that are quarantined, by rule."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.integration.star.samples import SPARK, captured_at, events, quarantined, row
from totelake.contracts import load_contracts
from totelake.contracts.model import Column
from totelake.contracts.types import spark_type, stored_type
from totelake.star.projection import against, derived, month_text, project, time_text, valid_date, with_month
from totelake.star.sorting import SplitRows, split_by_reason

pytestmark = SPARK
SOURCE = load_contracts().find("payment")
NO_DATES = [
    "2024-8-5", "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10", "n/a", "", " ", " 2024-08-05", "2024-08-05 ",
    "2024-08-05\n", "2024-08-05\r\n", "2024-08-05T00:00:00", "20240805", "05-08-2024", "+2024-08-05", "-2024-08-05",
    "12024-08-05", "1899-12-31", "2200-01-01", "0000-00-00", "２０２４-08-05", "infinity",
]  # fmt: skip
DATES = ["1900-01-01", "2199-12-31", "2024-02-29", "2000-02-29", "2024-08-05"]


def split(spark: SparkSession, target: str, source: str, *rows: dict[str, object]) -> SplitRows:
    """A star table's rows of these events of batch 1, and those to quarantine."""
    contract = load_contracts().find(source)
    return split_by_reason(
        events(spark, source, {1: rows}), contract, *project(load_contracts().find(target), contract)
    )


def payments(spark: SparkSession, *rows: dict[str, object]) -> DataFrame:
    """fact_payment's rows of these events."""
    return split(spark, "fact_payment", "payment", *rows).rows


def test_only_texts_of_the_contracts_pattern_and_range_are_dates(spark: SparkSession) -> None:
    texts = spark.createDataFrame([(text,) for text in [*NO_DATES, *DATES]], "payment_date string")
    found = texts.select("payment_date", valid_date(SOURCE.column("payment_date")).alias("date")).collect()
    assert {item.payment_date: item.date for item in found} == {
        **dict.fromkeys(NO_DATES),
        **{text: date.fromisoformat(text) for text in DATES},
    }


@pytest.mark.parametrize(
    ("text", "rule"),
    [("2024-8-5", "invalid_date"), ("2024-02-30", "invalid_date"), ("n/a", "invalid_date"),
     ("2024-08-05\n", "invalid_date"), ("1899-12-31", "out_of_range"), ("2200-01-01", "out_of_range")],
)  # fmt: skip
def test_a_text_that_is_no_date_is_quarantined_and_the_other_rows_are_not(
    spark: SparkSession, text: str, rule: str
) -> None:
    rows = [row("payment", 7), row("payment", 8, payment_date=text), row("payment", 9, "D")]
    found = split(spark, "fact_payment", "payment", *rows)
    assert quarantined(found.quarantined) == [(8, rule, "payment_date", text)]
    assert sorted(item.payment_id for item in found.rows.collect()) == [7, 9]
    assert found.count_quarantined == 1


def test_the_payload_has_every_column_of_the_source_as_text(spark: SparkSession) -> None:
    bad = row("payment", 8, payment_date="soon", paid=None)
    (found,) = split(spark, "fact_payment", "payment", bad).quarantined.collect()
    assert json.loads(found.payload) == {
        "payment_id": "8", "created_at": "2024-08-05 14:30:15.123", "last_updated": "2024-08-05 14:30:15.123",
        "transaction_id": "1", "counterparty_id": "1", "payment_amount": "12.30", "currency_id": "1",
        "payment_type_id": "1", "paid": None, "payment_date": "soon", "company_ac_number": "1",
        "counterparty_ac_number": "1",
    }  # fmt: skip
    assert (found.source_table, found["_op"], found["_batch"], found["_captured_at"]) == (
        "payment", "I", 1, captured_at(1),
    )  # fmt: skip


def test_a_row_with_several_bad_values_is_quarantined_once(spark: SparkSession) -> None:
    bad = row("sales_order", 5, agreed_payment_date="soon", agreed_delivery_date="later")
    found = split(spark, "fact_sales_order", "sales_order", bad)
    assert len(quarantined(found.quarantined)) == 1


def test_a_moment_outside_of_the_contracts_range_is_quarantined(spark: SparkSession) -> None:
    found = split(spark, "fact_payment", "payment", row("payment", 8, created_at=datetime(1899, 12, 31)))
    assert quarantined(found.quarantined) == [(8, "out_of_range", "created_at", "1899-12-31 00:00:00")]


def test_a_value_that_is_missing_where_the_target_needs_one_is_quarantined(spark: SparkSession) -> None:
    found = split(spark, "fact_payment", "payment", row("payment", 8, payment_amount=None))
    assert quarantined(found.quarantined) == [(8, "required", "payment_amount", None)]


def test_times_are_text_with_milliseconds_and_dates_are_the_day_in_utc(spark: SparkSession) -> None:
    times = [datetime(2024, 1, 1), datetime(2024, 12, 31, 23, 59, 59, 999000), datetime(2024, 7, 1, 0, 30, 5, 70000)]
    rows = [row("payment", key, created_at=at, last_updated=at) for key, at in enumerate(times)]
    found = payments(spark, *rows).orderBy("payment_id").select("created_date", "created_time", "last_updated_time")
    assert [tuple(item) for item in found.collect()] == [
        (date(2024, 1, 1), "00:00:00.000", "00:00:00.000"),
        (date(2024, 12, 31), "23:59:59.999", "23:59:59.999"),
        (date(2024, 7, 1), "00:30:05.070", "00:30:05.070"),
    ]


def test_the_text_of_a_moment_is_what_spark_formats_whatever_the_moment(spark: SparkSession) -> None:
    """Before 1970, before 1582, in years of three and five digits, at both ends of a day and of a second."""
    days = [date(1, 1, 1), date(99, 12, 31), date(999, 2, 28), date(1000, 1, 1), date(1582, 10, 4), date(1582, 10, 15),
            date(1969, 12, 31), date(1970, 1, 1), date(2000, 2, 29), date(2024, 9, 30), date(9999, 10, 31)]  # fmt: skip
    of_day = [0, 1, 999, 1_000, 999_999, 59_999_999, 3_599_999_999, 36_000_000_000, 86_399_999_000, 86_399_999_999]
    start = [(day - date(1970, 1, 1)).days * 86_400_000_000 for day in days]
    # 10000-01-01, which Python's dates do not reach
    start.append(253_402_300_800_000_000)
    moments = spark.createDataFrame([(day + micros,) for day in start for micros in of_day], "micros bigint")
    moments = moments.select(
        F.timestamp_micros("micros").alias("at"), F.timestamp_micros("micros").cast("date").alias("day")
    )
    nothing = spark.createDataFrame([(None, None)], moments.schema)
    found = moments.unionByName(nothing).select(
        time_text("at").alias("time"), F.date_format("at", "HH:mm:ss.SSS").alias("formatted_time"),
        month_text("day").alias("month"), F.date_format("day", "yyyy-MM").alias("formatted_month"),
    ).collect()  # fmt: skip
    assert [(item.time, item.month) for item in found] == [
        (item.formatted_time, item.formatted_month) for item in found
    ]
    assert len({item.time for item in found}) > 5 and len({item.month for item in found}) == 12


def test_a_deletion_has_its_key_and_metadata_alone_in_the_partition_of_deletions(spark: SparkSession) -> None:
    """Even where the event still carries values: nothing of a deleted row is kept."""
    whole = {**row("payment", 7), "_op": "D", "payment_date": "not looked at"}
    rows = with_month(payments(spark, whole, row("payment", 8, "D")), "created_month")
    expected = spark.createDataFrame(
        [(key, "D", 1, captured_at(1), "deleted") for key in (7, 8)],
        "payment_id int, _op string, _batch bigint, _captured_at timestamp, created_month string",
    )
    assert_df_equality(rows.select(*expected.columns), expected, ignore_nullable=True)
    others = [F.col(name).isNotNull() for name in rows.columns if name not in expected.columns]
    assert len(others) == 11
    assert rows.where(F.array_contains(F.array(*others), True)).count() == 0


def test_the_partition_of_a_version_is_the_month_in_which_its_row_was_created(spark: SparkSession) -> None:
    rows = [row("payment", key, "U", created_at=datetime(2024, month, 1)) for key, month in [(1, 9), (2, 11)]]
    found = with_month(payments(spark, *rows), "created_month").orderBy("payment_id")
    assert [item.created_month for item in found.collect()] == ["2024-09", "2024-11"]


def test_a_source_column_without_a_value_stays_without_one(spark: SparkSession) -> None:
    found = split(spark, "dim_location", "address", row("address", 3, address_line_2=None, district=None))
    assert tuple(found.rows.collect()[0])[:5] == (3, "address_line_1", None, None, "city")


def test_a_target_that_does_not_carry_the_sources_key_is_named(spark: SparkSession) -> None:
    with pytest.raises(KeyError, match=r"dim_design does not carry the key payment\.payment_id"):
        project(load_contracts().find("dim_design"), SOURCE)


@pytest.mark.parametrize(
    ("kind", "value", "wanted", "expected", "rule"),
    [
        ("uuid", "6f1d0d0a-0000-4000-8000-000000000000", "text", "6f1d0d0a-0000-4000-8000-000000000000", None),
        ("jsonb", '{"a": "b"}', "text", '{"a": "b"}', None),
        ("integer[]", "{}", "character varying(3)", "{}", None),
        ("integer[]", "{1,2}", "character varying(3)", None, "invalid_value"),
        ("numeric", "1.1000", "numeric", Decimal("1.10"), None),
        ("numeric", "1.101", "numeric", None, "invalid_value"),
        ("numeric", "NaN", "numeric(10,2)", None, "invalid_value"),
        ("bytea", b"\x00\xff", "text", "\\x00ff", None),
        ("bytea", b"\x00\xff", "character varying(3)", None, "invalid_value"),
        ("timestamp with time zone", datetime(2024, 8, 5, 1, 2, 3, 4000), "timestamp(3) without time zone",
         datetime(2024, 8, 5, 1, 2, 3, 4000), None),
        ("timestamp with time zone", datetime(2024, 8, 5, 1, 2, 3, 4000), "time without time zone",
         "01:02:03.004", None),
        ("timestamp with time zone", datetime(2024, 8, 5, 1, 2, 3, 4000), "date", date(2024, 8, 5), None),
    ],
)  # fmt: skip
def test_a_column_of_any_type_of_a_source_feeds_a_star_tables(
    spark: SparkSession, kind: str, value: object, wanted: str, expected: object, rule: str | None
) -> None:
    source, target = Column("x", kind, stored=stored_type(kind)), Column("y", wanted, required=True)
    frame = spark.createDataFrame([(value,)], f"x {spark_type(source.plain_type)}")
    (found,) = frame.select(derived(target, source).alias("y"), against(target, source).alias("reason")).collect()
    assert (found.y, found.reason and found.reason.rule) == (expected, rule)
