"""The generator: the same for a seed number, and like the real totesys in everything that was measured there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError
from totelake.seed import history
from totelake.seed.history import generate, parts
from totelake.seed.plan import Plan, plan_of

MOMENT = datetime(2024, 8, 22, 18, 30)
PLAN = plan_of(3_000, None, date(2024, 8, 21))


@pytest.fixture(scope="module", params=[200_000, 700], ids=["one chunk", "many chunks"])
def tables(request: pytest.FixtureRequest) -> Iterator[dict[str, pa.Table]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "_CHUNK", request.param)
        yield generate(PLAN, 7, MOMENT)


def column(table: pa.Table, name: str) -> list[Any]:
    return table.column(name).to_pylist()


def test_the_same_number_gives_the_same_rows(tables: dict[str, pa.Table]) -> None:
    again, other = generate(PLAN, 7, MOMENT), generate(PLAN, 8, MOMENT)
    assert all(again[name].equals(table) for name, table in tables.items())
    assert not other["sales_order"].equals(tables["sales_order"])


def test_parts_are_of_bounded_size_and_parents_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_CHUNK", 500)
    seen: dict[str, set[int]] = {}
    for name, rows in parts(PLAN, 7, MOMENT):
        table = load_contracts().find(name)
        assert name == "design" or rows.num_rows <= 500 + 30
        for found in table.columns:
            if found.foreign_key is not None:
                assert set(column(rows, found.name)) - {None} <= seen[found.foreign_key.table]
        seen.setdefault(name, set()).update(column(rows, table.key_name))
    assert len(seen["sales_order"]) == 3_000


def test_every_table_has_the_contracts_columns(tables: dict[str, pa.Table]) -> None:
    assert {name: tuple(table.column_names) for name, table in tables.items()} == {
        table.name: table.column_names for table in load_contracts().source_tables("totesys")
    }


def test_business_is_done_on_working_days_between_eight_and_seven(tables: dict[str, pa.Table]) -> None:
    for name in ("sales_order", "purchase_order", "payment"):
        times = column(tables[name], "created_at")
        assert {time.weekday() for time in times} <= {0, 1, 2, 3, 4}
        assert {time.hour for time in times} <= set(range(8, 19))
        assert {time.second for time in times} <= {9, 10, 11, 12, 13}


def test_keys_have_no_gaps(tables: dict[str, pa.Table]) -> None:
    for name, table in tables.items():
        keys = column(table, load_contracts().find(name).key_name)
        assert sorted(keys) == list(range(1, len(keys) + 1))


def test_key_order_and_time_order_differ_by_few_milliseconds(tables: dict[str, pa.Table]) -> None:
    table = tables["sales_order"].sort_by("sales_order_id")
    times = column(table, "created_at")
    latest = times[0]
    for time in times:
        assert (latest - time).total_seconds() <= 0.018
        latest = max(latest, time)


def test_each_order_has_one_transaction_and_one_payment_of_its_worth(tables: dict[str, pa.Table]) -> None:
    orders = {row["sales_order_id"]: row for row in tables["sales_order"].to_pylist()}
    purchases = {row["purchase_order_id"]: row for row in tables["purchase_order"].to_pylist()}
    payments = {row["transaction_id"]: row for row in tables["payment"].to_pylist()}
    seen = set()
    for row in tables["transaction"].to_pylist():
        payment = payments[row["transaction_id"]]
        if row["transaction_type"] == "SALE":
            order = orders[row["sales_order_id"]]
            worth = order["units_sold"] * order["unit_price"]
            seen.add(("sale", row["sales_order_id"]))
        else:
            order = purchases[row["purchase_order_id"]]
            worth = order["item_quantity"] * order["item_unit_price"]
            seen.add(("purchase", row["purchase_order_id"]))
        assert payment["payment_amount"] == worth
        assert payment["created_at"] == order["created_at"] == row["created_at"]
        assert payment["payment_date"] == order["agreed_payment_date"]
    assert len(seen) == len(orders) + len(purchases) == len(payments)


def test_values_are_in_the_measured_ranges(tables: dict[str, pa.Table]) -> None:
    units = pc.min_max(tables["sales_order"].column("units_sold")).as_py()
    assert units["min"] >= 1001 and units["max"] <= 99_973
    prices = pc.min_max(tables["sales_order"].column("unit_price")).as_py()
    assert Decimal("2.00") <= prices["min"] and prices["max"] <= Decimal("4.00")
    assert all(len(code) == 7 and code.isalnum() for code in column(tables["purchase_order"], "item_code"))


def test_an_order_names_a_design_that_existed_then(tables: dict[str, pa.Table]) -> None:
    born = dict(zip(column(tables["design"], "design_id"), column(tables["design"], "created_at")))
    for row in tables["sales_order"].to_pylist():
        assert born[row["design_id"]] <= row["created_at"]


def test_payments_are_made_at_five_to_eight_in_batches_of_one_millisecond(tables: dict[str, pa.Table]) -> None:
    moments: dict[str, set[datetime]] = {}
    for row in tables["payment"].to_pylist():
        due = date.fromisoformat(row["payment_date"])
        is_due = due > row["created_at"].date() and due.weekday() < 5 and due <= MOMENT.date()
        assert row["paid"] == is_due
        if row["paid"]:
            assert (row["last_updated"].hour, row["last_updated"].minute) == (7, 55)
            moments.setdefault(row["payment_date"], set()).add(row["last_updated"])
        else:
            assert row["last_updated"] == row["created_at"]
    assert all(len(found) == 1 for found in moments.values())


def test_null_is_kept_apart_from_text(tables: dict[str, pa.Table]) -> None:
    assert tables["address"].column("address_line_2").null_count > 0
    assert column(tables["department"], "location").count(None) == 1


@settings(max_examples=25)
@given(orders=st.integers(1, 400), days=st.one_of(st.none(), st.integers(1, 60)), seed=st.integers(0, 2**31))
def test_any_size_can_be_made(orders: int, days: int | None, seed: int) -> None:
    plan = plan_of(orders, days, date(2024, 8, 21))
    tables = generate(plan, seed, MOMENT)
    assert tables["sales_order"].num_rows == orders
    assert all(day.weekday() < 5 for day in plan.days)


def test_days_alone_give_the_orders_of_the_real_business() -> None:
    assert plan_of(None, 7, date(2024, 8, 21)) == Plan(105, 44, plan_of(None, 7, date(2024, 8, 21)).days)
    assert len(plan_of(None, None, date(2024, 8, 21)).days) == 95


@pytest.mark.parametrize("orders", [1, 21, 2_000, 60_000, 300_000, 1_000_000, 5_000_000, 20_000_000])
def test_a_business_of_any_size_is_some_years_old(orders: int) -> None:
    until = date(2024, 8, 21)
    found = plan_of(orders, None, until)
    assert found.sales == orders and found.days[-1] == until and len(set(found.days)) == len(found.days)
    assert len(found.days) == min(783, max(1, round(orders / 21)))
    assert found.days[0] >= date(2021, 8, 20)


def test_a_history_begins_when_the_contracts_think_it_plausible() -> None:
    minima = [
        item["value"]
        for name in ("sales_order", "payment")
        for item in found_in_contract(name, "created_at")
        if item["property"] == "minimum"
    ]
    assert minima == ["1900-01-01"] * 2
    assert plan_of(1, 45_523, date(2024, 8, 20)).days[0] == date(1900, 1, 1)


def found_in_contract(table: str, name: str) -> list[dict[str, Any]]:
    """The custom properties of a column, as its contract has them."""
    text = (Path(__file__).parents[3] / f"catalog/sources/totesys/{table}.yaml").read_text(encoding="utf-8")
    properties = yaml.safe_load(text)["schema"][0]["properties"]
    found: list[dict[str, Any]] = next(item for item in properties if item["name"] == name)["customProperties"]
    return found


@pytest.mark.parametrize(
    ("orders", "days", "says"),
    [
        (0, None, "a history needs at least one order and one day"),
        (None, 0, "a history needs at least one order and one day"),
        (10, 45_525, "a history of 45525 days would begin before 1900; give at most 45524"),
        (10, 10**12, "would begin before 1900; give at most 45524"),
        (2 * 10**9, None, "2000000000 sales orders have more transactions than there are keys; give at most 1513"),
    ],
)
def test_what_cannot_be_made_is_refused(orders: int | None, days: int | None, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        plan_of(orders, days, date(2024, 8, 21))
