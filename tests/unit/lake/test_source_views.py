"""The texts of the views over a source's tables, run on DuckDB: after any history they show the source's rows."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.duckdb_catalog import as_duckdb
from totelake.lake.source_views import put_source_view, rounded_by_athena, source_views
from totelake.lake.tables import as_input, columns_of
from totelake.lake.views import View, published_batch
from totelake.ports.memory import MemoryCatalog

Row = dict[str, Any]
Key = tuple[Any, ...]
KEY = ("shop", "code", "day")
# a source may well have columns of the names that the views would give
COLUMNS = (
    ("code", "string"), ("deleted_at", "string"), ("_rank", "int"), ("shop", "int"), ("day", "date"),
    ("_valid_from", "string"), ("Ünit-cost $", "decimal(10,2)"),
)  # fmt: skip
SECOND = datetime.datetime(2026, 11, 24)
EVENTS = [("_op", "string"), ("_batch", "bigint"), ("_captured_at", "timestamp")]
_KEYS = st.tuples(
    st.integers(1, 2), st.sampled_from(["a", "A", "a ", "'"]), st.just(datetime.date(2026, 1, 1))
)  # fmt: skip
_VALUES = st.tuples(st.sampled_from([None, "x", "y"]), st.sampled_from([None, Decimal("0.10")]))
# what the source has after each batch
_STATES = st.lists(st.dictionaries(_KEYS, _VALUES, max_size=5), min_size=1, max_size=6)


def at(batch: int) -> datetime.datetime:
    return SECOND + datetime.timedelta(seconds=batch)


def events(states: Sequence[dict[Key, Any]]) -> list[Row]:
    """One event for each change from a batch to the next, as they are captured."""
    found, before = [], {}
    for batch, state in enumerate(states, start=1):
        for key in before.keys() | state.keys():
            if before.get(key, ()) == state.get(key, ()):
                continue
            op = "D" if key not in state else "U" if key in before else "I"
            text, cost = state.get(key, (None, None))
            own = {**dict(zip(KEY, key)), "deleted_at": text, "_rank": None, "_valid_from": text, "Ünit-cost $": cost}
            found.append({**own, "_op": op, "_batch": batch, "_captured_at": at(batch)})
        before = state
    return found


def shown(rows: Sequence[Row], *batches: int) -> list[tuple[list[Row], list[Row]]]:
    """What both views show of events up to each of these batches."""
    found = []
    with duckdb.connect() as connection:
        kinds = ", ".join(f'"{name}" {kind}' for name, kind in [*COLUMNS, *EVENTS])
        connection.execute(f"CREATE SCHEMA lake; CREATE TABLE lake.crm_price ({kinds})")
        names = [name for name, _ in [*COLUMNS, *EVENTS]]
        marks = ", ".join("?" for _ in names)
        for row in rows:
            connection.execute(f"INSERT INTO lake.crm_price VALUES ({marks})", [row.get(name) for name in names])
        for batch in batches:
            views = source_views("crm_price", COLUMNS, KEY, "lake", batch)
            found.append(tuple(_answer(connection, view) for view in views))
    return found


def _answer(connection: duckdb.DuckDBPyConnection, view: View) -> list[Row]:
    answer = connection.execute(as_duckdb(connection, view.sql))
    names = [name for name, _ in view.columns]
    assert [item[0] for item in answer.description] == names
    return [dict(zip(names, row)) for row in answer.fetchall()]


def key_of(row: Row) -> Key:
    return tuple(row[name] for name in KEY)


@settings(max_examples=40, deadline=None)
@given(_STATES)
def test_after_any_history_each_batch_shows_the_rows_of_the_source(states: list[dict[Key, Any]]) -> None:
    rows = events(states)
    every = shown(rows, *range(1, len(states) + 1))
    for batch, (state, (current, history)) in enumerate(zip(states, every), start=1):
        assert {key_of(row): (row["deleted_at"], row["Ünit-cost $"]) for row in current} == state
        assert len(current) == len(state)
        live = [row for row in history if row["_valid_to"] is None]
        assert sorted(map(key_of, live)) == sorted(state)
        changes = [row for row in rows if row["_op"] != "D" and row["_batch"] <= batch]
        assert sorted((key_of(row), row["_batch"]) for row in history) == sorted(
            (key_of(row), row["_batch"]) for row in changes
        )


def test_a_version_tells_from_when_until_when_and_what_ended_it() -> None:
    day = datetime.date(2026, 1, 1)
    key = (1, "a", day)
    rows = events([{key: ("x", None)}, {key: ("y", None)}, {}, {key: ("z", None)}])
    ((_, history),) = shown(rows, 4)
    times = [
        (row["deleted_at"], row["__valid_from"], row["_valid_to"], row["_deleted_at"])
        for row in sorted(history, key=lambda row: row["_batch"])
    ]
    assert times == [("x", at(1), at(2), None), ("y", at(2), at(3), at(3)), ("z", at(4), None, None)]


def test_events_of_a_time_when_the_key_had_another_name_are_no_rows() -> None:
    old = {"deleted_at": "x", "_op": "I", "_batch": 1, "_captured_at": at(1), "shop": None, "code": "a"}
    new = {**events([{(1, "a", datetime.date(2026, 1, 1)): ("y", None)}])[0], "_op": "U", "_batch": 2}
    ((current, history),) = shown([old, new], 2)
    assert [row["deleted_at"] for row in current] == [row["deleted_at"] for row in history] == ["y"]


@pytest.mark.parametrize(
    ("kind", "is_finer"),
    [
        ("timestamp without time zone", True),
        ("timestamp(3) without time zone", False),
        ("timestamp(4) with time zone", True),
        ("timestamp(0) with time zone", False),
        ("date", False),
        ("uuid", False),
        ("character varying(9)", False),
    ],
)
def test_a_key_that_athena_reads_rounded_is_known(kind: str, is_finer: bool) -> None:
    assert rounded_by_athena({"code": "text", "at": kind}) == (["at"] if is_finer else [])


def test_a_view_goes_forward_alone_and_leaves_no_version_behind() -> None:
    catalog = MemoryCatalog("lake")

    def put(batch: int, columns: Sequence[tuple[str, str]] = COLUMNS) -> bool:
        view, _ = source_views("crm_price", columns, KEY, "lake", batch)
        return put_source_view(catalog, view, batch, was_made=False)

    assert [put(batch) for batch in (2, 1, 2, 5, 4)] == [True, False, False, True, False]
    present = catalog.table("current_crm_price")
    assert present is not None and published_batch(present) == 5
    assert len(catalog.versions("current_crm_price")) == 1
    # declared types that somebody changed are no view of ours, whatever its text says
    changed = as_input(present)
    changed["StorageDescriptor"]["Columns"][0]["Type"] = "int"
    assert catalog.replace(changed, present, keep_version=False)
    assert put(5) and columns_of(catalog.table("current_crm_price") or {})[0] == ("code", "string")
