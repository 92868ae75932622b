"""A query on Athena: polled until it ends, its pages put together, its failure told in Athena's words."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from totelake.cli.app import whole_app
from totelake.errors import ConfigurationError, LakeError
from totelake.query.answer import Answer
from totelake.query.athena import ask


class Athena:
    """Answers with these states in turn, then with two pages of rows."""

    def __init__(self, *states: str) -> None:
        self._states = iter(states)
        self.asked: dict[str, Any] = {}

    def start_query_execution(self, **asked: Any) -> dict[str, str]:
        """Remember what was asked."""
        self.asked = asked
        return {"QueryExecutionId": "1"}

    def get_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803
        """The next state."""
        status = {"State": next(self._states), "StateChangeReason": "COLUMN_NOT_FOUND: line 1:8"}
        return {"QueryExecution": {"Status": status}}

    def get_paginator(self, name: str) -> Any:
        """Pages of two rows and of one, the header being the first."""
        columns = [{"Name": name, "Type": kind} for name, kind in COLUMNS]
        cells = [[{"VarCharValue": name} for name, _ in COLUMNS], [{"VarCharValue": word} for word in WORDS]]
        rows = [{"Data": item} for item in (*cells, [{} for _ in COLUMNS])]
        pages = [
            {"ResultSet": {"Rows": part, "ResultSetMetadata": {"ColumnInfo": columns}}} for part in (rows[:2], rows[2:])
        ]
        return SimpleNamespace(paginate=lambda **_: pages)


COLUMNS = [("n", "bigint"), ("n", "varchar"), ("price", "decimal"), ("is_new", "boolean"), ("d", "double")]
COLUMNS += [("raw", "varbinary"), ("nothing", "varbinary")]
WORDS = ["9007199254740993", "1", "12345678901234567890.10", "false", "Infinity", "00 ff 27", ""]
VALUES = [2**53 + 1, "1", Decimal("12345678901234567890.10"), False, float("inf"), b"\x00\xff'", b""]


def test_rows_of_all_pages_are_typed_and_the_header_is_none_of_them() -> None:
    athena = Athena("QUEUED", "RUNNING", "SUCCEEDED")
    waits: list[float] = []
    found = ask(athena, "SELECT 1", "db", "group", waits.append)
    assert found == Answer(tuple(name for name, _ in COLUMNS), [VALUES, [None] * len(COLUMNS)])
    assert len(waits) == 2
    context = {"QueryExecutionContext": {"Database": "db"}, "WorkGroup": "group"}
    assert athena.asked == {"QueryString": "SELECT 1", **context}


def test_a_query_that_fails_is_told_in_the_words_of_athena() -> None:
    with pytest.raises(LakeError, match="Athena ended the query FAILED: COLUMN_NOT_FOUND: line 1:8; correct the query"):
        ask(Athena("FAILED"), "SELECT moon", "db", "group")


@pytest.mark.parametrize(
    "sql", ["-- a\nselect 1", "/* DROP */ WITH a AS (SELECT 1) TABLE a", "((SELECT 1))", "VALUES 1"]
)
def test_a_question_is_asked(sql: str) -> None:
    athena = Athena("SUCCEEDED")
    ask(athena, sql, "db", "group")
    assert athena.asked["QueryString"] == sql


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE a",
        "-- SELECT\nINSERT INTO a SELECT 1",
        "/* SELECT */ create table a as select 1",
        "UNLOAD (SELECT 1) TO 's3://b/'",
        "EXPLAIN ANALYZE INSERT INTO a SELECT 1",
        "SELECTED",
        "",
        "/* never ends",
    ],
)
def test_what_is_no_question_is_not_asked(sql: str) -> None:
    athena = Athena()
    with pytest.raises(ConfigurationError, match="^the query is no SELECT; ask with SELECT or WITH$"):
        ask(athena, sql, "db", "group")
    assert athena.asked == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give either a query or --name"),
        (("SELECT 1", "--name", "top_designs"), "give either a query or --name"),
        (("SELECT 1", "--on", "moon"), "--on is 'moon'; use lake or warehouse"),
        (("--name", "moon"), "catalog/queries has no moon; it has changed_yesterday, "),
    ],
)
def test_words_that_make_no_query_are_refused(words: tuple[str, ...], message: str) -> None:
    result = CliRunner().invoke(whole_app(), ["query", *words])
    assert isinstance(result.exception, ConfigurationError) and message in str(result.exception)


def test_the_named_queries_are_listed() -> None:
    shown = CliRunner().invoke(whole_app(), ["query", "--name", "list"], env={"COLUMNS": "200"})
    assert "order_to_payment_lag" in shown.stdout and "Days from order to payment" in shown.stdout
