"""Amounts in pounds: Athena's view, as this machine answers it, and PostgreSQL's say what arithmetic by hand says."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import psycopg2
import pytest

from tests.conftest import Postgres
from tests.duckdb_catalog import as_duckdb
from totelake.contracts import load_contracts
from totelake.contracts.conversions import Converted, conversions
from totelake.lake.converted_views import converted_view
from totelake.warehouse import tables

pytestmark = pytest.mark.integration
WHOLE_CATALOG = True
START = date(2026, 1, 1)
OTHER = "another"
SHOWN = "{key}, currency_code, amount, rate_date, rate, rate_age_days, amount_gbp"
# (base, day, provider, rate), no day of USD before the fourth, and gaps; (currency, day, quantity, price)
RATES = [
    ("EUR", 0, "fawazahmed0", "0.8"), ("EUR", 0, OTHER, "0.7"), ("EUR", 3, OTHER, "0.5"),
    ("EUR", 4, "fawazahmed0", "0.123456789012345"), ("USD", 3, "fawazahmed0", "0.000000000000001"),
    ("USD", 9, "fawazahmed0", "1234.5"), ("GBP", 0, "fawazahmed0", "2"),
]  # fmt: skip
ORDERS = [
    (1, 0, 3, "1.25"), (2, 2, 1, "0.01"), (3, 0, 1, "0.01"), (3, 2, 1, "0.01"), (3, 3, 1, "0.01"), (3, 3, 5, "0.01"),
    (3, 8, 99973, "4.00"), (2, 2, 10, "5.00"), (2, 9, 2147483647, "99999999.99"), (2, 10, -3, "0.05"),
    (3, 3, -1, "0.01"),
]  # fmt: skip


def item_of(view: str) -> Converted:
    """The conversion of that view, as the catalog has it."""
    contracts = load_contracts()
    found = conversions(contracts.stars, {"rates": "fawazahmed0"})
    return next(item for item in found if item.conversion.view == view)


def drawn(seed: int) -> tuple[list[Any], list[Any]]:
    """Orders and rates by chance, many of whose products lie half way between two pennies."""
    chance = random.Random(seed)
    rates = {
        (base, chance.randrange(20), "fawazahmed0"): f"{chance.choice([1, 3, 5, 125])}e-{chance.randrange(1, 5)}"
        for base in ("EUR", "USD")
        for _ in range(8)
    }
    orders = [
        (chance.choice([1, 2, 3]), chance.randrange(25), chance.randrange(1, 2000), f"{chance.randrange(1, 999)}e-2")
        for _ in range(60)
    ]
    return [(*key, value) for key, value in rates.items()], orders


def by_hand(rates: Sequence[Any], orders: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows that the view is to have, by the number of the order."""
    codes = {1: "GBP", 2: "USD", 3: "EUR"}
    shown: list[tuple[Any, ...]] = []
    for number, (currency, day, quantity, price) in enumerate(orders, 1):
        amount, code = quantity * Decimal(price), codes[currency]
        known = [(at, provider == "fawazahmed0", value) for base, at, provider, value in rates if base == code]
        before = sorted(item for item in known if item[0] <= day)
        found = (day, Decimal(1)) if code == "GBP" else (before[-1][0], Decimal(before[-1][2])) if before else None
        if found is None:
            shown.append((number, code, amount, None, None, None, None))
            continue
        pounds = (amount * found[1]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        shown.append((number, code, amount, START + timedelta(found[0]), found[1], day - found[0], pounds))
    return shown


def in_lake(item: Converted, rates: Sequence[Any], orders: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What the lake's view shows, its tables typed as the query engine reads them."""
    key, short, own = item.fact.key_name, item.fact.short_name, item.conversion
    view = converted_view(item, "lake")
    kinds = {name: kind.replace("string", "varchar") for name, kind in view.columns}
    wide = {own.quantity: "int", own.price: "decimal(38,2)"}
    with contextlib.closing(duckdb.connect()) as connection:
        connection.execute("CREATE SCHEMA lake")
        names = [column.name for column in item.fact.lake_columns]
        columns = ", ".join(f'"{name}" {wide.get(name, kinds[name])}' for name in names)
        connection.execute(f"CREATE TABLE lake.current_{short} ({columns})")
        connection.execute("CREATE TABLE lake.dim_currency (currency_id int, currency_code varchar)")
        connection.execute("INSERT INTO lake.dim_currency VALUES (1, 'GBP'), (2, 'USD'), (3, 'EUR')")
        connection.execute(
            "CREATE TABLE lake.current_exchange_rate "
            "(base varchar, rate_date date, provider varchar, quote varchar, rate decimal(38,15))"
        )
        for base, day, provider, rate in rates:
            row = [base, START + timedelta(day), provider, Decimal(rate)]
            connection.execute("INSERT INTO lake.current_exchange_rate VALUES (?, ?, ?, 'GBP', ?)", row)
        for number, (currency, day, quantity, price) in enumerate(orders, 1):
            connection.execute(
                f"INSERT INTO lake.current_{short} ({key}, currency_id, created_date, {own.quantity}, {own.price}) "
                "VALUES (?, ?, ?, ?, ?)",
                [number, currency, START + timedelta(day), quantity, Decimal(price)],
            )
        text = as_duckdb(connection, view.sql)
        described = connection.execute(f"DESCRIBE {text}").fetchall()
        assert [name for name, *_ in described] == [name for name, _ in view.columns]
        return connection.execute(f"SELECT {SHOWN.format(key=key)} FROM ({text}) ORDER BY 1").fetchall()


def in_warehouse(dsn: str, item: Converted, rates: Sequence[Any], orders: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What the warehouse's view shows."""
    own = item.conversion
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE star.fact_exchange_rate, etl.fact_version, star.dim_currency CASCADE")
        cursor.execute("INSERT INTO star.dim_currency VALUES (1, 'GBP', 'p'), (2, 'USD', 'd'), (3, 'EUR', 'e')")
        for number, (base, day, provider, rate) in enumerate(rates, 1):
            insert(cursor, item.rates, number, {
                "exchange_rate_id": number, "rate_date": START + timedelta(day), "base": base, "quote": "GBP",
                "provider": provider, "rate": Decimal(rate),
            })  # fmt: skip
        for number, (currency, day, quantity, price) in enumerate(orders, 1):
            filler = {"integer": 1, "date": START, "time without time zone": "10:00", "character varying": "x"}
            row = {column.name: filler.get(column.type) for column in item.fact.lake_columns}
            given = {"currency_id": currency, "created_date": START + timedelta(day), own.quantity: quantity}
            row |= {**given, own.price: Decimal(price), item.fact.key_name: number}
            insert(cursor, item.fact, number, row)
        cursor.execute(f"SELECT {SHOWN.format(key=item.fact.key_name)} FROM star.{own.view} ORDER BY 1")
        return cursor.fetchall()


def insert(cursor: Any, table: Any, number: int, row: dict[str, Any]) -> None:
    """A version of a fact, as a load leaves it."""
    names = [table.key[0].name, *row]
    values = ", ".join(["%s"] * len(names))
    cursor.execute(f"INSERT INTO star.{table.name} ({', '.join(names)}) VALUES ({values})", [number, *row.values()])
    cursor.execute("INSERT INTO etl.fact_version VALUES (%s, %s, %s, 1, now())", [table.name, number, number])


@pytest.fixture(scope="module")
def dsn(postgres: Postgres) -> str:
    """A warehouse with its tables and views."""
    found = postgres.new_database("totelake_loader")
    tables.create(found, load_contracts())
    return found


@pytest.mark.parametrize("view", ["sales_order_gbp", "purchase_order_gbp"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_order_has_its_amount_by_the_last_rate_before_it(view: str, seed: int, dsn: str) -> None:
    rates, orders = drawn(seed) if seed else (RATES, ORDERS)
    item, expected = item_of(view), by_hand(rates, orders)
    assert in_lake(item, rates, orders) == expected
    assert in_warehouse(dsn, item, rates, orders) == expected


def test_without_any_rate_every_order_is_there(dsn: str) -> None:
    item = item_of("sales_order_gbp")
    for shown in (in_lake(item, [], ORDERS), in_warehouse(dsn, item, [], ORDERS)):
        assert shown == by_hand([], ORDERS) and len(shown) == len(ORDERS)
        assert [row[-1] for row in shown if row[1] == "GBP"] == [Decimal("3.75")]


def test_a_table_that_widens_takes_its_views_along(postgres: Postgres) -> None:
    """Columns of orders and of rates: the view is made anew, with the grants that it had."""
    dsn, contracts = postgres.new_database("totelake_loader"), load_contracts()
    narrow = dict(contracts.stars)
    former = {"fact_exchange_rate": ("rate", "numeric(20,15)"), "fact_sales_order": ("unit_price", "numeric(8,2)")}
    for table, (column, kind) in former.items():
        star = narrow[table]
        columns = tuple(replace(item, type=kind) if item.name == column else item for item in star.columns)
        narrow[table] = replace(star, columns=columns)
    tables.create(dsn, replace(contracts, stars=narrow))
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("GRANT SELECT ON star.sales_order_gbp TO PUBLIC")
        insert(cursor, narrow["fact_exchange_rate"], 1, {
            "exchange_rate_id": 1, "rate_date": START, "base": "EUR", "quote": "GBP", "provider": OTHER, "rate": 2,
        })  # fmt: skip
    tables.create(dsn, contracts)
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('pg_monitor', 'star.sales_order_gbp', 'SELECT')")
        assert cursor.fetchall() == [(True,)]
        cursor.execute("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attname IN ('rate', "
                       "'unit_price') AND attrelid = 'star.sales_order_gbp'::regclass ORDER BY attnum")  # fmt: skip
        assert cursor.fetchall() == [("numeric(10,2)",), ("numeric(30,15)",)]
