"""What a page is given of queries: exact text, all of it or one sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.contracts.dashboards import Dashboard, Tile
from totelake.contracts.queries import Query
from totelake.dashboard import answers
from totelake.dashboard.answers import document, gather, shown
from totelake.errors import ConfigurationError, LakeError, WarehouseError
from totelake.query.answer import Answer

SALES = Query("sales", "Sales", "All.", "both", "SELECT 1", (("day", "DATETIME"), ("amount", "DECIMAL")))
STAFF = Query("staff", "Staff", "All.", "both", "SELECT 2", (("name", "STRING"),))
TILES = tuple(Tile("d", name, "Why?", name, "table") for name in ("sales", "staff"))
BOARD = Dashboard("d", "D", "All.", {"dates": ("moon", "day")}, None, TILES, {"sales": "day"})
QUERIES = {"sales": SALES, "staff": STAFF}
ANSWERS = {
    "SELECT 1": Answer(("day", "amount"), [(date(2024, 1, 1), Decimal("1.10"))]),
    "SELECT 2": Answer(("name",), []),
}
ANSWERS_BY_NAME = {"sales": ANSWERS["SELECT 1"], "staff": ANSWERS["SELECT 2"]}
DAY = date(2024, 2, 3)


def ask(sql: str, found: dict[str, Answer] = ANSWERS) -> Answer:
    """The answer of the query inside."""
    return found[sql.splitlines()[1]]


def test_each_query_is_asked_once_and_without_more_rows_than_a_page_takes() -> None:
    asked: list[str] = []

    def noted(sql: str) -> Answer:
        asked.append(sql)
        return ask(sql)

    assert gather(BOARD, QUERIES, "lake", noted) == {"sales": ANSWERS["SELECT 1"], "staff": ANSWERS["SELECT 2"]}
    assert asked == [f"SELECT * FROM (\nSELECT {number}\n) AS answer LIMIT 200001" for number in (1, 2)]


def test_what_is_older_is_left_out_of_queries_that_may_be_cut() -> None:
    asked: list[str] = []

    def noted(sql: str) -> Answer:
        asked.append(sql)
        return ask(sql)

    gather(BOARD, QUERIES, "lake", noted, DAY)
    assert [" WHERE day >= DATE '2024-02-03' LIMIT" in sql for sql in asked] == [True, False]
    asked.clear()
    gather(replace(BOARD, since={"staff": "name"}), QUERIES, "lake", noted)
    assert [" WHERE " in sql for sql in asked] == [False, False]


def test_a_dashboard_that_lets_nothing_be_cut_refuses_a_day() -> None:
    with pytest.raises(ConfigurationError, match="^the dashboard d names no query that --since shortens; leave out"):
        gather(replace(BOARD, since={}), QUERIES, "lake", ask, DAY)


def test_the_page_is_told_from_which_day_on_it_has_which_rows() -> None:
    """Rows that are not in the file are never left unsaid."""
    told = [document(BOARD, QUERIES, ANSWERS_BY_NAME, "lake", "now", 0, day)["since"] for day in (DAY, None)]
    assert told == [{"day": "2024-02-03", "queries": ["sales"]}, None]


def failing(error: Exception) -> Any:
    def refuse(_: str) -> Answer:
        raise error

    return refuse


def caused(code: str, words: str) -> WarehouseError:
    """An error of the warehouse as the query layer raises it."""
    cause = type("Refused", (psycopg2.Error,), {"pgcode": code})(f"{words}\nLINE 1")
    error = WarehouseError(f"the query was refused: {words}; correct it")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            caused("42P01", 'relation "current_payment" does not exist'),
            "the dashboard d needs the query sales: the warehouse has not all it reads (relation "
            '"current_payment" does not exist); run `totelake deploy`, which makes its tables and views',
        ),
        (
            caused("42501", "permission denied for schema star"),
            "the dashboard d needs the query sales: the query was refused: permission denied for schema star; use a "
            "role that may read the warehouse",
        ),
        (
            LakeError("the bucket is gone; make it"),
            "the dashboard d needs the query sales: the bucket is gone; make it",
        ),
        (ConfigurationError("no such table; run"), "the dashboard d needs the query sales: no such table; run"),
    ],
)
def test_a_query_that_is_refused_is_named(failure: Exception, words: str) -> None:
    with pytest.raises(type(failure)) as raised:
        gather(BOARD, QUERIES, "warehouse", failing(failure))
    assert str(raised.value) == words


def test_a_warehouse_without_any_row_is_said() -> None:
    nothing = {sql: Answer(answer.columns, []) for sql, answer in ANSWERS.items()}
    with pytest.raises(ConfigurationError, match="^the warehouse has no rows for the dashboard d; run `totelake run"):
        gather(BOARD, QUERIES, "warehouse", lambda sql: ask(sql, nothing))
    with pytest.raises(
        ConfigurationError, match="no rows for the dashboard d since 2024-01-01; choose an earlier day$"
    ):
        gather(BOARD, QUERIES, "warehouse", lambda sql: ask(sql, nothing), date(2024, 1, 1))


def test_more_rows_than_a_page_takes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_ROWS", 0)
    with pytest.raises(ConfigurationError, match="^the query sales gives more than 0 rows.* with --since, such as"):
        gather(BOARD, QUERIES, "warehouse", ask)
    with pytest.raises(ConfigurationError, match=r"--since leaves it whole, so narrow catalog/queries/sales\.sql$"):
        gather(replace(BOARD, since={}), QUERIES, "warehouse", ask)


def test_columns_that_the_header_does_not_name_are_refused() -> None:
    other = {**ANSWERS, "SELECT 1": Answer(("day", "sum"), [])}
    with pytest.raises(
        ConfigurationError, match=r"sales\.sql gives day, sum, and its line '-- columns:' names day, amount"
    ):
        gather(BOARD, QUERIES, "warehouse", lambda sql: ask(sql, other))


def test_a_query_of_the_other_place_is_refused() -> None:
    here = Query("sales", "Sales", "All.", "lake", "SELECT 1", SALES.columns)
    with pytest.raises(ConfigurationError, match="sales of the dashboard d is asked on the lake alone; .* --on lake$"):
        gather(BOARD, {**QUERIES, "sales": here}, "warehouse", ask)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "true"),
        (2**70, str(2**70)),
        (Decimal("1E+3"), "1000"),
        (Decimal("1234567890123456789012345678.10"), "1234567890123456789012345678.10"),
        (Decimal("NaN"), "NaN"),
        (date(2024, 1, 31), "2024-01-31"),
        (datetime(2024, 1, 31, 9, 0, 0, 1, timezone.utc), "2024-01-31 09:00:00.000001+00:00"),
        ("a\x00b\x1b[1m\u202e", r"a\x00b\x1b[1m\u202e"),
        ("مرحبا 東京", "مرحبا 東京"),
        ("NULL", "'NULL'"),
        ("", "''"),
        (" a", "' a'"),
    ],
)
def test_a_value_is_its_exact_text(value: Any, text: str | None) -> None:
    assert shown(value) == text


@given(st.lists(st.tuples(st.none() | st.dates(), st.none() | st.decimals(allow_nan=False, allow_infinity=False))))
def test_every_value_of_every_row_is_in_the_page(rows: list[tuple[Any, ...]]) -> None:
    """Whatever is written once and referred to, reading it back gives the rows."""
    found = document(
        BOARD, QUERIES, {"sales": Answer(("day", "amount"), rows), "staff": Answer(("name",), [])}, "lake", "now", 0
    )
    sales = found["queries"]["sales"]
    columns = [
        [column["values"][place] for place in column["places"]] if "places" in column else column["values"]
        for column in sales["columns"]
    ]
    assert list(zip(*columns)) == [(shown(day), shown(amount)) for day, amount in rows]
    assert sales["rows"] == len(rows)
