"""Sessions of the source's application that write at the same time, each by a dice of its own, and remember.

Every session has rows of its own (key modulo the number of sessions), so that what it commits to a row is the row's
whole story, which `Story` keeps: a reader may miss versions, but may see no other and none out of order.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import psycopg2

from totelake.contracts import load_contracts
from totelake.errors import TotelakeError

SESSIONS = 8
STORIED = ("sales_order", "purchase_order", "payment", "design", "address", "staff", "counterparty")
_WITHIN = 300.0
Row = tuple[Any, ...]
Story = dict[tuple[str, int], list[Row | None]]


class Runs:
    """Counts the captures that have begun and ended, so that a transaction can wait for one to pass over it."""

    def __init__(self) -> None:
        self._begun = self._ended = 0
        self._changed = threading.Condition()
        self._closed = False

    def begin(self) -> None:
        """A capture begins."""
        with self._changed:
            self._begun += 1

    def end(self) -> None:
        """It has ended."""
        with self._changed:
            self._ended = self._begun
            self._changed.notify_all()

    def close(self) -> None:
        """There will be none any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_for_one(self) -> None:
        """Wait until a capture has ended that had not begun yet. Raises TotelakeError when none comes."""
        with self._changed:
            wanted = self._begun + 1
            if not self._changed.wait_for(lambda: self._ended >= wanted or self._closed, _WITHIN) or self._closed:
                raise TotelakeError("no capture passed over a late transaction; see the runs")


class Session(threading.Thread):
    """One session: so many transactions, some of them late, taken back in part or in whole, or without any effect."""

    def __init__(self, dsn: str, number: int, seed: int, transactions: int, late: int, runs: Runs) -> None:
        super().__init__(name=f"writer-{number}")
        self._dsn, self._number, self._transactions, self._runs = dsn, number, transactions, runs
        self._dice = random.Random(f"{seed} {number}")
        self._late = set(self._dice.sample(range(transactions), late))
        self._pending: list[tuple[str, int, Row | None]] = []
        self.story: Story = defaultdict(list)
        self.committed = self.rolled_back = self.deleted = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """All transactions; a failure is kept for the test."""
        try:
            with contextlib.closing(psycopg2.connect(self._dsn)) as connection:
                for place in range(self._transactions):
                    self._transaction(connection, place in self._late)
        except BaseException as failure:
            self.failure = failure

    def _transaction(self, connection: Any, is_late: bool) -> None:
        dice = self._dice
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            if dice.random() < 0.15:
                self._savepoint(connection)
            else:
                self._act(connection)
        if is_late:
            self._runs.wait_for_one()
        if not is_late and dice.random() < 0.07:
            connection.rollback()
            self.rolled_back += 1
        else:
            connection.commit()
            self.committed += 1
            for table, key, row in self._pending:
                self.story[table, key].append(row)
                self.deleted += row is None
        self._pending.clear()

    def _savepoint(self, connection: Any) -> None:
        kept = len(self._pending)
        self._run(connection, "SAVEPOINT s")
        self._act(connection)
        if self._dice.random() < 0.5:
            self._run(connection, "ROLLBACK TO s")
            del self._pending[kept:]

    def _act(self, connection: Any) -> None:
        acts = (self._sale, self._purchase, self._update, self._silent, self._parent, self._no_op, self._remove)
        self._dice.choices(acts, weights=(3, 2, 5, 6, 2, 2, 3))[0](connection)

    def _run(self, connection: Any, statement: str, *values: Any) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def _change(self, connection: Any, table: str, statement: str, *values: Any) -> None:
        """A statement on a table, each row of which is remembered."""
        contract = load_contracts().find(table)
        place, is_gone = contract.column_names.index(contract.key_name), statement.startswith("DELETE")
        names = ", ".join(f"{table}.{name}" for name in contract.column_names)
        for row in self._run(connection, f"{statement} RETURNING {names}", *values):
            self._pending.append((table, row[place], None if is_gone else row))

    def _own(self, connection: Any, table: str) -> int | None:
        """A key of its own rows."""
        key = load_contracts().find(table).key_name
        found = self._run(connection, f"SELECT {key} FROM {table} WHERE {key} %% {SESSIONS} = %s", self._number)
        return self._dice.choice(sorted(found))[0] if found else None

    def _new_key(self, connection: Any, table: str) -> int:
        """The next key of its own; rolled back ones are not used again."""
        key = load_contracts().find(table).key_name
        while True:
            ((value,),) = self._run(connection, f"SELECT nextval('{table}_{key}_seq')::int")
            if value % SESSIONS == self._number:
                return int(value)

    def _columns(self) -> str:
        """Values that orders have in common."""
        numbers = ", ".join(str(self._dice.randint(1, 10)) for _ in range(2))
        return f"{numbers}, {self._dice.randint(1, 3)}, '2024-08-{self._dice.randint(10, 30)}', '2024-08-31', 1"

    def _sale(self, connection: Any) -> None:
        key, month = self._new_key(connection, "sales_order"), self._dice.randint(6, 8)
        stamp = f"2024-{month:02}-05 10:00:00.{self._dice.randrange(1000):03}"
        self._change(
            connection,
            "sales_order",
            "INSERT INTO sales_order (sales_order_id, created_at, last_updated, design_id, units_sold, unit_price, "
            "staff_id, counterparty_id, currency_id, agreed_delivery_date, agreed_payment_date, "
            f"agreed_delivery_location_id) VALUES (%s, %s, %s, 1, %s, 2.50, {self._columns()})",
            *(key, stamp, stamp, self._dice.randint(1, 9999)),
        )
        transaction = self._new_key(connection, "transaction")
        self._run(
            connection,
            "INSERT INTO transaction (transaction_id, transaction_type, sales_order_id, created_at, last_updated) "
            "VALUES (%s, 'SALE', %s, %s, %s)",
            *(transaction, key, stamp, stamp),
        )
        self._change(
            connection,
            "payment",
            "INSERT INTO payment (payment_id, transaction_id, counterparty_id, payment_amount, currency_id, "
            "payment_type_id, paid, payment_date, company_ac_number, counterparty_ac_number, created_at, last_updated) "
            "VALUES (%s, %s, 1, 10.00, 1, 1, false, '2024-08-31', 1, 2, %s, %s)",
            *(self._new_key(connection, "payment"), transaction, stamp, stamp),
        )

    def _purchase(self, connection: Any) -> None:
        self._change(
            connection,
            "purchase_order",
            "INSERT INTO purchase_order (purchase_order_id, item_code, item_quantity, item_unit_price, staff_id, "
            "counterparty_id, currency_id, agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id, "
            f"created_at, last_updated) VALUES (%s, 'ABC', %s, 1.25, {self._columns()}, '2024-08-01', '2024-08-01')",
            *(self._new_key(connection, "purchase_order"), self._dice.randint(1, 999)),
        )

    def _set(self, connection: Any, table: str, change: str) -> None:
        key = self._own(connection, table)
        if key is not None:
            self._change(connection, table, f"UPDATE {table} SET {change} WHERE {table}_id = {key}")

    def _update(self, connection: Any) -> None:
        self._set(connection, "payment", "paid = NOT paid, last_updated = last_updated + interval '1 millisecond'")

    def _silent(self, connection: Any) -> None:
        number = self._dice.randint(1, 9999)
        table, column = self._dice.choice((("sales_order", "units_sold"), ("purchase_order", "item_quantity")))
        self._set(connection, table, f"{column} = {number}")

    def _parent(self, connection: Any) -> None:
        changes = {
            "design": "file_location",
            "address": "phone",
            "staff": "first_name",
            "counterparty": "commercial_contact",
        }
        table = self._dice.choice(sorted(changes))
        self._set(connection, table, f"{changes[table]} = '{self._dice.randrange(10**6)}'")

    def _no_op(self, connection: Any) -> None:
        self._set(connection, "sales_order", "units_sold = units_sold")

    def _remove(self, connection: Any) -> None:
        table = self._dice.choice(("payment", "sales_order", "purchase_order"))
        key = self._own(connection, table)
        if key is not None:
            self._change(connection, table, f"DELETE FROM {table} WHERE {table}_id = {key}")


def stories(sessions: list[Session], before: Mapping[tuple[str, int], Row]) -> Story:
    """What was committed to each row, beginning with what was there before."""
    found: Story = defaultdict(list)
    for place, row in before.items():
        found[place].append(row)
    for session in sessions:
        for place, rows in session.story.items():
            found[place] += rows
    return found


def is_subsequence(seen: list[Row | None], story: list[Row | None]) -> bool:
    """Whether these versions are among those of the story, in its order."""
    rest = iter(story)
    return all(any(row == version for version in rest) for row in seen)
