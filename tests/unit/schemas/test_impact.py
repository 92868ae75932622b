"""What a change of a table or column reaches."""

from __future__ import annotations

import pytest

from tests.conftest import SOURCE
from tests.unit.registry.memory import two_sources
from totelake.contracts import load_contracts
from totelake.contracts.model import TableId
from totelake.errors import ContractError
from totelake.schemas import impact
from totelake.schemas.impact import Impact, impact_of

WHOLE_CATALOG = True
pytest.importorskip("sqlglot", reason="in a checkout the queries are read by sqlglot; jobs have what the wheel says")


def test_a_column_reaches_the_columns_views_queries_and_tiles_that_use_it() -> None:
    assert impact_of(TableId(SOURCE, "sales_order"), "units_sold") == Impact(
        subject="totesys.sales_order.units_sold",
        columns=("fact_sales_order.units_sold",),
        views=("current_sales_order", "history_sales_order", "sales_order_gbp"),
        queries=(
            "counterparty_cohorts", "order_history", "order_versions", "revenue_by_month", "revenue_in_pounds",
            "sales_against_target", "sales_by_staff_and_counterparty", "sales_orders", "top_designs", "top_movers",
        ),
        tiles=(
            "business: Revenue",
            "business: Revenue in pounds",
            "business: Orders",
            "business: Revenue by month",
            "business: Revenue in pounds by month",
            "business: Orders by month",
            "business: Sales by country",
            "business: Sales by counterparty",
            "business: Sales by staff",
            "business: Top designs",
            "business: Sales against targets",
            "business: Top movers",
            "business: Cohorts",
            "business: What arrived last",
        ),
    )  # fmt: skip


def test_a_rate_reaches_the_amounts_that_are_converted_by_it() -> None:
    found = impact_of(load_contracts().find("exchange_rate"), "rate")
    assert found.columns == ("fact_exchange_rate.rate",)
    assert {"sales_order_gbp", "purchase_order_gbp"} < set(found.views)
    assert found.queries == ("counterparty_cohorts", "revenue_in_pounds", "sales_orders")
    assert "business: Revenue in pounds" in found.tiles and "business: Spend by item" not in found.tiles


def test_a_query_that_reads_other_columns_of_the_same_table_is_not_reached() -> None:
    assert impact_of("design", "file_location") == Impact("totesys.design.file_location", ("dim_design.file_location",))


def test_a_joined_table_reaches_the_dimension_that_shows_it() -> None:
    found = impact_of(load_contracts().find("department"))
    assert found.tables == ("dim_staff",)
    assert found.columns == ("dim_staff.department_name", "dim_staff.location")
    assert found.queries == ("sales_against_target", "sales_by_staff_and_counterparty", "sales_orders")


def test_a_column_of_the_warehouse_is_its_own_beginning() -> None:
    found = impact_of("fact_purchase_orders", "item_code")
    assert found.columns == ("fact_purchase_orders.item_code",)
    assert found.views == (
        "current_purchase_orders", "history_purchase_orders", "purchase_order_gbp", "fact_purchase_order",
    )  # fmt: skip
    assert found.tiles == ("business: Spend by item",)


def test_what_no_contract_names_reaches_nothing_and_says_so() -> None:
    assert str(impact_of(f"{SOURCE}.sales_order", "colour")) == "nothing uses totesys.sales_order.colour"
    assert str(impact_of(TableId(SOURCE, "gadget"))) == "nothing uses totesys.gadget"
    assert not impact_of(TableId("shop", "sales_order")).columns
    assert str(impact_of("gadget")) == "nothing uses gadget"


def test_a_name_that_tables_of_several_sources_have_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impact, "load_contracts", two_sources)
    with pytest.raises(ContractError, match="design is a table of several sources; name one of"):
        impact_of("design")
    assert impact_of("shop.design").subject == "shop.design"


def test_an_impact_reads_as_one_line() -> None:
    assert str(impact_of("payment_type", "payment_type_name")) == (
        "totesys.payment_type.payment_type_name is used by dim_payment_type.payment_type_name; "
        "queries overdue_payments_by_age, unpaid_payments; "
        "tiles business: Overdue, business: Overdue payments by age, business: Unpaid and overdue"
    )
