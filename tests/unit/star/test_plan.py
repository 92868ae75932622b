"""What a star table has to build next, decided from its newest commit and the accepted batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from totelake.contracts import catalog
from totelake.contracts.model import inputs_of
from totelake.lake.manifest import DATA, Manifest
from totelake.lake.verdicts import AcceptedBatch, AcceptedObject
from totelake.star.plan import Unit, plan

MANY = 1_000_000
Counts = tuple[int, int, int]


def batch(number: int, verdict: int | None = None, **tables: Counts) -> AcceptedBatch:
    """A batch with inserts, updates and deletes of tables, judged by a verdict of its own unless told."""
    objects = {
        name: AcceptedObject(f"{name}-{number}", sum(counts), *counts, fingerprint="f")
        for name, counts in (tables or {"payment": (1, 0, 0)}).items()
    }
    return AcceptedBatch(number, f"2026-11-23T12:{number:02}:00+00:00", verdict or number, objects)


def commit(table: str, number: int, through: int, **state: Any) -> Manifest:
    """A table's newest commit."""
    return Manifest(table, number, "a", DATA, "t", state={"through": {"totesys": through}, **state})


def unit_of(
    table: str,
    *batches: AcceptedBatch,
    newest: Manifest | None = None,
    row_limit: int = MANY,
    build_to: int | None = None,
) -> Unit:
    """The next unit, where there is one."""
    found = plan(catalog().table(table), newest, batches, row_limit, build_to)
    assert found is not None
    return found


def numbers(unit: Unit) -> list[int]:
    """The batches that a unit takes."""
    return [item.batch for item in unit.batches]


def test_a_table_without_a_commit_starts_at_number_one_with_all_that_is_pending() -> None:
    unit = unit_of("fact_payment", batch(3), batch(4))
    assert (unit.number, unit.after, numbers(unit), unit.verdict, unit.state) == (1, 0, [3, 4], 4, {})


def holding(number: int, name: str) -> AcceptedBatch:
    """A batch in which the events of one table are held."""
    return replace(batch(number), tables={}, held={name: AcceptedObject("dead", 4, 4, 0, 0, "f")})


@pytest.mark.parametrize(("table", "held"), [("fact_payment", "payment"), ("dim_staff", "department")])
def test_a_unit_ends_before_the_first_batch_in_which_an_input_is_held(table: str, held: str) -> None:
    unit = unit_of(table, batch(3), batch(4), holding(5, held), batch(6))
    assert (numbers(unit), unit.verdict) == ([3, 4], 4)
    assert plan(catalog().table(table), commit(table, 1, through=4), [holding(5, held), batch(6)], MANY, None) is None


def test_what_another_table_holds_is_no_obstacle() -> None:
    assert numbers(unit_of("fact_payment", batch(3), holding(4, "design"), batch(5))) == [3, 4, 5]


def test_a_released_batch_is_taken_in_its_place() -> None:
    held = holding(4, "payment")
    released = held.released({"payment": replace(held.held["payment"], key="payment-4")})
    unit = unit_of("fact_payment", batch(3), released, batch(5))
    assert [item.key for item in unit.objects("payment")] == ["payment-3", "payment-4", "payment-5"]


def test_the_next_unit_goes_on_behind_the_newest_commit() -> None:
    unit = unit_of("fact_payment", batch(3), batch(4), batch(5), newest=commit("fact_payment", 7, through=3))
    assert (unit.number, unit.after, numbers(unit), unit.verdict) == (8, 3, [4, 5], 5)
    assert (unit.through, unit.captured_at) == (5, "2026-11-23T12:05:00+00:00")


@pytest.mark.parametrize(
    ("newest", "build_to"), [(commit("fact_payment", 1, through=4), None), (None, 2)], ids=["all built", "build_to"]
)
def test_without_pending_batches_there_is_no_unit(newest: Manifest | None, build_to: int | None) -> None:
    assert plan(catalog().table("fact_payment"), newest, [batch(3), batch(4)], MANY, build_to) is None


def test_a_batch_beyond_build_to_waits() -> None:
    assert numbers(unit_of("fact_payment", batch(3), batch(4), batch(5), build_to=4)) == [3, 4]


@pytest.mark.parametrize(("row_limit", "taken"), [(1, [1]), (4, [1]), (5, [1, 2]), (8, [1, 2]), (9, [1, 2, 3])])
def test_the_row_limit_takes_whole_batches_and_at_least_one(row_limit: int, taken: list[int]) -> None:
    batches = [batch(1, payment=(1, 1, 1)), batch(2, payment=(2, 0, 0)), batch(3, payment=(0, 0, 4))]
    assert numbers(unit_of("fact_payment", *batches, row_limit=row_limit)) == taken


def test_the_row_limit_counts_all_tables_so_that_every_star_table_is_cut_alike() -> None:
    batches = [batch(1, payment=(2, 0, 0)), batch(2, staff=(2, 0, 0), address=(2, 0, 0)), batch(3, design=(1, 0, 0))]
    taken = {table.name: numbers(unit_of(table.name, *batches, row_limit=6)) for table in catalog().warehouse_tables()}
    assert taken == dict.fromkeys(taken, [1, 2])


@pytest.mark.parametrize(
    ("limits", "verdict"),
    [({"build_to": 4}, 7), ({"build_to": 5}, 8), ({"build_to": 6}, 9), ({"row_limit": 1}, 7), ({}, 9)],
    ids=["cut inside", "cut at its end", "up to the newest", "cut by rows", "whole"],
)
def test_a_verdict_counts_as_taken_only_when_none_of_its_batches_is_left(
    limits: Mapping[str, int], verdict: int
) -> None:
    batches = [batch(4, verdict=8), batch(5, verdict=8), batch(6, verdict=9)]
    assert unit_of("fact_payment", *batches, **limits).verdict == verdict


def test_the_batches_of_a_verdict_that_was_cut_are_taken_once() -> None:
    batches = [batch(4, verdict=8), batch(5, verdict=8)]
    first = unit_of("fact_payment", *batches, build_to=4)
    second = unit_of("fact_payment", *batches, newest=commit("fact_payment", 1, first.through))
    assert (numbers(first), numbers(second), second.verdict) == ([4], [5], 8)


def test_a_unit_names_the_objects_and_the_inputs_that_have_events() -> None:
    unit = unit_of("dim_staff", batch(1, department=(1, 0, 0), payment=(9, 0, 0)), batch(2, department=(0, 1, 0)))
    assert [item.key for item in unit.objects("department")] == ["department-1", "department-2"]
    assert (unit.objects("staff"), unit.sources) == ([], ["department"])


def test_only_what_the_builder_noted_is_carried_on() -> None:
    newest = commit("dim_staff", 1, 1, verdict=1, inputs={"staff": ["key"]}, years=[2023, 2025], batches={})
    assert unit_of("dim_staff", batch(2), newest=newest).carried == {
        "inputs": {"staff": ["key"]},
        "years": [2023, 2025],
    }


@pytest.mark.parametrize(
    ("table", "inputs"),
    [
        ("dim_staff", ["staff", "department"]),
        ("dim_counterparty", ["counterparty", "address"]),
        ("dim_location", ["address"]),
        ("dim_currency", ["currency"]),
        ("dim_date", ["sales_order", "purchase_order", "payment"]),
        ("fact_purchase_orders", ["purchase_order"]),
    ],
)
def test_the_inputs_follow_from_the_lineage_the_driving_table_first(table: str, inputs: list[str]) -> None:
    assert inputs_of(catalog().table(table)) == inputs


def test_a_table_of_one_source_promises_a_row_for_each_of_its_events() -> None:
    batches = [batch(1, payment=(3, 2, 1), currency=(1, 0, 0)), batch(2, payment=(10, 20, 30))]
    assert unit_of("fact_payment", *batches).promised == (13, 22, 31)
    assert unit_of("dim_currency", *batches).promised == (1, 0, 0)


@pytest.mark.parametrize("table", ["dim_date", "dim_staff", "dim_counterparty"])
def test_a_table_whose_rows_are_no_events_promises_nothing(table: str) -> None:
    assert unit_of(table, batch(1, staff=(1, 0, 0), payment=(1, 0, 0), counterparty=(1, 0, 0))).promised is None


def test_a_fact_promises_rows_and_deletions_of_each_batch() -> None:
    batches = [batch(1, payment=(3, 2, 1)), batch(2, staff=(7, 0, 0))]
    assert unit_of("fact_payment", *batches).batch_documents({}) == {
        "1": {"rows": 5, "deletions": 1, "quarantined": 0, "held": 0, "captured_at": "2026-11-23T12:01:00+00:00"},
        "2": {"rows": 0, "deletions": 0, "quarantined": 0, "held": 0, "captured_at": "2026-11-23T12:02:00+00:00"},
    }


def test_a_dimension_promises_times_and_no_rows() -> None:
    assert unit_of("dim_currency", batch(1, currency=(3, 2, 1))).batch_documents({}) == {
        "1": {"rows": 0, "deletions": 0, "quarantined": 0, "held": 0, "captured_at": "2026-11-23T12:01:00+00:00"}
    }
