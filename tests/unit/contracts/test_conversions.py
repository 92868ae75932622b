"""Which facts are converted, and the contracts that ask for what cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from totelake.contracts import load_contracts
from totelake.contracts.checks import check_star_names, relation_names
from totelake.contracts.conversions import RATES, check_conversions, conversions, currency_column
from totelake.contracts.model import Conversion, Table
from totelake.errors import ContractError

WHOLE_CATALOG = True
GBP = Conversion("sales_order_gbp", "GBP", "units_sold", "unit_price")


@pytest.fixture
def stars() -> dict[str, Table]:
    """The star tables of the whole catalog."""
    return dict(load_contracts().stars)


def test_sales_and_purchases_are_converted_once_there_are_rates(stars: dict[str, Table]) -> None:
    found = conversions(stars, {"rates": "fawazahmed0"})
    assert {item.conversion.view for item in found} == {"sales_order_gbp", "purchase_order_gbp"}
    assert {item.provider for item in found} == {"fawazahmed0"} and currency_column(
        stars["fact_sales_order"]
    ) == "currency_id"
    without = {name: table for name, table in stars.items() if name != RATES}
    assert conversions(without, {}) == ()
    check_conversions(without)


@pytest.mark.parametrize(
    ("name", "conversion", "words"),
    [
        ("dim_staff", GBP, "is for facts with a created_date and a foreign key to dim_currency"),
        (RATES, GBP, "is for facts with a created_date"),
        ("fact_sales_order", replace(GBP, price="cost"), "names cost, which it has not; name one of its columns"),
        ("fact_sales_order", replace(GBP, quote="gbp"), "has the quote 'gbp'; write the code of a currency"),
    ],
)
def test_what_cannot_be_converted_is_refused(
    name: str, conversion: Conversion, words: str, stars: dict[str, Table]
) -> None:
    with pytest.raises(ContractError) as caught:
        check_conversions({**stars, name: replace(stars[name], conversion=conversion)})
    assert str(caught.value).startswith(f"catalog/warehouse/{name}.yaml line ") and words in str(caught.value)


def test_rates_have_the_columns_by_which_amounts_are_converted(stars: dict[str, Table]) -> None:
    rates = stars[RATES]
    lacking = replace(rates, columns=tuple(column for column in rates.columns if column.name != "base"))
    with pytest.raises(ContractError, match="fact_exchange_rate has no column base"):
        check_conversions({**stars, RATES: lacking})


def test_no_other_relation_has_the_name_of_the_view(stars: dict[str, Table]) -> None:
    assert "sales_order_gbp" in relation_names(stars["fact_sales_order"])
    twice = replace(stars["fact_payment"], alias="sales_order_gbp")
    with pytest.raises(ContractError, match="has the relation sales_order_gbp"):
        check_star_names({**stars, "fact_payment": twice})
