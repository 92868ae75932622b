"""What the quarantine commands show, over rows made up here; the queries themselves meet a real warehouse elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from totelake.cli import quarantine as commands
from totelake.cli.app import whole_app
from totelake.operate.quarantine import Found, FoundKeys, QuarantineEntry

ROW = QuarantineEntry(
    target_table="fact_payment",
    source_key=123456,
    batch=7,
    operation="I",
    rule="unreadable",
    column_name="payment_amount",
    value="[NaN]",
    captured_at="2026-11-24 05:00:00",
    status="open",
    settled_at=None,
    payload={"payment_id": "123456", "paid": None},
)


def invoke(monkeypatch: pytest.MonkeyPatch, found: Found, *words: str, dsn: str | None = "dsn") -> tuple[Result, Any]:
    """Run a quarantine command over these rows; what it asked for comes with its result."""
    asked: list[Any] = []

    def find(*given: Any, **named: Any) -> Found:
        asked.append((given, named))
        return found

    monkeypatch.setattr(commands.Target, "named", lambda kind, home: SimpleNamespace(warehouse_dsn=dsn))

    def find_keys(dsn: str, table: str, limit: int) -> FoundKeys:
        keys = sorted({row.source_key for row in found.rows})
        return FoundKeys(keys[:limit], len(keys))

    monkeypatch.setattr(commands, "find", find)
    monkeypatch.setattr(commands, "find_keys", find_keys)
    return CliRunner().invoke(whole_app(), ["quarantine", *words], env={"COLUMNS": "200"}), asked


def test_the_list_shows_each_row_and_how_many_more_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    result, asked = invoke(monkeypatch, Found((ROW,), 1234), "list")
    row = next(line for line in result.stdout.splitlines() if line.startswith("│"))
    cells = [cell.strip() for cell in row.split("│")[1:-1]]
    assert cells == ["fact_payment", "123456", "7", "unreadable", "payment_amount", "[NaN]", "open"]
    assert result.stdout.endswith("these are 1 of 1,234; see more with --limit\n")
    assert asked == [(("dsn", None, None), {"limit": 100})]


@pytest.mark.parametrize(
    ("line", "place"), [("12", "targets/2026.json, line 12"), ("0", "targets/2026.json"), (None, "targets/2026.json")]
)
def test_the_list_says_where_a_row_of_a_file_was(monkeypatch: pytest.MonkeyPatch, line: str | None, place: str) -> None:
    of_file = replace(ROW, payload={"_file": "targets/2026.json", "_line": line, "amount": "many"})
    shown = invoke(monkeypatch, Found((of_file, ROW), 2), "list")[0].stdout
    cells = [[cell.strip() for cell in row.split("│")[1:-1]] for row in shown.splitlines() if row.startswith("│")]
    assert [row[-1] for row in cells] == [place, "-"]


def test_the_list_is_asked_for_by_status_and_table(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["list", "--status", "released", "--table", "dim_staff", "--limit", "5", "--json"]
    result, asked = invoke(monkeypatch, Found((ROW,), 1), *words)
    assert asked == [(("dsn", "released", "dim_staff"), {"limit": 5})]
    document = json.loads(result.stdout)
    assert document["total"] == 1
    assert document["rows"] == [{name: value for name, value in asdict(ROW).items() if name != "payload"}]


def test_an_empty_quarantine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said = invoke(monkeypatch, Found((), 0), "list")[0].stdout
    assert said.startswith("nothing is in the warehouse's quarantine; what a load has yet to bring")


def test_a_row_is_shown_with_its_payload_in_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Found((replace(ROW, batch=9), ROW), 2)
    shown = invoke(monkeypatch, found, "show", "fact_payment", "123456")[0].stdout
    assert shown.index("fact_payment 123456 in batch 9") < shown.index("fact_payment 123456 in batch 7")
    cells = {tuple(cell.strip() for cell in line.split("│")[1:-1]) for line in shown.splitlines() if "│" in line}
    assert {("value", "[NaN]"), ("payload.payment_id", "123456"), ("payload.paid", "NULL")} <= cells
    result, asked = invoke(monkeypatch, found, "show", "fact_payment", "123456", "--json")
    assert json.loads(result.stdout) == [asdict(row) for row in found.rows]
    assert asked == [(("dsn",), {"table": "fact_payment", "key": 123456})]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["show", "fact_payment", "5"],
            "no row of fact_payment with the key 5 was ever in quarantine; see `totelake quarantine list`",
        ),
        (["show", "payment"], "no row of fact_payment was ever in quarantine; see `totelake quarantine list`"),
        (
            ["list", "--table", "department"],
            "no star table has the rows of totesys.department; what does not fit is listed by star table: dim_staff",
        ),
    ],
    ids=["no such row", "no row at all", "no star table of its own"],
)
def test_what_is_not_there_is_told(words: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(invoke(monkeypatch, Found((), 0), *words)[0].exception) == message


def test_an_unknown_status_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    result, asked = invoke(monkeypatch, Found((), 0), "list", "--status", "closed")
    assert (result.exit_code, asked) == (2, [])
    assert "'open', 'released', 'superseded'" in " ".join(result.stderr.replace("│", " ").split())


def test_a_warehouse_without_an_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    result, asked = invoke(monkeypatch, Found((), 0), "list", dsn=None)
    assert str(result.exception) == (
        "the variable WAREHOUSE_DSN is not set; the quarantine is in the warehouse, name it"
    )
    assert asked == []


def test_a_table_that_no_contract_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = invoke(monkeypatch, Found((), 0), "show", "paymint", "5")
    assert str(result.exception).startswith("no contract under catalog/ names the table paymint; known are ")


@pytest.mark.parametrize("name", ["fact_payment", "payment", "totesys.payment"])
def test_a_source_table_stands_for_the_star_table_of_its_rows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result, asked = invoke(monkeypatch, Found((), 0), "list", "--table", name)
    assert asked[-1] == (("dsn", None, "fact_payment"), {"limit": 100}) and result.exit_code == 0


def test_what_the_list_shows_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row with a negative key, and one of a star table whose contract is gone."""
    gone = replace(ROW, target_table="fact_refund", source_key=-5)
    result, asked = invoke(monkeypatch, Found((gone,), 1), "show", "fact_refund", "-5")
    assert "fact_refund -5 in batch 7" in result.stdout
    assert asked[-1] == (("dsn",), {"table": "fact_refund", "key": -5})


def test_a_key_is_not_needed_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    result, asked = invoke(monkeypatch, Found((replace(ROW, batch=9), ROW), 2), "show", "fact_payment")
    assert "fact_payment 123456 in batch 9" in result.stdout
    assert asked == [(("dsn",), {"table": "fact_payment", "key": 123456})]


@pytest.mark.parametrize(
    ("keys", "named"),
    [([5, 123456], "2 rows of fact_payment were in quarantine, with the keys 5, 123456"),
     (range(-3, 1200), "1,203 rows of fact_payment were in quarantine, with the keys -3, -2, -1, 0, 1, 2, 3, 4, 5, 6 "
                       "and 1,193 more")],
)  # fmt: skip
def test_of_several_rows_the_keys_are_named_and_none_is_fetched(
    keys: Sequence[int], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = Found([replace(ROW, source_key=key) for key in keys], len(keys))
    result, asked = invoke(monkeypatch, several, "show", "fact_payment")
    assert str(result.exception) == f"{named}; name one: `totelake quarantine show fact_payment {keys[0]}`"
    assert asked == []
