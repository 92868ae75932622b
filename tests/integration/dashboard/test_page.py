"""The dashboard in a real browser: what it shows is what SQL answers, whatever is chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.integration.dashboard.conftest import Looked, wanted
from tests.integration.dashboard.shop import CHANGED, HOSTILE, NAMES, rows
from totelake.contracts.documents import documents
from totelake.contracts.queries import queries_of
from totelake.dashboard.answers import shown
from totelake.dashboard.write import write

pytestmark = pytest.mark.integration
WHOLE_CATALOG = True
MONTH = "to_char({}, 'YYYY-MM')"
CHOSEN: list[dict[str, str]] = [
    {},
    {"currency": "USD"},
    {"from": "2025-06-01", "to": "2025-11-15"},
    {"staff": "Ann Smith (2)"},
    {"counterparty": f"{HOSTILE} (1)"},
    {"currency": "EUR", "staff": "Ann Smith (3)", "from": "2025-03-01"},
]


def query(name: str) -> str:
    """The text of a query of the catalogue."""
    return queries_of(documents())[name].sql


def numbers(dsn: str, name: str, key: str, series: str, value: str, day: str, chosen: dict[str, str]) -> dict[Any, str]:
    """What SQL answers, by key and series, narrowed as people choose."""
    tests, values = ["true"], []
    columns = {"currency": "currency_code =", "staff": "staff =", "counterparty": "counterparty ="}
    for choice, test in {**columns, "from": f"{day} >=", "to": f"{day} <="}.items():
        if choice in chosen:
            tests.append(f"{test} %s")
            values.append(chosen[choice])
    text = query(name).replace("%", "%%")
    asked = f"SELECT {key}, {series}, {value} FROM ({text}) AS q WHERE {' AND '.join(tests)} GROUP BY 1, 2"
    return {(key, series): str(value) for key, series, value in rows(dsn, asked, *values) if value is not None}


def is_shown(looked: Looked, title: str, expected: dict[Any, str]) -> None:
    """The numbers are those of the chart; of nothing there is no chart."""
    if expected:
        assert looked.numbers(title) == expected
    else:
        assert looked.tile(title).inner_text().endswith("No rows.")


@pytest.mark.parametrize("chosen", CHOSEN, ids=lambda chosen: "-".join(chosen) or "all")
def test_every_number_is_what_sql_answers(shop: str, file: Path, looked: Looked, chosen: dict[str, str]) -> None:
    looked.open(file, f"#{urlencode(chosen)}")
    by_month = MONTH.format("ordered_on")
    sales = numbers(shop, "sales_orders", by_month, "currency_code", "sum(revenue)", "ordered_on", chosen)
    assert looked.numbers("Revenue by month") == sales != {}
    orders = numbers(shop, "sales_orders", by_month, "currency_code", "count(*)", "ordered_on", chosen)
    assert looked.numbers("Orders by month") == orders
    pounds = numbers(shop, "sales_orders", "country", "'GBP'", "sum(revenue_gbp)", "ordered_on", chosen)
    assert {key: value for key, value in looked.numbers("Sales by country").items() if value != "NULL"} == pounds
    units = numbers(shop, "sales_orders", "design", "'Units sold'", "sum(units_sold)", "ordered_on", chosen)
    assert looked.numbers("Top designs") == units
    spend = numbers(shop, "purchase_orders", "item_code", "currency_code", "sum(spend)", "ordered_on", chosen)
    is_shown(looked, "Spend by item", spend)
    days = numbers(shop, "paid_payments", MONTH.format("payment_date"), "transaction_type",
                   "CAST(avg(days) AS decimal(10,2))", "payment_date", chosen)  # fmt: skip
    is_shown(looked, "Days from order to payment", days)
    figures = numbers(shop, "sales_orders", "'all'", "currency_code", "sum(revenue)", "ordered_on", chosen)
    assert looked.figures("Revenue") == {series: value for (_, series), value in figures.items()}
    (count,) = numbers(shop, "sales_orders", "'all'", "'n'", "count(*)", "ordered_on", chosen).values()
    assert looked.figures("Orders") == {"Number": count}
    assert ("Narrowed" in looked.page.inner_text("#narrowed")) == bool(chosen)


def test_the_page_says_what_the_queries_for_people_say(shop: str, file: Path, looked: Looked) -> None:
    looked.open(file)
    by_month = {
        (f"{year}-{month:02}", currency): str(revenue)
        for year, month, currency, _, _, revenue in rows(shop, query("revenue_by_month"))
    }
    assert looked.numbers("Revenue by month") == by_month
    overdue = {
        (age, f"{kind} {currency}"): str(amount)
        for kind, currency, age, _, amount, _ in rows(shop, query("overdue_payments_by_age").replace("%", "%%"))
    }
    assert looked.numbers("Overdue payments by age") == overdue != {}
    pounds = [row[5] for row in rows(shop, query("revenue_in_pounds")) if row[5] is not None]
    assert looked.figures("Revenue in pounds") == {"GBP": str(sum(pounds, Decimal()))}
    without = sum(row[3] for row in rows(shop, query("revenue_in_pounds")))
    assert f"{without} of " in looked.tile("Revenue in pounds").locator(".note").inner_text()


@pytest.mark.parametrize("title", ["Top movers", "Cohorts", "Sales against targets", "Unpaid and overdue"])
def test_a_table_has_every_row_of_its_query(title: str, shop: str, file: Path, looked: Looked) -> None:
    names = {"Top movers": "top_movers", "Cohorts": "counterparty_cohorts", "Unpaid and overdue": "unpaid_payments",
             "Sales against targets": "sales_against_target"}  # fmt: skip
    looked.open(file)
    expected = [
        ["NULL" if value is None else str(shown(value)) for value in row] for row in rows(shop, query(names[title]))
    ]
    found = [[cell.replace(",", "") for cell in row] for row in looked.rows(title)]
    assert sorted(found) == sorted([cell.replace(",", "") for cell in row] for row in expected) != []


def test_a_filter_that_a_tile_cannot_use_is_said(file: Path, looked: Looked) -> None:
    looked.open(file, f"#{urlencode({'staff': 'Ann Smith (1)', 'currency': 'GBP'})}")
    note = looked.tile("Sales against targets").locator(".note")
    assert note.inner_text() == "Not narrowed by staff: its rows do not say."
    assert looked.tile("Revenue by month").locator(".note").is_hidden()


def test_what_matches_nothing_is_said_and_all_is_one_click_away(file: Path, looked: Looked) -> None:
    looked.open(file, "#from=1999-01-01&to=1999-01-02")
    assert looked.tile("Revenue by month").inner_text().endswith("No rows.")
    looked.page.get_by_role("button", name="Show all").click()
    assert len(looked.numbers("Revenue by month")) > 10
    assert looked.page.inner_text("#narrowed") == "Everything is shown."
    assert "from" not in looked.page.url.partition("#")[2]


def test_a_chart_that_is_replaced_listens_for_nothing_any_more(file: Path, looked: Looked) -> None:
    looked.open(file)
    charts = looked.page.locator(".chart").element_handles()
    listening = "one => Boolean(one._responsiveChartHandler)"
    assert {chart.evaluate(listening) for chart in charts} == {True}
    for chosen in ("USD", "EUR"):
        looked.page.get_by_label("Currency").select_option(chosen)
        assert {chart.evaluate(listening) for chart in charts} == {False}
        charts = looked.page.locator(".chart").element_handles()
        assert {chart.evaluate(listening) for chart in charts} == {True}


def test_rows_that_are_not_in_the_file_are_said(shop: str, tmp_path: Path, looked: Looked) -> None:
    looked.open(write(replace(wanted(shop), since=date(2025, 12, 1)), tmp_path / "page.html").file)
    said = looked.page.inner_text("#taken")
    assert "Rows before 2025-12-01 are not in this file, of: Sales orders, " in said
    assert looked.page.inner_text("#narrowed") == "Everything in this file is shown."
    overdue = {
        (age, f"{kind} {currency}"): str(amount)
        for kind, currency, age, _, amount, _ in rows(shop, query("overdue_payments_by_age").replace("%", "%%"))
    }
    assert looked.numbers("Overdue payments by age") == overdue != {}


def test_names_that_want_to_be_code_are_text(file: Path, looked: Looked) -> None:
    looked.open(file)
    assert looked.page.evaluate("window.pwned") is None
    assert looked.page.locator("img, iframe, main b, main i, main a").count() == 0
    keys = {key for key, _ in looked.numbers("Sales by counterparty")}
    assert keys <= {shown(f"{name} ({number})") for number, name in enumerate(NAMES, 1)}
    assert f"{HOSTILE} (1)" in keys and r"Bell \x07 and \x1b[31mred\tline\nend (3)" in keys
    drawn = looked.tile("Sales by country").locator("svg .ytick").all_text_contents()
    assert sorted(drawn) == [f"Land <i>{number}</i>" for number in range(4)]


def test_the_history_of_an_order_is_what_was_captured(shop: str, file: Path, looked: Looked) -> None:
    looked.open(file)
    looked.page.get_by_label("Order", exact=True).fill(str(CHANGED))
    looked.page.get_by_role("button", name="History", exact=True).click()
    dialog = looked.page.get_by_role("dialog")
    assert dialog.get_by_role("heading").inner_text() == f"History of order {CHANGED}"
    text = query("order_versions")
    units = rows(shop, f"SELECT units_sold FROM ({text}) AS q WHERE sales_order_id = {CHANGED} ORDER BY valid_from")
    found = dialog.locator("tbody tr").evaluate_all("all => all.map(row => row.cells[7].firstChild.textContent)")
    assert [cell.replace(",", "") for cell in found] == [str(value) for (value,) in units]
    assert len(units) == 3 and dialog.locator("tbody tr").nth(2).locator("td.changed").count() > 0
    assert f"order={CHANGED}" in looked.page.url
    looked.page.keyboard.press("Escape")
    looked.page.get_by_label("Order", exact=True).fill("999999")
    looked.page.keyboard.press("Enter")
    assert "There is no order 999999 in these data." in looked.page.inner_text("#narrowed")
