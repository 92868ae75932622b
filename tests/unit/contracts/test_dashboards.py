"""The dashboards of catalog/, and the sentence for each mistake in one."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from totelake.contracts.dashboards import dashboards_of, tiles_of
from totelake.contracts.documents import documents, parse_yaml
from totelake.contracts.queries import queries_of
from totelake.errors import ContractError

WHOLE_CATALOG = True
HEADER = "-- title: T\n-- description: D\n-- on: both\n"
COLUMNS = "-- columns: day DATETIME, who STRING, code STRING, amount DECIMAL, number INTEGER\n"
FILES = {"queries/one.sql": f"{HEADER}{COLUMNS}SELECT 1", "queries/bare.sql": f"{HEADER}SELECT 1"}
TILE = {"title": "T", "question": "Why?", "query": "one", "chart": "bar", "x": ["who"], "y": "amount", "money": "code"}
GOOD = {
    "name": "d", "title": "D", "description": "All.", "filters": {"dates": ["day"], "currency": ["code"]},
    "history": {"query": "one", "key": "number"}, "tiles": [TILE],
}  # fmt: skip
# what people ask with `totelake query`: the dashboard shows the same from rows, which filters can narrow
FOR_PEOPLE = {
    "order_history", "order_to_payment_lag", "overdue_payments_by_age", "purchase_spend_by_item", "revenue_by_month",
    "revenue_in_pounds", "sales_by_staff_and_counterparty", "top_designs",
}  # fmt: skip


def test_the_business_dashboard_shows_every_query_but_those_that_people_ask() -> None:
    found = dashboards_of(documents())["business"]
    assert set(found.queries) == set(queries_of(documents())) - FOR_PEOPLE
    assert {tile.chart for tile in found.tiles} == {"figure", "line", "bar", "table"}
    assert all(tile.question.endswith("?") for tile in found.tiles)


def test_every_filter_works_on_the_orders_and_money_always_says_its_currency() -> None:
    found = dashboards_of(documents())["business"]
    columns = {name: {column for column, _ in query.columns} for name, query in queries_of(documents()).items()}
    for query in ("sales_orders", "purchase_orders", "paid_payments", "unpaid_payments", "order_versions"):
        for kind, names in found.filters.items():
            assert columns[query] & set(names), f"{kind} does not work on {query}"
    assert [
        str(tile) for tile in found.tiles if tile.y in ("revenue", "spend", "payment_amount") and not tile.money
    ] == []


def test_no_history_and_no_open_debt_is_cut_by_a_day() -> None:
    found = dashboards_of(documents())["business"]
    assert set(found.since) == {"sales_orders", "purchase_orders", "paid_payments", "sales_against_target"}


def test_a_dashboard_is_read() -> None:
    (tile,) = tiles_of({**FILES, "dashboards/d.yaml": GOOD})
    assert (tile.measure, tile.money, str(tile)) == ("sum", "code", "d: T")
    found = dashboards_of({**FILES, "dashboards/d.yaml": GOOD})["d"]
    assert found.history == ("one", "number") and found.queries == ("one",)


def test_a_flag_is_asked_for_as_json_writes_it() -> None:
    tile = {**TILE, "where": {"who": True, "number": 3, "code": "GBP"}}
    (read,) = tiles_of({**FILES, "dashboards/d.yaml": {**GOOD, "tiles": [tile]}})
    assert read.where == (("who", "true"), ("number", "3"), ("code", "GBP"))


MIXED = "the tile T would add up amount of several currencies; write money: code, or the code of the currency"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"money": None}, MIXED),
        ({"money": None, "measure": "average"}, MIXED),
        ({"money": None, "chart": "figure", "x": None, "series": "who"}, MIXED),
        ({"money": None, "x": ["day"], "where": {"who": "Ann"}}, MIXED),
        ({"query": "two"}, "the query of the tile T is two; use one of bare, one"),
        ({"query": "bare"}, "bare.sql has no line '-- columns: ...', which the tile T needs; add it"),
        ({"chart": "pie"}, "the chart of the tile T is pie; use one of figure, line, bar, table"),
        (
            {"x": ["moon"]},
            "x of the tile T is moon, which is no column of one; use one of day, who, code, amount, number",
        ),
        ({"x": "who"}, r"x of the tile T is no list of columns; write \[column, column\]"),
        ({"x": []}, "the tile T is a bar without x; name the columns that rows are put together by"),
        ({"y": "who"}, "y of the tile T is who, which is no number; name a column that is"),
        ({"y": "moon"}, "y of the tile T is moon, which is no column of one"),
        ({"y": None}, "the tile T has money without y; name the column with the amounts"),
        ({"series": "moon"}, "series of the tile T is moon, which is no column of one"),
        ({"money": "moon"}, "money of the tile T is moon, which is no column of one"),
        ({"measure": "median"}, "the measure of the tile T is median; use one of count, sum, average"),
        ({"measure": "count"}, "the tile T has the measure count, with y; correct one"),
        ({"y": None, "money": None, "measure": "sum"}, "the tile T has the measure sum, without y; correct one"),
        ({"columns": ["who"]}, "the tile T is a bar, which has no columns; take it away"),
        ({"chart": "table"}, "the tile T is a table, which has no x; take it away"),
        ({"sort": ["-moon"]}, "sort of the tile T is moon, which is no column of one"),
        ({"where": ["who"]}, "where of the tile T is no mapping; write {column: value}"),
        ({"where": {"moon": 1}}, "where of the tile T is moon, which is no column of one"),
        ({"where": {"who": None}}, "the tile T asks for who to be None; use a text, a number, true or false"),
        ({"title": None}, "a tile has no title; write it in words"),
        ({"question": " "}, "the tile T has no question; write it in words"),
        ({"colour": "red"}, "a tile has a field colour, which is not known; use title, question, query"),
    ],
)
def test_a_mistake_in_a_tile_is_one_sentence(change: dict[str, Any], words: str) -> None:
    tile = {key: value for key, value in {**TILE, **change}.items() if value is not None}
    refused({**GOOD, "tiles": [tile]}, words)


@pytest.mark.parametrize(
    "change",
    [
        {"money": "GBP"}, {"x": ["who", "code"]}, {"series": "code"}, {"where": {"code": "GBP"}}, {"y": "number"},
        {"y": None},
    ],
)  # fmt: skip
def test_what_is_of_one_currency_or_no_amount_needs_no_column_of_money(change: dict[str, Any]) -> None:
    tile = {key: value for key, value in {**TILE, "money": None, **change}.items() if value is not None}
    (read,) = tiles_of({**FILES, "dashboards/d.yaml": {**GOOD, "tiles": [tile]}})
    assert read.money == change.get("money")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": None}, "the dashboard has no name; write it in words"),
        ({"tiles": []}, "the dashboard d has no list of tiles; write one with a tile at least"),
        ({"tiles": ["T"]}, "a tile is no mapping of fields; write title, question"),
        ({"tiles": [TILE, TILE]}, "2 tiles have the title T; rename all but one"),
        ({"filters": {"moon": ["day"]}}, "filters has a field moon, which is not known; use dates, currency"),
        *(
            ({"filters": {kind: [*good, "moon"]}}, f"the filter {kind} names moon, which no query of a tile gives; co")
            for kind, good in (("dates", ["day"]), ("currency", []), ("counterparty", ["who"]), ("staff", ["who"]))
        ),
        ({"filters": {"dates": ["day", "who"]}}, "the filter dates names who, which is no day; name a column that is"),
        ({"filters": {"dates": "day"}}, "the filter dates is no list of columns; write"),
        ({"filters": []}, "filters is no mapping of fields; write dates, currency"),
        ({"history": {"query": "one", "key": "moon"}}, "key of history is moon, which is no column of one"),
        ({"history": {"query": "moon", "key": "day"}}, "the query of history is moon; use one of bare, one"),
        ({"since": {"moon": "day"}}, "since has a field moon, which is not known; use one$"),
        ({"history": None, "since": {"one": "moon"}}, "one of since is moon, which is no column of one"),
        ({"history": None, "since": {"one": "who"}}, "since cuts one by who, which is no day; name a column that is"),
        ({"since": {"one": "day"}}, "since names one, whose rows are the history of a record; take it away"),
        ({"since": ["one"]}, "since is no mapping of fields; write one$"),
        ({"colour": "red"}, "the dashboard has a field colour, which is not known; use name, title"),
    ],
)
def test_a_mistake_in_a_dashboard_is_one_sentence(change: dict[str, Any], words: str) -> None:
    refused({key: value for key, value in {**copy.deepcopy(GOOD), **change}.items() if value is not None}, words)


def refused(document: Any, words: str) -> None:
    """The document is refused with these words, about its file."""
    with pytest.raises(ContractError, match=rf"^catalog/(dashboards/d\.yaml|queries/).*{words}"):
        dashboards_of({**FILES, "dashboards/d.yaml": document})


def test_two_dashboards_of_one_name_are_refused() -> None:
    with pytest.raises(
        ContractError, match=r"^catalog/dashboards/e\.yaml: a dashboard d is there already; rename one$"
    ):
        dashboards_of({**FILES, "dashboards/d.yaml": GOOD, "dashboards/e.yaml": GOOD})


def test_a_mistake_is_told_with_its_line() -> None:
    text = (
        "name: d\ntitle: D\ndescription: A.\ntiles:\n  - title: T\n    question: Q?\n    query: one\n    chart: pie\n"
    )
    with pytest.raises(ContractError, match=r"^catalog/dashboards/d\.yaml line 5: the chart of the tile T is pie"):
        dashboards_of({**FILES, "dashboards/d.yaml": parse_yaml(text, "dashboards/d.yaml")})
