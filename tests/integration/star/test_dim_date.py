"""dim_date: which years are needed, and the rows of each of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession

from tests.integration.star.samples import SPARK, captured_at, events, row
from totelake.contracts import load_contracts
from totelake.lake.records.star_commit import Years
from totelake.star import dim_date

pytestmark = SPARK
TABLE = load_contracts().find("dim_date")
NOON = datetime(2024, 6, 15, 12)


def in_2024(table: str, key: int, **values: object) -> dict[str, object]:
    """An event whose dates all lie in 2024, but those that are named."""
    return row(table, key, **{"created_at": NOON, "last_updated": NOON, **values})


@pytest.mark.parametrize(
    ("table", "values", "years"),
    [
        ("payment", {}, (2023, 2025)),
        ("payment", {"created_at": datetime(2019, 12, 31, 23, 59, 59, 999000)}, (2018, 2025)),
        ("payment", {"last_updated": datetime(2027, 1, 1)}, (2023, 2028)),
        ("payment", {"payment_date": "2031-01-01"}, (2023, 2032)),
        ("purchase_order", {"agreed_delivery_date": "2020-01-01", "agreed_payment_date": "2026-12-31"}, (2019, 2027)),
        ("sales_order", {"agreed_delivery_date": "2026-12-31", "agreed_payment_date": "1999-12-31"}, (1998, 2027)),
        ("payment", {"payment_date": "2031-13-01"}, (2023, 2025)),
        ("payment", {"payment_date": "9999-01-01"}, (2023, 2025)),
        ("payment", {"payment_date": None}, (2023, 2025)),
    ],
)
def test_the_years_of_all_dates_of_a_fact_are_needed_and_the_one_on_either_side(
    spark: SparkSession, table: str, values: dict[str, object], years: Years
) -> None:
    frame = events(spark, table, {1: [in_2024(table, 1), in_2024(table, 2, **values)]})
    assert dim_date.years_of([(load_contracts().find(table), frame)], TABLE) == years


def test_several_facts_need_the_years_of_all_of_them(spark: SparkSession) -> None:
    rows = {
        "payment": in_2024("payment", 1, payment_date="2030-05-05"),
        "sales_order": in_2024("sales_order", 1, created_at=datetime(2001, 1, 1)),
    }
    frames = [(load_contracts().find(name), events(spark, name, {1: [item]})) for name, item in rows.items()]
    assert dim_date.years_of(frames, TABLE) == (2000, 2031)


def test_deletions_alone_need_no_year(spark: SparkSession) -> None:
    frame = events(spark, "payment", {1: [row("payment", 1, "D")]})
    assert dim_date.years_of([(load_contracts().find("payment"), frame)], TABLE) is None


def test_every_day_of_the_years_is_there_once_leap_days_too(spark: SparkSession) -> None:
    years = [1900, 2000, 2023, 2024]
    rows = dim_date.build(spark, TABLE, years, 7, captured_at(7))
    days = [item.date_id for item in rows.select("date_id").collect()]
    expected = [date(year, 1, 1) + timedelta(days=offset) for year in years for offset in range(365)]
    expected += [date(2000, 12, 31), date(2024, 12, 31)]
    assert sorted(days) == sorted(expected)
    assert date(2000, 2, 29) in days and date(2024, 2, 29) in days


def test_a_days_row_has_the_contracts_columns_and_the_units_metadata(spark: SparkSession) -> None:
    rows = dim_date.build(spark, TABLE, [2024], 7, captured_at(7)).where("date_id = '2024-08-05'")
    expected = spark.createDataFrame(
        [(date(2024, 8, 5), 2024, 8, 5, 1, "Monday", "August", 3, "I", 7, captured_at(7))],
        "date_id date, year int, month int, day int, day_of_week int, day_name string, month_name string, "
        "quarter int, _op string, _batch bigint, _captured_at timestamp",
    )
    assert_df_equality(rows, expected, ignore_nullable=True)
