"""Dimensions of a driving table joined to another, over histories of both, unit by unit."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.integration.star.samples import SPARK, Row, captured_at, events, quarantined, row
from totelake.contracts import load_contracts
from totelake.star import joined
from totelake.star.build import as_versions
from totelake.star.sorting import split_by_reason

pytestmark = SPARK
STAFF, DEPARTMENT, TARGET = (load_contracts().find(name) for name in ("staff", "department", "dim_staff"))
History = Mapping[int, Sequence[Row]]
Found = tuple[Any, ...]
Versions = tuple[DataFrame, DataFrame]


class Built(NamedTuple):
    """Rows, and those to quarantine."""

    rows: DataFrame
    quarantined: DataFrame


def staff(key: int, department: int, op: str = "I", first_name: str = "Ada") -> Row:
    return row("staff", key, op, department_id=department, first_name=first_name)


def department(key: int, name: str, op: str = "I", location: str | None = "Leeds") -> Row:
    return row("department", key, op, department_name=name, location=location)


def unit(
    spark: SparkSession, drivers: History, parents: History, kept: Versions | None = None, after: int = 0
) -> tuple[Built, Versions]:
    """The rows of one unit and those to quarantine, and what it keeps for the next."""
    before = kept or (None, None)
    inputs = joined.Inputs(
        joined.driving_versions(before[0], events(spark, "staff", drivers), STAFF),
        joined.joined_versions(before[1], events(spark, "department", parents), DEPARTMENT),
    )
    found = joined.candidates(TARGET, STAFF, DEPARTMENT, inputs, after)
    pairs = split_by_reason(found.pairs, STAFF, *joined.columns(TARGET, STAFF, DEPARTMENT))
    built = Built(pairs.rows.unionByName(joined.tombstones(TARGET, STAFF, found.gone)), pairs.quarantined)
    return built, (joined.newest(inputs.driving), joined.newest(inputs.joined))


def shown(built: Built) -> list[Found]:
    """(batch, operation, key, first name, department, location), ordered."""
    columns = ("_batch", "_op", "staff_id", "first_name", "department_name", "location")
    found = built.rows.select(*columns, "_captured_at").collect()
    assert [item["_captured_at"] for item in found] == [captured_at(item["_batch"]) for item in found]
    return sorted(tuple(item)[:-1] for item in found)


def test_a_change_of_the_joined_row_emits_the_rows_that_refer_to_it_and_no_others(spark: SparkSession) -> None:
    drivers = {1: [staff(1, 10), staff(2, 10), staff(3, 20)]}
    _, kept = unit(spark, drivers, {1: [department(10, "Sales"), department(20, "Stock")]})
    rows, _ = unit(spark, {}, {2: [department(10, "Trade", "U")]}, kept, after=1)
    assert shown(rows) == [(2, "U", key, "Ada", "Trade", "Leeds") for key in (1, 2)]


def test_a_joined_column_without_a_value_reads_unknown(spark: SparkSession) -> None:
    rows, _ = unit(spark, {1: [staff(1, 10)]}, {1: [department(10, "Sales", location=None)]})
    assert shown(rows) == [(1, "I", 1, "Ada", "Sales", "Unknown")]


def test_a_row_whose_parent_is_missing_is_quarantined_and_the_others_are_not(spark: SparkSession) -> None:
    built, _ = unit(spark, {1: [staff(1, 10), staff(2, 99)]}, {1: [department(10, "Sales")]})
    assert quarantined(built.quarantined) == [(2, "missing_parent", "department_id", "99")]
    assert shown(built) == [(1, "I", 1, "Ada", "Sales", "Leeds")]


def test_it_is_a_row_in_the_batch_in_which_its_parent_arrives(spark: SparkSession) -> None:
    _, kept = unit(spark, {1: [staff(2, 99)]}, {1: [department(10, "Sales")]})
    built, _ = unit(spark, {}, {2: [department(99, "New")]}, kept, after=1)
    assert (shown(built), quarantined(built.quarantined)) == ([(2, "U", 2, "Ada", "New", "Leeds")], [])


def test_a_quarantined_row_is_not_quarantined_again_by_the_next_unit(spark: SparkSession) -> None:
    _, kept = unit(spark, {1: [staff(2, 99)]}, {1: [department(10, "Sales")]})
    built, _ = unit(spark, {2: [staff(3, 10)]}, {}, kept, after=1)
    assert (shown(built), quarantined(built.quarantined)) == ([(2, "I", 3, "Ada", "Sales", "Leeds")], [])


def test_a_row_that_moves_to_a_missing_parent_is_quarantined(spark: SparkSession) -> None:
    _, kept = unit(spark, {1: [staff(1, 10)]}, {1: [department(10, "Sales")]})
    built, _ = unit(spark, {2: [staff(1, 11, "U")]}, {}, kept, after=1)
    assert quarantined(built.quarantined) == [(1, "missing_parent", "department_id", "11")]


def test_a_deletion_has_its_key_alone_and_needs_no_parent(spark: SparkSession) -> None:
    _, kept = unit(spark, {1: [staff(1, 10)]}, {1: [department(10, "Sales")]})
    rows, _ = unit(spark, {2: [row("staff", 1, "D"), row("staff", 7, "D")]}, {}, kept, after=1)
    assert shown(rows) == [(2, "D", key, None, None, None) for key in (1, 7)]


def test_a_deleted_parent_emits_nothing_and_its_values_stay(spark: SparkSession) -> None:
    _, kept = unit(spark, {1: [staff(1, 10)]}, {1: [department(10, "Sales")]})
    rows, kept = unit(spark, {}, {2: [row("department", 10, "D")]}, kept, after=1)
    assert shown(rows) == []
    rows, _ = unit(spark, {3: [staff(1, 10, "U", "Bea")]}, {}, kept, after=2)
    assert shown(rows) == [(3, "U", 1, "Bea", "Sales", "Leeds")]


@pytest.mark.parametrize("cuts", [[3], [1, 2, 3]])
def test_a_key_that_is_deleted_and_inserted_again_is_three_versions(spark: SparkSession, cuts: list[int]) -> None:
    drivers = {1: [staff(1, 10)], 2: [row("staff", 1, "D")], 3: [staff(1, 20, "I", "Bea")]}
    parents = {1: [department(10, "Sales"), department(20, "Stock")]}
    assert in_units(spark, drivers, parents, cuts) == [
        (1, "I", 1, "Ada", "Sales", "Leeds"),
        (2, "D", 1, None, None, None),
        (3, "I", 1, "Bea", "Stock", "Leeds"),
    ]


def test_a_change_of_the_parent_does_not_emit_a_deleted_row(spark: SparkSession) -> None:
    drivers = {1: [staff(1, 10), staff(2, 10)], 2: [row("staff", 1, "D")]}
    parents = {1: [department(10, "Sales")], 3: [department(10, "Trade", "U")]}
    found = in_units(spark, drivers, parents, [3])
    assert [item[:3] for item in found] == [(1, "I", 1), (1, "I", 2), (2, "D", 1), (3, "U", 2)]


@pytest.mark.parametrize("cuts", [[3], [1, 2, 3]])
def test_a_value_that_changes_and_returns_is_three_versions(spark: SparkSession, cuts: list[int]) -> None:
    drivers = {1: [staff(1, 10), staff(2, 20)], 2: [staff(2, 10, "U")], 3: [staff(2, 20, "U")]}
    parents = {
        1: [department(10, "A"), department(20, "C")],
        2: [department(10, "B", "U")],
        3: [department(10, "A", "U")],
    }
    assert [(item[0], item[2], item[4]) for item in in_units(spark, drivers, parents, cuts)] == [
        (1, 1, "A"), (1, 2, "C"), (2, 1, "B"), (2, 2, "B"), (3, 1, "A"), (3, 2, "C"),
    ]  # fmt: skip


def test_a_row_and_its_parent_that_change_in_one_batch_are_one_row_of_the_rows_own_kind(spark: SparkSession) -> None:
    drivers = {1: [staff(1, 10)], 2: [staff(1, 10, "U", "Bea"), staff(2, 10)]}
    parents = {1: [department(10, "Sales")], 2: [department(10, "Trade", "U")]}
    expected = [(1, "I", 1, "Ada", "Sales", "Leeds"), (2, "I", 2, "Ada", "Trade", "Leeds"),
                (2, "U", 1, "Bea", "Trade", "Leeds")]  # fmt: skip
    assert in_units(spark, drivers, parents, [2]) == expected
    assert in_units(spark, drivers, parents, [1, 2]) == expected


def test_a_row_that_left_a_parent_is_not_emitted_by_it_any_more(spark: SparkSession) -> None:
    drivers = {1: [staff(1, 10)], 2: [staff(1, 20, "U")]}
    parents = {1: [department(10, "Sales"), department(20, "Stock")], 3: [department(10, "Trade", "U")]}
    assert [item[0] for item in in_units(spark, drivers, parents, [3])] == [1, 2]


def in_units(spark: SparkSession, drivers: History, parents: History, cuts: Sequence[int]) -> list[Found]:
    """All rows of units that each end at one of these batches."""
    found: list[Found] = []
    kept, after = None, 0
    for through in cuts:
        taken = [
            {batch: rows for batch, rows in each.items() if after < batch <= through} for each in (drivers, parents)
        ]
        rows, kept = unit(spark, taken[0], taken[1], kept, after)
        found += shown(rows)
        after = through
    return sorted(found, key=repr)


def simulated(drivers: History, parents: History) -> list[Found]:
    """The same, played one batch after the other on plain dictionaries."""
    people: dict[int, Row] = {}
    departments: dict[int, Row] = {}
    found: list[Found] = []
    for batch in sorted({*drivers, *parents}):
        touched = {item["department_id"]: item for item in parents.get(batch, ()) if item["_op"] != "D"}
        departments.update(touched)
        own = {item["staff_id"]: item for item in drivers.get(batch, ())}
        for key, item in own.items():
            people.pop(key, None)
            if item["_op"] == "D":
                found.append((batch, "D", key, None, None, None))
            else:
                people[key] = item
        for key, person in people.items():
            parent = departments[person["department_id"]]
            if key in own or person["department_id"] in touched:
                kind = own[key]["_op"] if key in own else "U"
                place = parent["location"] or "Unknown"
                found.append((batch, kind, key, person["first_name"], parent["department_name"], place))
    return sorted(found, key=repr)


def test_any_history_cut_into_any_units_is_what_playing_it_batch_by_batch_gives(spark: SparkSession) -> None:
    chance = random.Random(1)
    parents: dict[int, list[Row]] = {1: [department(key, f"d{key}") for key in range(5)]}
    drivers: dict[int, list[Row]] = {}
    alive: set[int] = set()
    for batch in range(1, 21):
        drivers[batch] = []
        for key in chance.sample(range(12), 4):
            op = chance.choice("UUD") if key in alive else "I"
            (alive.discard if op == "D" else alive.add)(key)
            changed = staff(key, chance.randrange(5), op, f"name {batch}")
            drivers[batch].append(row("staff", key, "D") if op == "D" else changed)
        for key in chance.sample(range(5), chance.choice([0, 1, 2])) if batch > 1 else []:
            place = chance.choice([None, "Leeds"])
            gone = row("department", key, "D")
            parents.setdefault(batch, []).append(
                gone if chance.random() < 0.2 else department(key, f"d{key} {batch}", "U", place)
            )
    cuts = [*sorted(chance.sample(range(1, 20), 2)), 20]
    expected = simulated(drivers, parents)
    assert len(expected) > 80
    assert in_units(spark, drivers, parents, cuts) == expected


def test_a_row_that_could_not_be_read_is_not_sent_again_by_its_parent_until_it_can(spark: SparkSession) -> None:
    """What is shown stays what was read last; a change of the parent must not pass for a newer version of the row."""
    _, kept = unit(spark, {1: [staff(1, 10), staff(2, 10)]}, {1: [department(10, "Sales")]})
    unreadable = {**row("staff", 1, "D"), "_op": joined.UNREADABLE}
    built, kept = unit(spark, {2: [unreadable]}, {}, kept, after=1)
    assert (shown(built), quarantined(built.quarantined)) == ([], [])
    built, kept = unit(spark, {}, {3: [department(10, "Trade", "U")]}, kept, after=2)
    assert shown(built) == [(3, "U", 2, "Ada", "Trade", "Leeds")]
    built, _ = unit(spark, {4: [staff(1, 10, "U", "Bea")]}, {}, kept, after=3)
    assert shown(built) == [(4, "U", 1, "Bea", "Trade", "Leeds")]


def test_a_row_whose_key_the_contract_has_no_room_for_ends_no_version(spark: SparkSession) -> None:
    columns = "source_key bigint, _batch bigint, _captured_at timestamp"
    unreadable = spark.createDataFrame([(1, 2, captured_at(2)), (2**31, 2, captured_at(2))], columns)
    found = as_versions(unreadable, STAFF).collect()
    assert [(item.staff_id, item["_op"], item["_batch"]) for item in found] == [(1, joined.UNREADABLE, 2)]


def test_a_parents_value_that_does_not_become_the_dimensions_is_quarantined_and_never_rounded(
    spark: SparkSession,
) -> None:
    columns = [replace(item, type="numeric(10,2)") if item.name == "location" else item for item in TARGET.columns]
    target = replace(TARGET, columns=tuple(columns))
    parents = {1: [department(1, "a", location="1.50"), department(2, "b", location="1.505")]}
    inputs = joined.Inputs(
        joined.driving_versions(None, events(spark, "staff", {1: [staff(1, 1), staff(2, 2)]}), STAFF),
        joined.joined_versions(None, events(spark, "department", parents), DEPARTMENT),
    )
    found = joined.candidates(target, STAFF, DEPARTMENT, inputs, 0)
    built = split_by_reason(found.pairs, STAFF, *joined.columns(target, STAFF, DEPARTMENT))
    assert [(item.staff_id, item.location) for item in built.rows.collect()] == [(1, Decimal("1.50"))]
    assert quarantined(built.quarantined) == [(2, "invalid_value", "location", "1.505")]
