"""dim_currency: names of ISO 4217, and the codes it does not have."""

from __future__ import annotations

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession

from tests.integration.star.samples import SPARK, Row, captured_at, events, quarantined, row
from totelake.contracts import load_contracts
from totelake.star import dim_currency
from totelake.star.sorting import SplitRows, split_by_reason

pytestmark = SPARK
COLUMNS = (
    "currency_id int, currency_code string, currency_name string, _op string, _batch bigint, _captured_at timestamp"
)


def currencies(spark: SparkSession, *rows: Row) -> SplitRows:
    """dim_currency's rows of these events of batch 1, and those to quarantine."""
    target, source = load_contracts().find("dim_currency"), load_contracts().find("currency")
    return split_by_reason(events(spark, "currency", {1: rows}), source, *dim_currency.build(target, source))


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
def test_an_unknown_code_is_quarantined_and_the_others_are_not(spark: SparkSession, code: str) -> None:
    found = currencies(spark, row("currency", 1), row("currency", 9, currency_code=code))
    assert quarantined(found.quarantined) == [(9, "unknown_code", "currency_code", code)]
    assert [item.currency_id for item in found.rows.collect()] == [1]
