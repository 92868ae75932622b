"""`totelake query`: SQL that begins with a dash, and answers that keep every value."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from totelake.cli import query as command
from totelake.cli.main import main
from totelake.query.answer import Answer


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that were asked; each is answered by one row."""
    found: list[str] = []

    def answer(_: Any, sql: str) -> Answer:
        found.append(sql)
        return Answer(("n", "n", "[/x]"), [(None, "", "-")])

    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(command.Target, "named", lambda kind, home: None)
    monkeypatch.setattr(command, "_of_lake", answer)
    monkeypatch.setattr(command, "_of_warehouse", answer)
    return found


@pytest.mark.parametrize(
    "sql", ["-- a comment", "-- all\nSELECT 1", "--all\nSELECT 1", "-1 + 2", "--json is = 'x'\nSELECT 1"]
)
@pytest.mark.parametrize("before", [[], ["--json"], ["--on", "warehouse"]])
@pytest.mark.parametrize("after", [[], ["--json"], ["--on=warehouse"]])
def test_sql_may_begin_with_a_dash(sql: str, before: list[str], after: list[str], asked: list[str]) -> None:
    assert main(["query", *before, sql, *after]) == 0
    assert asked == [sql]


def test_sql_behind_a_double_dash_is_sql_as_ever(asked: list[str]) -> None:
    assert main(["query", "--json", "--", "-- a\nSELECT 1"]) == 0
    assert main(["query", "--", "--json"]) == 0
    assert asked == ["-- a\nSELECT 1", "--json"]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--jsn"], 2, "No such option: --jsn"),
        (["--name", "-- x y"], 1, "catalog/queries has no -- x y"),
        (["--name=-- x y"], 1, "catalog/queries has no -- x y"),
        (["-- a b", "-- c d"], 2, "unexpected extra argument"),
        (["SELECT '\udcff'"], 1, "the query holds bytes that are no UTF-8; write it in UTF-8"),
    ],
)
def test_options_stay_options(
    words: list[str], status: int, message: str, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", *words]) == status
    assert message in capsys.readouterr().err
    assert asked == []


@pytest.mark.parametrize("on", ["lake", "warehouse"])
def test_null_the_empty_text_and_a_dash_are_three_things(
    on: str, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", "SELECT 1", "--on", on]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in lines[2].split("┃")[1:-1]] == ["n", "n", "[/x]"]
    assert [cell.strip() for cell in lines[4].split("│")[1:-1]] == ["NULL", "''", "-"]


@pytest.mark.parametrize("on", ["lake", "warehouse"])
def test_json_keeps_every_column(on: str, asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "SELECT 1", "--on", on, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"n": None, "n_2": "", "[/x]": "-"}]


def test_json_keeps_every_digit(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = (float("nan"), float("inf"), Decimal("1.10"), 2**70, datetime(2024, 1, 1, 0, 0, 0, 1), b"\x00")
    monkeypatch.setattr(command, "_of_lake", lambda *_: Answer(tuple("abcdef"), [row]))
    assert main(["query", "SELECT 1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == [
        {"a": "NaN", "b": "Infinity", "c": "1.10", "d": 2**70, "e": "2024-01-01 00:00:00.000001", "f": "\\x00"}
    ]
