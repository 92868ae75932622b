"""A realistic history of totesys at any size: the distributions measured on the real database, from a seed number."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from totelake.seed.clock import MINUTES, OPENS, chunks, times_of
from totelake.seed.columns import codes, either, table_of, table_of_rows
from totelake.seed.people import People
from totelake.seed.plan import DESIGNS_PER_DAY, SILENT_PER_DAY, Plan

DESIGN_NAMES = (
    "Wooden", "Steel", "Soft", "Granite", "Concrete", "Frozen", "Bronze", "Plastic", "Cotton", "Metal", "Fresh",
    "Rubber",
)  # fmt: skip
PATHS = (
    "/lib",
    "/etc/periodic",
    "/usr/share",
    "/home/user/dir",
    "/var/spool",
    "/opt/lib",
    "/Users",
    "/srv",
    "/private",
)
_FIRST_DESIGNS = 20
_CHUNK = 200_000
Columns = dict[str, "np.ndarray | pa.Array"]


def generate(plan: Plan, seed: int, moment: datetime) -> dict[str, pa.Table]:
    """All rows of all tables, the same for the same plan, seed number and moment."""
    found: dict[str, list[pa.Table]] = {}
    for name, rows in parts(plan, seed, moment):
        found.setdefault(name, []).append(rows)
    return {name: pa.concat_tables(several) for name, several in found.items()}


def parts(plan: Plan, seed: int, moment: datetime) -> Iterator[tuple[str, pa.Table]]:
    """The same part by part, each of bounded size; a row comes after those that it refers to."""
    return _History(plan, seed, moment).parts()


class _Edits:
    """What the real source does to rows of any age: a column changes and `last_updated` stays."""

    def __init__(self, numbers: np.random.Generator, rows: int, count: int, *names: str) -> None:
        self._rows = np.sort(numbers.integers(0, rows, count))
        self._names, self._values = numbers.choice(np.array(names), count), numbers.integers(1, 21, count)

    def apply(self, columns: Mapping[str, np.ndarray | pa.Array], first: int, count: int) -> None:
        """Edit the rows of a chunk, which begins with a row's number."""
        start, end = np.searchsorted(self._rows, [first, first + count])
        for place in range(start, end):
            columns[self._names[place]][self._rows[place] - first] = self._values[place]


class _History:
    def __init__(self, plan: Plan, seed: int, moment: datetime) -> None:
        self._plan, self._moment = plan, moment
        self._numbers = np.random.default_rng(seed)
        self._dice = random.Random(seed)  # nosec B311 # made-up business, nothing secret
        self._days = np.array(plan.days, dtype="datetime64[D]")
        self._start = datetime.combine(plan.days[0], datetime.min.time()) + timedelta(hours=7, minutes=20, seconds=49)
        self._people = People(self._dice, self._start).everything()

    def parts(self) -> Iterator[tuple[str, pa.Table]]:
        """Everything."""
        for name, rows in self._people.items():
            yield name, table_of_rows(name, rows)
        designs, born = self._designs()
        yield "design", designs
        edits = round(SILENT_PER_DAY * len(self._days))
        edited = ("staff_id", "agreed_delivery_location_id")
        of_sales = _Edits(self._numbers, self._plan.sales, edits, *edited)
        of_purchases = _Edits(self._numbers, self._plan.purchases, edits, *edited)
        sold = bought = 0
        totals = (self._plan.sales, self._plan.purchases)
        for sales_at, purchases_at in chunks(self._numbers, self._days, totals, _CHUNK):
            sales, purchases = self._sales(sales_at, born, sold), self._purchases(purchases_at, bought)
            of_sales.apply(sales, sold, len(sales_at))
            of_purchases.apply(purchases, bought, len(purchases_at))
            yield "sales_order", table_of("sales_order", sales)
            yield "purchase_order", table_of("purchase_order", purchases)
            yield from self._money(sales, purchases, sold + bought)
            sold, bought = sold + len(sales_at), bought + len(purchases_at)

    def _pick(self, count: int, size: int) -> np.ndarray:
        return self._numbers.integers(1, size + 1, count, dtype=np.int32)

    def _keys(self, times: np.ndarray, after: int) -> np.ndarray:
        """Keys in the order of times, but for the up to 18 ms by which concurrent inserts overtake each other."""
        jitter = self._numbers.integers(0, 19, len(times)).astype("timedelta64[ms]")
        return _ranked(times + jitter, after)

    def _designs(self) -> tuple[pa.Table, np.ndarray]:
        count = _FIRST_DESIGNS + round(DESIGNS_PER_DAY * len(self._days))
        first = np.full(_FIRST_DESIGNS, np.datetime64(self._start, "ms"))
        born = np.concatenate([first, self._some_times(count - _FIRST_DESIGNS)])
        names = self._numbers.choice(np.array(DESIGN_NAMES), count)
        suffixes = ["".join(self._dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=4)) for _ in range(count)]
        stamps = [str(day).replace("-", "") for day in born.astype("datetime64[D]")]
        files = [f"{n.lower()}-{stamp}-{suffix}.json" for n, stamp, suffix in zip(names, stamps, suffixes)]
        columns: Columns = {
            "design_id": np.arange(1, count + 1, dtype=np.int32),
            "design_name": names,
            "file_location": self._numbers.choice(np.array(PATHS), count),
            "file_name": np.array(files),
            "created_at": born,
            "last_updated": born,
        }
        return table_of("design", columns), born

    def _some_times(self, count: int) -> np.ndarray:
        """Sorted times of a few events on any of the days."""
        days = self._days[self._numbers.integers(0, len(self._days), count)].astype("datetime64[m]")
        minutes = days + (OPENS * 60 + self._numbers.integers(0, MINUTES, count)).astype("timedelta64[m]")
        return times_of(self._numbers, minutes.astype("datetime64[ms]"), np.ones(count, dtype=np.int64))

    def _days_after(self, times: np.ndarray, most: int) -> np.ndarray:
        days = self._numbers.integers(0, most + 1, len(times)).astype("timedelta64[D]")
        found: np.ndarray = times.astype("datetime64[D]") + days
        return found

    def _order(self, table: str, times: np.ndarray, after: int) -> Columns:
        count = len(times)
        return {
            f"{table}_id": self._keys(times, after),
            "created_at": times,
            "last_updated": times,
            "staff_id": self._pick(count, len(self._people["staff"])),
            "counterparty_id": self._pick(count, len(self._people["counterparty"])),
            "currency_id": self._pick(count, len(self._people["currency"])),
            "agreed_delivery_date": self._days_after(times, 7),
            "agreed_payment_date": self._days_after(times, 6),
            "agreed_delivery_location_id": self._pick(count, len(self._people["address"])),
        }

    def _sales(self, times: np.ndarray, born: np.ndarray, after: int) -> Columns:
        existing = np.searchsorted(born, times, side="right")
        return self._order("sales_order", times, after) | {
            "design_id": (1 + self._numbers.random(len(times)) * existing).astype(np.int32),
            "units_sold": self._numbers.integers(1001, 99_974, len(times), dtype=np.int32),
            "unit_price": self._numbers.integers(200, 401, len(times)),
        }

    def _purchases(self, times: np.ndarray, after: int) -> Columns:
        return self._order("purchase_order", times, after) | {
            "item_code": codes(self._numbers, len(times), 7),
            "item_quantity": self._numbers.integers(1, 1000, len(times), dtype=np.int32),
            "item_unit_price": self._numbers.integers(332, 99_908, len(times)),
        }

    def _money(self, sales: Columns, purchases: Columns, after: int) -> Iterator[tuple[str, pa.Table]]:
        """A transaction and a payment for each order, with the order's time; paid in batches at 07:55."""
        both = {
            name: np.concatenate([sales[name], purchases[name]])
            for name in ("created_at", "counterparty_id", "currency_id", "agreed_payment_date")
        }
        count, sold, bought = (len(side["created_at"]) for side in (both, sales, purchases))
        is_sale = np.arange(count) < sold
        cents = np.concatenate(
            [
                sales["unit_price"].astype(np.int64) * sales["units_sold"],
                purchases["item_unit_price"].astype(np.int64) * purchases["item_quantity"],
            ]
        )
        keys = _ranked(both["created_at"], after)
        sale_ids = np.concatenate([sales["sales_order_id"], np.zeros(bought, dtype=np.int32)])
        purchase_ids = np.concatenate([np.zeros(sold, dtype=np.int32), purchases["purchase_order_id"]])
        transactions: Columns = {
            "transaction_id": keys,
            "transaction_type": either(is_sale, "SALE", "PURCHASE"),
            "sales_order_id": np.ma.masked_array(sale_ids, ~is_sale),
            "purchase_order_id": np.ma.masked_array(purchase_ids, is_sale),
            "created_at": both["created_at"],
            "last_updated": both["created_at"],
        }
        yield "transaction", table_of("transaction", transactions)
        paid, paid_at = self._paid(both["created_at"], both["agreed_payment_date"])
        payments: Columns = {
            "payment_id": keys,
            "created_at": both["created_at"],
            "last_updated": np.where(paid, paid_at, both["created_at"]),
            "transaction_id": keys,
            "counterparty_id": both["counterparty_id"],
            "payment_amount": cents,
            "currency_id": both["currency_id"],
            "payment_type_id": np.where(is_sale, 1, 3).astype(np.int32),
            "paid": paid,
            "payment_date": both["agreed_payment_date"],
            "company_ac_number": self._numbers.integers(10_000_000, 99_999_999, count, dtype=np.int32),
            "counterparty_ac_number": self._numbers.integers(10_000_000, 99_999_999, count, dtype=np.int32),
        }
        yield "payment", table_of("payment", payments)

    def _paid(self, created: np.ndarray, due: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Paid is what falls due on a later weekday whose batch has run; each batch has one millisecond of its own."""
        batch = due.astype("datetime64[ms]") + np.timedelta64(7 * 3600 + 55 * 60, "s").astype("timedelta64[ms]")
        batch = batch + (due.astype(np.int64) * 7919 % 60_000).astype("timedelta64[ms]")
        weekday = (due.astype(np.int64) + 3) % 7 < 5
        later = due > created.astype("datetime64[D]")
        return weekday & later & (batch <= np.datetime64(self._moment, "ms")), batch


def _ranked(times: np.ndarray, after: int) -> np.ndarray:
    """Keys beyond `after` in the order of times."""
    keys = np.empty(len(times), dtype=np.int32)
    keys[np.argsort(times, kind="stable")] = np.arange(after + 1, after + len(times) + 1, dtype=np.int32)
    return keys
