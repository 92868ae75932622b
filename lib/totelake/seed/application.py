"""The application of totesys: its statements, as the business makes them, each to be committed by the caller."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import psycopg2

from totelake.errors import SourceError
from totelake.ports.postgres import open_dsn
from totelake.seed.history import DESIGN_NAMES, PATHS
from totelake.seed.people import People
from totelake.seed.schema import SOURCE

SILENT = {
    "sales_order": ("design_id", "staff_id", "agreed_delivery_date", "agreed_delivery_location_id"),
    "purchase_order": ("staff_id", "item_code", "agreed_delivery_date", "agreed_delivery_location_id"),
    "design": ("file_location",),
}
_OWNER = {"design_id": "design", "staff_id": "staff", "agreed_delivery_location_id": "address"}


class Application:
    """The application's statements on one connection, each committed when `commit` is called."""

    def __init__(self, connection: Any, dice: random.Random) -> None:
        self.connection, self._dice = connection, dice

    def commit(self) -> None:
        """End the transaction."""
        self.connection.commit()

    def one(self, query: str, *values: Any) -> Any:
        """The first value of a statement's first row; None without a row."""
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def run(self, query: str, *values: Any) -> int:
        """The rows that a statement changed."""
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            return int(cursor.rowcount)

    def any_key(self, table: str) -> int:
        """Some key of a table. Raises SourceError when it is empty."""
        count = self.one(f'SELECT count(*) FROM "{table}"')
        if not count:
            raise SourceError(f"totesys has no {table}; run `totelake seed`")
        offset = self._dice.randrange(count)
        return int(self.one(f'SELECT {table}_id FROM "{table}" ORDER BY {table}_id OFFSET %s LIMIT 1', offset))

    def sale(self, at: datetime) -> int:
        """A sales order with its transaction and payment; its key."""
        units, cents = self._dice.randint(1001, 99_973), self._dice.randint(200, 400)
        keys = [self.any_key(name) for name in ("design", "staff", "counterparty", "currency", "address")]
        due = self._day(at, 6)
        key = self.one(
            "INSERT INTO sales_order (created_at, last_updated, design_id, staff_id, counterparty_id, units_sold, "
            "unit_price, currency_id, agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s::numeric / 100, %s, %s, %s, %s) RETURNING sales_order_id",
            *(at, at, *keys[:3], units, cents, keys[3], self._day(at, 7), due, keys[4]),
        )
        self._money(at, "SALE", key, None, keys[2], units * cents, keys[3], 1, due)
        return int(key)

    def purchase(self, at: datetime) -> int:
        """A purchase order with its transaction and payment; its key."""
        quantity, cents = self._dice.randint(1, 999), self._dice.randint(332, 99_907)
        keys = [self.any_key(name) for name in ("staff", "counterparty", "currency", "address")]
        due = self._day(at, 6)
        key = self.one(
            "INSERT INTO purchase_order (created_at, last_updated, staff_id, counterparty_id, item_code, "
            "item_quantity, item_unit_price, currency_id, agreed_delivery_date, agreed_payment_date, "
            "agreed_delivery_location_id) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s::numeric / 100, %s, %s, %s, %s) RETURNING purchase_order_id",
            *(at, at, *keys[:2], self._code(), quantity, cents, keys[2], self._day(at, 7), due, keys[3]),
        )
        self._money(at, "PURCHASE", None, key, keys[1], quantity * cents, keys[2], 3, due)
        return int(key)

    def refund(self, at: datetime) -> None:
        """A transaction of its own that gives a sale's money back."""
        currency, party = self.any_key("currency"), self.any_key("counterparty")
        self._money(
            at, "SALE", None, None, party, self._dice.randint(100_000, 9_000_000), currency, 2, self._day(at, 6)
        )

    def _money(
        self, at: datetime, kind: str, sale: Any, purchase: Any, party: int, cents: int, currency: int, payment: int,
        due: str,
    ) -> None:  # fmt: skip
        transaction = self.one(
            "INSERT INTO transaction (transaction_type, sales_order_id, purchase_order_id, created_at, last_updated) "
            "VALUES (%s, %s, %s, %s, %s) RETURNING transaction_id",
            *(kind, sale, purchase, at, at),
        )
        accounts = [self._dice.randint(10_000_000, 99_999_999) for _ in range(2)]
        self.run(
            "INSERT INTO payment (created_at, last_updated, transaction_id, counterparty_id, payment_amount, "
            "currency_id, payment_type_id, paid, payment_date, company_ac_number, counterparty_ac_number) "
            "VALUES (%s, %s, %s, %s, %s::numeric / 100, %s, %s, false, %s, %s, %s)",
            *(at, at, transaction, party, cents, currency, payment, due, *accounts),
        )

    def pay(self, day: date, at: datetime) -> int:
        """The morning's batch: what falls due today is paid, all rows at one millisecond."""
        return self.run(
            "UPDATE payment SET paid = true, last_updated = %s WHERE payment_date = %s AND NOT paid",
            at,
            day.isoformat(),
        )

    def silent_edit(self, table: str, at: datetime) -> int:
        """One column of one row changes, `last_updated` does not; the row's key."""
        column, key = self._dice.choice(SILENT[table]), self.any_key(table)
        for _ in range(20):
            value = self._value(column, at)
            if self.run(
                f"UPDATE {table} SET {column} = %s WHERE {table}_id = %s AND {column} <> %s", value, key, value
            ):
                return key
        raise SourceError(f"{table}.{column} of {key} has only one possible value; run `totelake seed`")

    def _value(self, column: str, at: datetime) -> Any:
        if column in _OWNER:
            return self.any_key(_OWNER[column])
        if column == "item_code":
            return self._code()
        if column == "file_location":
            return f"{self._dice.choice(PATHS)}/{self._dice.randrange(100)}"
        return self._day(at, 7)

    def edit(self, at: datetime) -> None:
        """An edit as it should be: the value and `last_updated`."""
        self.run(
            "UPDATE sales_order SET units_sold = units_sold %% 99000 + 7, last_updated = %s WHERE sales_order_id = %s",
            *(at, self.any_key("sales_order")),
        )

    def delete(self) -> None:
        """An order is deleted; its transaction stays, without it."""
        table = self._dice.choice(("sales_order", "purchase_order"))
        self.run(f"DELETE FROM {table} WHERE {table}_id = %s", self.any_key(table))

    def no_op(self) -> None:
        """An update that changes nothing."""
        self.run(
            "UPDATE sales_order SET units_sold = units_sold WHERE sales_order_id = %s", self.any_key("sales_order")
        )

    def new_party(self, at: datetime) -> None:
        """A new address with a counterparty, a new member of staff, a new design."""
        people = People(self._dice, at)
        address = self.one(
            "INSERT INTO address (address_line_1, address_line_2, district, city, postal_code, country, phone, "
            "created_at, last_updated) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING address_id",
            *(*people.address(), at, at),
        )
        name, _, commercial, delivery = people.counterparty(1)
        self.run(
            "INSERT INTO counterparty (counterparty_legal_name, legal_address_id, commercial_contact, "
            "delivery_contact, created_at, last_updated) VALUES (%s, %s, %s, %s, %s, %s)",
            *(name, address, commercial, delivery, at, at),
        )
        first, last, _, email = people.staff()
        self.run(
            "INSERT INTO staff (first_name, last_name, department_id, email_address, created_at, last_updated) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            *(first, last, self.any_key("department"), email, at, at),
        )
        name = self._dice.choice(DESIGN_NAMES)
        self.run(
            "INSERT INTO design (design_name, file_location, file_name, created_at, last_updated) "
            "VALUES (%s, %s, %s, %s, %s)",
            *(name, self._dice.choice(PATHS), f"{name.lower()}-{at:%Y%m%d}-new1.json", at, at),
        )

    def bad_date(self) -> None:
        """A text date that is none."""
        key = self.any_key("sales_order")
        self.run("UPDATE sales_order SET agreed_delivery_date = '2024-02-30' WHERE sales_order_id = %s", key)

    def _day(self, at: datetime, most: int) -> str:
        return (at.date() + timedelta(self._dice.randint(0, most))).isoformat()

    def _code(self) -> str:
        return "".join(self._dice.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=7))


@contextmanager
def application(dsn: str, seed: int | None = None) -> Iterator[Application]:
    """A connection of the application. Raises SourceError when totesys cannot be used."""
    with open_dsn(dsn, SOURCE, SourceError, "run `totelake status`") as connection:
        try:
            yield Application(connection, random.Random(seed))  # nosec B311 # made-up business, nothing secret
        except psycopg2.errors.UndefinedTable as error:
            raise SourceError(
                f"{SOURCE} is empty or lacks a table; run `totelake seed`, which creates it anew"
            ) from error
        except psycopg2.Error as error:
            words = " ".join(str(error).split())
            raise SourceError(f"{SOURCE} refused: {words}; see `totelake status`") from error
