"""How a look is judged: small contents, written by hand."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tests.benchmarks.lost_changes.hazards import HAZARDS
from tests.benchmarks.lost_changes.play import Outcome, Result, Times
from tests.benchmarks.lost_changes.report import document, hazards_table, readers_table
from tests.benchmarks.lost_changes.verdict import Content, Replica, Verdict, judge
from tests.conftest import ROOT

BEFORE: Content = {"design": {1: ("a",), 2: ("b",)}}


def test_a_change_that_arrives_is_captured() -> None:
    after: Content = {"design": {1: ("a",), 2: ("B",), 3: ("c",)}}
    assert judge(BEFORE, after, Replica(BEFORE), Replica(after), 2) == Verdict(made=2, captured=2)


def test_a_change_that_does_not_arrive_is_lost_and_leaves_an_old_version() -> None:
    after: Content = {"design": {1: ("a",), 2: ("B",)}}
    found = judge(BEFORE, after, Replica(BEFORE), Replica(BEFORE), 0)
    assert (found, found.duplicated) == (Verdict(made=1, lost=1, stale=1), 1)


def test_a_deletion_that_does_not_arrive_leaves_a_ghost() -> None:
    found = judge(BEFORE, {"design": {1: ("a",)}}, Replica(BEFORE), Replica(BEFORE), 0)
    assert found == Verdict(made=1, lost=1, ghosts=1)


def test_a_row_that_does_not_arrive_is_lost_and_shown_nowhere() -> None:
    after: Content = {"design": {**BEFORE["design"], 3: ("c",)}}
    found = judge(BEFORE, after, Replica(BEFORE), Replica(BEFORE), 0)
    assert (found, found.duplicated) == (Verdict(made=1, lost=1), 0)


def test_a_copy_that_is_right_by_chance_has_captured_nothing() -> None:
    ghost: Content = {"design": {1: ("a",)}}
    assert judge(ghost, BEFORE, Replica(BEFORE), Replica(BEFORE), 0) == Verdict(made=1, lost=1)


def test_an_old_mistake_is_not_counted_again() -> None:
    had = Replica({"design": {1: ("old",), 2: ("b",)}})
    assert judge(BEFORE, BEFORE, had, had, 0) == Verdict()


def test_a_row_that_is_spoilt_without_a_change_is_counted() -> None:
    spoilt = Replica({"design": {1: ("x",), 2: ("b",)}})
    assert judge(BEFORE, BEFORE, Replica(BEFORE), spoilt, 1) == Verdict(stale=1)


def test_rows_that_come_again_or_twice_are_counted() -> None:
    assert judge(BEFORE, BEFORE, Replica(BEFORE), Replica(BEFORE, doubled=1), 3) == Verdict(doubled=1, repeated=3)


@pytest.fixture
def outcome() -> Outcome:
    """Two readers whose numbers are all different, in dictionaries of another order than the readers'."""
    good, bad = Verdict(made=900, captured=900), Verdict(made=900, captured=700, lost=200, stale=30, ghosts=4)
    return Outcome(
        readers=["totelake", "other"],
        rows=5000,
        first={},
        results=[Result(HAZARDS[0], 2, {"other": bad, "totelake": good})],
        wrong={"other": 77, "totelake": 0},
        times={"other": Times(9.0, 0.5), "totelake": Times(3.0, 1.0)},
    )


def test_every_number_stands_under_its_reader(outcome: Outcome) -> None:
    console = Console(width=150, record=True, file=io.StringIO())
    console.print(hazards_table(outcome))
    console.print(readers_table(outcome))
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in console.export_text().splitlines()]
    rows = {cells[0]: cells[1:] for cells in lines if cells}
    assert rows[HAZARDS[0].name] == rows["together"] == ["900", "900 / 0 / 0", "700 / 200 / 34"]
    assert rows["wrong rows, of 5,000"] == ["0", "77"]
    assert rows["first copy, time / totelake's"] == ["1.00", "3.00"]
    assert [column.header for column in hazards_table(outcome).columns][2:] == ["totelake", "other"]
    assert [column.header for column in readers_table(outcome).columns][1:] == ["totelake", "other"]


def test_the_document_has_what_the_tables_show(outcome: Outcome) -> None:
    found = document(outcome, {"orders": 1})
    assert found["hazards"][0]["readers"]["other"]["lost"] == found["readers"]["other"]["lost"] == 200
    assert found["readers"]["other"]["duplicated"] == 34
    assert found["readers"]["other"]["ratio_to_totelake"] == {"first": 3.0, "later": 0.5}
    assert found["setting"] == {"orders": 1, "rows": 5000}


def test_every_hazard_is_documented_once() -> None:
    lines = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8").splitlines()
    first = [line.split("|")[1].strip() for line in lines if line.startswith("|") and line.count(" / ") >= 4]
    assert first[:-1] == [hazard.name for hazard in HAZARDS]
