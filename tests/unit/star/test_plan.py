"""What a star table has to build next, decided from its newest commit and the judged batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.conftest import SOURCE
from totelake.contracts import load_contracts
from totelake.contracts.model import TableId, inputs_of
from totelake.lake.keys import Attempt
from totelake.lake.layout import Layout
from totelake.lake.manifest import DATA, LakeObject, TableCommit
from totelake.lake.records.star_commit import BatchCounts, StarCommit
from totelake.lake.records.verdict import AcceptedObject, JudgedBatch
from totelake.star.plan import Unit, Written, plan

MANY = 1_000_000
NOW = datetime(2026, 11, 23, 13, tzinfo=timezone.utc)
Counts = tuple[int, int, int]


def batch(number: int, verdict: int | None = None, **tables: Counts) -> JudgedBatch:
    """A batch with inserts, updates and deletes of tables, judged by a verdict of its own unless named."""
    objects = {
        name: AcceptedObject(f"{name}-{number}", sum(counts), *counts, fingerprint="f")
        for name, counts in (tables or {"payment": (1, 0, 0)}).items()
    }
    return JudgedBatch(number, f"2026-11-23T12:{number:02}:00+00:00", verdict or number, objects)


def commit(table: str, number: int, through: int, **values: Any) -> StarCommit:
    """A table's newest commit."""
    return StarCommit(table, SOURCE, number, through=through, **values)


def of(name: str) -> TableId:
    """A table of the source."""
    return TableId(SOURCE, name)


def unit_of(
    table: str,
    *batches: JudgedBatch,
    newest: StarCommit | None = None,
    row_limit: int = MANY,
    build_to: int | None = None,
) -> Unit:
    """The next unit, where there is one."""
    star = load_contracts().star(table)
    found = plan(star, newest or StarCommit.of(star, None), batches, row_limit, build_to)
    assert found is not None
    return found


def numbers(unit: Unit) -> list[int]:
    """The batches that a unit takes."""
    return [item.batch for item in unit.batches]


def test_a_table_without_a_commit_starts_at_number_one_with_all_that_is_pending() -> None:
    unit = unit_of("fact_payment", batch(3), batch(4))
    assert (unit.before.number, unit.after, numbers(unit), unit.verdict) == (0, 0, [3, 4], 4)


def holding(number: int, name: str) -> JudgedBatch:
    """A batch in which the events of one table are held."""
    return replace(batch(number), tables={}, held={name: AcceptedObject("dead", 4, 4, 0, 0, "f")})


@pytest.mark.parametrize(("table", "held"), [("fact_payment", "payment"), ("dim_staff", "department")])
def test_a_unit_ends_before_the_first_batch_in_which_an_input_is_held(table: str, held: str) -> None:
    unit = unit_of(table, batch(3), batch(4), holding(5, held), batch(6))
    assert (numbers(unit), unit.verdict) == ([3, 4], 4)
    newest = commit(table, 1, through=4)
    assert plan(load_contracts().star(table), newest, [holding(5, held), batch(6)], MANY, None) is None


def test_what_is_held_of_another_table_does_not_matter() -> None:
    assert numbers(unit_of("fact_payment", batch(3), holding(4, "design"), batch(5))) == [3, 4, 5]


def test_a_released_batch_is_taken_in_its_place() -> None:
    held = holding(4, "payment")
    released = held.releasing({"payment": replace(held.held["payment"], key="payment-4")})
    unit = unit_of("fact_payment", batch(3), released, batch(5))
    assert [item.key for item in unit.objects(of("payment"))] == ["payment-3", "payment-4", "payment-5"]


def test_the_next_unit_goes_on_behind_the_newest_commit() -> None:
    unit = unit_of("fact_payment", batch(3), batch(4), batch(5), newest=commit("fact_payment", 7, through=3))
    assert (unit.before.number, unit.after, numbers(unit), unit.verdict, unit.through) == (7, 3, [4, 5], 5, 5)


@pytest.mark.parametrize(
    ("newest", "build_to"),
    [(commit("fact_payment", 1, 4), None), (commit("fact_payment", 0, 0), 2)],
    ids=["all built", "build_to"],
)
def test_without_pending_batches_there_is_no_unit(newest: StarCommit, build_to: int | None) -> None:
    assert plan(load_contracts().star("fact_payment"), newest, [batch(3), batch(4)], MANY, build_to) is None


def test_a_batch_beyond_build_to_waits() -> None:
    assert numbers(unit_of("fact_payment", batch(3), batch(4), batch(5), build_to=4)) == [3, 4]


@pytest.mark.parametrize(("row_limit", "taken"), [(1, [1]), (4, [1]), (5, [1, 2]), (8, [1, 2]), (9, [1, 2, 3])])
def test_the_row_limit_takes_whole_batches_and_at_least_one(row_limit: int, taken: list[int]) -> None:
    batches = [batch(1, payment=(1, 1, 1)), batch(2, payment=(2, 0, 0)), batch(3, payment=(0, 0, 4))]
    assert numbers(unit_of("fact_payment", *batches, row_limit=row_limit)) == taken


def test_the_row_limit_counts_all_tables_so_that_every_star_table_is_cut_alike() -> None:
    batches = [batch(1, payment=(2, 0, 0)), batch(2, staff=(2, 0, 0), address=(2, 0, 0)), batch(3, design=(1, 0, 0))]
    taken = {
        table.name: numbers(unit_of(table.name, *batches, row_limit=6)) for table in load_contracts().star_tables()
    }
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
    assert [item.key for item in unit.objects(of("department"))] == ["department-1", "department-2"]
    assert (unit.objects(of("staff")), unit.inputs, unit.is_empty) == ([], [of("department")], False)


def test_a_unit_without_events_of_the_table_hands_on_years_and_inputs() -> None:
    newest = commit("dim_staff", 1, 1, verdict=1, inputs={"staff": ("key",)}, years=(2023, 2025))
    unit = unit_of("dim_staff", batch(2), newest=newest)
    assert unit.is_empty
    found = unit.commit(unit.unchanged())
    assert (found.through, found.verdict, found.years, found.inputs) == (2, 2, (2023, 2025), {"staff": ("key",)})
    assert found.manifest(Attempt("dim_staff", 2, "a"), NOW).tables == {}


def test_what_ingestion_quarantined_of_the_driving_table_is_no_empty_unit() -> None:
    unreadable = {"staff": AcceptedObject("", 0, 0, 0, 0, "", "place", 2)}
    unit = unit_of("dim_staff", replace(batch(1), tables=unreadable))
    assert (unit.inputs, unit.is_empty, unit.quarantined_at_ingestion) == ([], False, [unreadable["staff"]])
    assert unit_of("dim_location", replace(batch(1), tables=unreadable)).is_empty


def test_a_units_commit_places_its_objects_where_their_partitions_lie_and_counts_them() -> None:
    item = LakeObject(
        "staged", "fact_payment/created_month=2024-08/1-0.parquet", 4, 9, "", {"created_month": "2024-08"}
    )
    layout = Layout({"created_month=2024-08": 3})
    unit = unit_of("fact_payment", batch(8, payment=(3, 2, 0)), newest=commit("fact_payment", 7, 7, layout=layout))
    found = unit.commit(Written(TableCommit((item,), 4, quarantined=1), quarantined={8: 1}))
    assert [placed.key for placed in found.objects] == [
        "compacted/fact_payment/000000000003/created_month=2024-08/1-0.parquet"
    ]
    assert (found.kind, found.layout.small) == (DATA, {"created_month=2024-08": 1})
    assert found.batches == {8: BatchCounts(4, 0, 1, 0, "2026-11-23T12:08:00+00:00")}


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
    assert inputs_of(load_contracts().star(table)) == [of(name) for name in inputs]


def test_a_table_of_one_source_promises_a_row_for_each_of_its_events() -> None:
    batches = [batch(1, payment=(3, 2, 1), currency=(1, 0, 0)), batch(2, payment=(10, 20, 30))]
    assert unit_of("fact_payment", *batches).promised == (13, 22, 31)
    assert unit_of("dim_currency", *batches).promised == (1, 0, 0)


@pytest.mark.parametrize("table", ["dim_date", "dim_staff", "dim_counterparty"])
def test_a_table_whose_rows_are_no_events_promises_nothing(table: str) -> None:
    assert unit_of(table, batch(1, staff=(1, 0, 0), payment=(1, 0, 0), counterparty=(1, 0, 0))).promised is None


def test_a_fact_promises_rows_and_deletions_of_each_batch() -> None:
    batches = [batch(1, payment=(3, 2, 1)), batch(2, staff=(7, 0, 0))]
    assert unit_of("fact_payment", *batches).counts({}, {}) == {
        1: BatchCounts(5, 1, 0, 0, "2026-11-23T12:01:00+00:00"),
        2: BatchCounts(0, 0, 0, 0, "2026-11-23T12:02:00+00:00"),
    }


def test_a_dimension_promises_times_and_no_rows() -> None:
    assert unit_of("dim_currency", batch(1, currency=(3, 2, 1))).counts({}, {}) == {
        1: BatchCounts(0, 0, 0, 0, "2026-11-23T12:01:00+00:00")
    }
