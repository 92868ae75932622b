"""A small business in a real warehouse: drawn orders and payments, and names that want to be more than text."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg2

from totelake.contracts import load_contracts
from totelake.warehouse import tables

HOSTILE = "</script><img src=x onerror=window.pwned=1>"
NAMES = (
    HOSTILE,
    '<b>Bold</b> & "Sons" %{x} $a$ &amp; <!-- <script>',
    "Bell \x07 and \x1b[31mred\tline\nend",
    "Right \u202eto left",
    "مرحبا 東京 ÆØÅ",
    "O'Neil \\ Ltd",
    "NULL",
    *(f"Partner {number}" for number in range(20)),
)
FIRST, DAYS = date(2025, 2, 3), 420
ORDERS, PURCHASES = 160, 60
CHANGED, DELETED = 7, 8
"""An order with three versions, and one that is gone."""
_FILLERS: Mapping[str, Any] = {
    "integer": 1, "bigint": 1, "date": FIRST, "time without time zone": "10:00", "character varying": "x", "text": "x",
    "numeric": 1, "numeric(10,2)": 1, "boolean": False,
}  # fmt: skip


def fill(dsn: str, seed: int = 1) -> None:
    """Make the warehouse's tables, and put the business in."""
    tables.create(dsn, load_contracts())
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        Shop(cursor, random.Random(seed)).open()  # nosec B311 # a drawn business is no secret


def rows(dsn: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of a query, in the schema that queries of catalog/ are asked in."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SET search_path = star; SET TimeZone = 'UTC'")
        cursor.execute(query, values or None)
        return list(cursor.fetchall()) if cursor.description else []


class Shop:
    """Writes rows as a load leaves them."""

    def __init__(self, cursor: Any, drawn: random.Random) -> None:
        self._cursor, self._drawn = cursor, drawn

    def open(self) -> None:
        """Everything: dimensions, rates, orders, what is paid of them, targets."""
        self._dimensions()
        for day in range(100, DAYS, 30):
            for place, (code, rate) in enumerate((("USD", "0.781234567890123"), ("EUR", "0.85"))):
                number = day * 10 + place
                self.fact("fact_exchange_rate", number, exchange_rate_id=number, rate_date=FIRST + timedelta(day),
                          base=code, quote="GBP", provider="frankfurter", rate=Decimal(rate))  # fmt: skip
        for number in range(1, ORDERS + 1):
            self.order(number)
        for number in range(1, PURCHASES + 1):
            self._purchase(number)
        for change in (1, 2):
            self.order(CHANGED, batch=1 + change, units_sold=100 + change)
        self._cursor.execute(
            "INSERT INTO etl.deletion VALUES ('fact_sales_order', %s, 2, %s)", (DELETED, captured_at(2))
        )
        for number, month in enumerate((date(2025, 4, 1), date(2025, 5, 1)), 1):
            self.fact("fact_sales_target", number, sales_target_id=number, target_month=month,
                      department_name="Sales", currency_code="GBP", target_amount=Decimal("12000.50"))  # fmt: skip

    def order(self, number: int, batch: int = 1, **given: Any) -> None:
        """A version of a sales order; the first one has a payment."""
        drawn, day = self._drawn, FIRST + timedelta(self._drawn.randrange(DAYS))
        values = {
            "sales_order_id": number, "created_date": day, "sales_staff_id": drawn.randint(1, 4),
            "counterparty_id": drawn.randint(1, len(NAMES)), "units_sold": drawn.randint(1, 90_000),
            "unit_price": Decimal(drawn.randint(1, 999_999)) / 100, "currency_id": drawn.randint(1, 3),
            "design_id": drawn.randint(1, 30), "agreed_payment_date": day, "agreed_delivery_date": day, **given,
        }  # fmt: skip
        self.fact("fact_sales_order", number, batch, **values)
        if batch == 1:
            self._payment(number, "SALE", values)

    def _purchase(self, number: int) -> None:
        drawn, day = self._drawn, FIRST + timedelta(self._drawn.randrange(DAYS))
        values = {
            "purchase_order_id": number, "created_date": day, "staff_id": drawn.randint(1, 4),
            "counterparty_id": drawn.randint(1, len(NAMES)), "item_code": f"ITEM-{drawn.randint(1, 9)}",
            "item_quantity": drawn.randint(1, 900), "item_unit_price": Decimal(drawn.randint(1, 99_999)) / 100,
            "currency_id": drawn.randint(1, 3),
        }  # fmt: skip
        self.fact("fact_purchase_orders", number, **values)
        self._payment(number, "PURCHASE", values)

    def _payment(self, order: int, kind: str, values: Mapping[str, Any]) -> None:
        number = order if kind == "SALE" else 10_000 + order
        keys = (order, None) if kind == "SALE" else (None, order)
        self._cursor.execute("INSERT INTO star.dim_transaction VALUES (%s, %s, %s, %s)", (number, kind, *keys))
        self.fact("fact_payment", number, payment_id=number, transaction_id=number,
                  counterparty_id=values["counterparty_id"], currency_id=values["currency_id"],
                  payment_amount=Decimal(self._drawn.randint(1, 9_999_999)) / 100, paid=self._drawn.random() < 0.6,
                  payment_type_id=1 if kind == "SALE" else 2,
                  payment_date=values["created_date"] + timedelta(self._drawn.randint(0, 60)))  # fmt: skip

    def fact(self, name: str, key: int, batch: int = 1, **values: Any) -> None:
        """A row of a fact as a version of a source's row, with fillers for what is not given."""
        columns = load_contracts().star(name).lake_columns
        row = {column.name: values.pop(column.name, _FILLERS.get(column.type, "x")) for column in columns}
        assert not values, values
        names, places = ", ".join(row), ", ".join(["%s"] * len(row))
        self._cursor.execute(
            f"WITH made AS (INSERT INTO star.{name} ({names}) VALUES ({places}) RETURNING *) "
            f"SELECT to_json(made) ->> '{load_contracts().star(name).key[0].name}' FROM made",
            list(row.values()),
        )
        (number,) = self._cursor.fetchone()
        self._cursor.execute(
            "INSERT INTO etl.fact_version VALUES (%s, %s, %s, %s, %s)",
            (name, int(number), key, batch, captured_at(batch)),
        )

    def _dimensions(self) -> None:
        put = self._cursor.execute
        put(
            "INSERT INTO star.dim_date SELECT d, extract(year FROM d), extract(month FROM d), extract(day FROM d), "
            "extract(isodow FROM d), to_char(d, 'FMDay'), to_char(d, 'FMMonth'), extract(quarter FROM d) "
            "FROM generate_series(date '2024-01-01', date '2027-12-31', interval '1 day') AS d"
        )
        put("INSERT INTO star.dim_currency VALUES (1, 'GBP', 'Pound'), (2, 'USD', 'Dollar'), (3, 'EUR', 'Euro')")
        put("INSERT INTO star.dim_payment_type VALUES (1, 'SALES_RECEIPT'), (2, 'PURCHASE_PAYMENT')")
        for number in range(1, 5):
            put("INSERT INTO star.dim_staff VALUES (%s, 'Ann', 'Smith', %s, 'Leeds', 'a@x')",
                (number, "Sales" if number < 3 else "Purchasing"))  # fmt: skip
        for number, name in enumerate(NAMES, 1):
            put("INSERT INTO star.dim_counterparty VALUES (%s, %s, 'a', NULL, NULL, 'c', 'p', %s, '1')",
                (number, name, f"Land <i>{number % 4}</i>"))  # fmt: skip
        for number in range(1, 31):
            put("INSERT INTO star.dim_design VALUES (%s, 'Wooden', '/usr', 'f')", (number,))
        put("INSERT INTO star.dim_location VALUES (1, 'a', NULL, NULL, 'c', 'p', 'UK', '1')")


def captured_at(batch: int) -> datetime:
    """When the batches were captured: a day apart."""
    return datetime(2026, 4, 1, 9, 30, 0, 123000) + timedelta(days=batch)
