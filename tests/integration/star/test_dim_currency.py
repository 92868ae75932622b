"""dim_currency: names of ISO 4217, and the codes it does not have."""

from __future__ import annotations

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession

from tests.integration.star.samples import SPARK, Row, captured_at, events, refusals, row
from totelake.contracts import catalog
from totelake.star import dim_currency
from totelake.star.refused import Sorted, sort_out

pytestmark = SPARK
COLUMNS = (
    "currency_id int, currency_code string, currency_name string, _op string, _batch bigint, _captured_at timestamp"
)


def currencies(spark: SparkSession, *rows: Row) -> Sorted:
    """dim_currency's rows of these events of batch 1, and those it refuses."""
    target, source = catalog().table("dim_currency"), catalog().table("currency")
    return sort_out(events(spark, "currency", {1: rows}), source, *dim_currency.build(target, source))


def test_a_code_gets_its_name_whatever_its_case(spark: SparkSession) -> None:
    codes = {1: "GBP", 2: "USD", 3: "EUR", 4: "jpy"}
    rows = currencies(spark, *[row("currency", key, currency_code=code) for key, code in codes.items()])
    names = {1: "Pound Sterling", 2: "US Dollar", 3: "Euro", 4: "Yen"}
    expected = [(key, codes[key], names[key], "I", 1, captured_at(1)) for key in codes]
    assert_df_equality(rows.rows, spark.createDataFrame(expected, COLUMNS), ignore_nullable=True, ignore_row_order=True)


def test_a_deletion_has_its_key_alone_even_of_an_unknown_code(spark: SparkSession) -> None:
    rows = currencies(spark, row("currency", 1, "D"), row("currency", 2, "D", currency_code="XYZ"))
    expected = [(key, None, None, "D", 1, captured_at(1)) for key in (1, 2)]
    assert_df_equality(rows.rows, spark.createDataFrame(expected, COLUMNS), ignore_nullable=True, ignore_row_order=True)


@pytest.mark.parametrize("code", ["ZZZ", "", "Gb"])
def test_an_unknown_code_is_refused_and_the_others_are_not(spark: SparkSession, code: str) -> None:
    found = currencies(spark, row("currency", 1), row("currency", 9, currency_code=code))
    assert refusals(found.refused) == [(9, "unknown_code", "currency_code", code)]
    assert [item.currency_id for item in found.rows.collect()] == [1]
