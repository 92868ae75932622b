"""A realistic history of totesys at any size: the distributions measured on the real database, from a seed number."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError
from totelake.seed.people import People
from totelake.seed.schema import create_tables, set_sequences, tables, transaction

Progress = Callable[[str], None]
SALES_PER_DAY, PURCHASES_PER_DAY, DESIGNS_PER_DAY, SILENT_PER_DAY = 21.0, 8.8, 0.6, 0.35
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
_OPENS, _MINUTES = 8, 11 * 60
_CHUNK = 200_000
_LETTERS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))


@dataclass(frozen=True)
class Plan:
    """How much is generated: orders of both kinds over the working days up to a date."""

    sales: int
    purchases: int
    days: tuple[date, ...]


def plan_of(orders: int | None, days: int | None, until: date) -> Plan:
    """Fill in what is not given: 21 sales orders a working day. Raises ConfigurationError for less than one."""
    if (orders is not None and orders < 1) or (days is not None and days < 1):
        raise ConfigurationError("a history needs at least one order and one day; give larger numbers")
    if days is None:
        wanted = max(1, round((orders or 2_000) / SALES_PER_DAY))
        working = _working_days(until, wanted)
    else:
        working = tuple(d for d in (until - timedelta(n) for n in reversed(range(days))) if d.weekday() < 5)
        working = working or _working_days(until, 1)
    sales = orders if orders is not None else round(SALES_PER_DAY * len(working))
    return Plan(sales, max(1, round(sales * PURCHASES_PER_DAY / SALES_PER_DAY)), working)


def _working_days(until: date, count: int) -> tuple[date, ...]:
    found: list[date] = []
    day = until
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day -= timedelta(1)
    return tuple(reversed(found))


def seed_generated(
    dsn: str,
    orders: int | None = None,
    seed: int = 1,
    days: int | None = None,
    progress: Progress = lambda _: None,
    until: datetime | None = None,
) -> dict[str, int]:
    """Create totesys anew with a generated history that ends `until` (now); rows by table."""
    moment = until or datetime.now(timezone.utc).replace(tzinfo=None)
    plan = plan_of(orders, days, moment.date() - timedelta(1))
    rows = generate(plan, seed, moment)
    with transaction(dsn) as cursor:
        create_tables(cursor)
        for table in tables():
            progress(f"copying {rows[table.name].num_rows:,} rows of {table.name}")
            _copy(cursor, table.name, rows[table.name])
        set_sequences(cursor)
    return {table.name: rows[table.name].num_rows for table in tables()}


def _copy(cursor: Any, name: str, rows: pa.Table) -> None:
    columns = ", ".join(f'"{column}"' for column in rows.column_names)
    for start in range(0, max(1, rows.num_rows), _CHUNK):
        buffer = io.BytesIO()
        csv.write_csv(rows.slice(start, _CHUNK), buffer)
        buffer.seek(0)
        cursor.copy_expert(f"COPY public.\"{name}\" ({columns}) FROM STDIN WITH (FORMAT csv, HEADER, NULL '')", buffer)


def generate(plan: Plan, seed: int, moment: datetime) -> dict[str, pa.Table]:
    """All rows of all tables, the same for the same plan, seed number and moment."""
    return _History(plan, seed, moment).tables()


class _History:
    def __init__(self, plan: Plan, seed: int, moment: datetime) -> None:
        self._plan, self._moment = plan, moment
        self._numbers = np.random.default_rng(seed)
        self._dice = random.Random(seed)  # nosec B311 # made-up business, nothing secret
        self._days = np.array(plan.days, dtype="datetime64[D]")
        self._start = datetime.combine(plan.days[0], datetime.min.time()) + timedelta(hours=7, minutes=20, seconds=49)
        self._people = People(self._dice, self._start).everything()

    def tables(self) -> dict[str, pa.Table]:
        """Everything."""
        found = {name: _from_rows(name, rows) for name, rows in self._people.items()}
        found["design"], born = self._designs()
        sales_at, purchases_at = self._times(self._plan.sales), self._times(self._plan.purchases)
        sales, purchases = self._sales(sales_at, born), self._purchases(purchases_at)
        found["sales_order"], found["purchase_order"] = (
            _table("sales_order", sales),
            _table("purchase_order", purchases),
        )
        found["transaction"], found["payment"] = self._money(sales, purchases)
        return found

    def _pick(self, count: int, size: int) -> np.ndarray:
        return self._numbers.integers(1, size + 1, count).astype(np.int32)

    def _times(self, count: int) -> np.ndarray:
        """Sorted milliseconds of working hours, flat over the day; seconds between 9 and 13 as in the real data."""
        numbers = self._numbers
        day = self._days[numbers.integers(0, len(self._days), count)].astype("datetime64[ms]")
        minutes = _OPENS * 60 + numbers.integers(0, _MINUTES, count)
        offset = minutes * 60_000 + numbers.integers(9, 14, count) * 1000 + numbers.integers(0, 1000, count)
        return np.sort(day + offset.astype("timedelta64[ms]"))

    def _keys(self, times: np.ndarray) -> np.ndarray:
        """Keys in the order of times, but for the up to 18 ms by which concurrent inserts overtake each other."""
        jitter = self._numbers.integers(0, 19, len(times)).astype("timedelta64[ms]")
        keys = np.empty(len(times), dtype=np.int32)
        keys[np.argsort(times + jitter, kind="stable")] = np.arange(1, len(times) + 1, dtype=np.int32)
        return keys

    def _designs(self) -> tuple[pa.Table, np.ndarray]:
        count = _FIRST_DESIGNS + round(DESIGNS_PER_DAY * len(self._days))
        first = np.full(_FIRST_DESIGNS, np.datetime64(self._start, "ms"))
        born = np.concatenate([first, self._times(count - _FIRST_DESIGNS)])
        names = self._numbers.choice(np.array(DESIGN_NAMES), count)
        suffixes = ["".join(self._dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=4)) for _ in range(count)]
        stamps = [str(day).replace("-", "") for day in born.astype("datetime64[D]")]
        files = [f"{n.lower()}-{stamp}-{suffix}.json" for n, stamp, suffix in zip(names, stamps, suffixes)]
        columns = {
            "design_id": np.arange(1, count + 1, dtype=np.int32),
            "design_name": names,
            "file_location": self._numbers.choice(np.array(PATHS), count),
            "file_name": np.array(files),
            "created_at": born,
            "last_updated": born,
        }
        return _table("design", columns), born

    def _dates(self, times: np.ndarray, most: int) -> np.ndarray:
        days = times.astype("datetime64[D]") + self._numbers.integers(0, most + 1, len(times)).astype("timedelta64[D]")
        found: np.ndarray = days.astype(str)
        return found

    def _order(self, table: str, times: np.ndarray) -> dict[str, np.ndarray]:
        count = len(times)
        return {
            f"{table}_id": self._keys(times),
            "created_at": times,
            "last_updated": times,
            "staff_id": self._pick(count, len(self._people["staff"])),
            "counterparty_id": self._pick(count, len(self._people["counterparty"])),
            "currency_id": self._pick(count, len(self._people["currency"])),
            "agreed_delivery_date": self._dates(times, 7),
            "agreed_payment_date": self._dates(times, 6),
            "agreed_delivery_location_id": self._pick(count, len(self._people["address"])),
        }

    def _sales(self, times: np.ndarray, born: np.ndarray) -> dict[str, np.ndarray]:
        existing = np.searchsorted(born, times, side="right")
        columns = self._order("sales_order", times) | {
            "design_id": (1 + self._numbers.random(len(times)) * existing).astype(np.int32),
            "units_sold": self._numbers.integers(1001, 99_974, len(times)).astype(np.int32),
            "unit_price": self._numbers.integers(200, 401, len(times)),
        }
        self._edit_silently(columns, "staff_id", "agreed_delivery_location_id")
        return columns

    def _purchases(self, times: np.ndarray) -> dict[str, np.ndarray]:
        letters = self._numbers.choice(_LETTERS, (len(times), 7))
        columns = self._order("purchase_order", times) | {
            "item_code": np.array(["".join(row) for row in letters]),
            "item_quantity": self._numbers.integers(1, 1000, len(times)).astype(np.int32),
            "item_unit_price": self._numbers.integers(332, 99_908, len(times)),
        }
        self._edit_silently(columns, "staff_id", "agreed_delivery_location_id")
        return columns

    def _edit_silently(self, columns: Mapping[str, np.ndarray], *names: str) -> None:
        """What the real source does to rows of any age: a column changes and `last_updated` stays."""
        count = round(SILENT_PER_DAY * len(self._days))
        rows = self._numbers.integers(0, len(columns["created_at"]), count)
        for row, name in zip(rows, self._numbers.choice(np.array(names), count)):
            columns[name][row] = self._numbers.integers(1, 21)

    def _money(self, sales: Mapping[str, np.ndarray], purchases: Mapping[str, np.ndarray]) -> tuple[pa.Table, pa.Table]:
        """A transaction and a payment for each order, with the order's time; paid in batches at 07:55."""
        both = {
            name: np.concatenate([sales[name], purchases[name]])
            for name in ("created_at", "counterparty_id", "currency_id", "agreed_payment_date")
        }
        is_sale = np.arange(len(both["created_at"])) < len(sales["created_at"])
        cents = np.concatenate(
            [
                sales["unit_price"].astype(np.int64) * sales["units_sold"],
                purchases["item_unit_price"].astype(np.int64) * purchases["item_quantity"],
            ]
        )
        keys = np.empty(len(is_sale), dtype=np.int32)
        keys[np.argsort(both["created_at"], kind="stable")] = np.arange(1, len(is_sale) + 1, dtype=np.int32)
        sale_ids = np.concatenate([sales["sales_order_id"], np.zeros(len(purchases["created_at"]), dtype=np.int32)])
        purchase_ids = np.concatenate(
            [np.zeros(len(sales["created_at"]), dtype=np.int32), purchases["purchase_order_id"]]
        )
        transactions = {
            "transaction_id": keys,
            "transaction_type": np.where(is_sale, "SALE", "PURCHASE"),
            "sales_order_id": np.ma.masked_array(sale_ids, ~is_sale),
            "purchase_order_id": np.ma.masked_array(purchase_ids, is_sale),
            "created_at": both["created_at"],
            "last_updated": both["created_at"],
        }
        paid, paid_at = self._paid(both["created_at"], both["agreed_payment_date"])
        payments = {
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
            "company_ac_number": self._numbers.integers(10_000_000, 99_999_999, len(keys)).astype(np.int32),
            "counterparty_ac_number": self._numbers.integers(10_000_000, 99_999_999, len(keys)).astype(np.int32),
        }
        return _table("transaction", transactions), _table("payment", payments)

    def _paid(self, created: np.ndarray, due: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Paid is what falls due on a later weekday whose batch has run; each batch has one millisecond of its own."""
        days = due.astype("datetime64[D]")
        batch = days.astype("datetime64[ms]") + np.timedelta64(7 * 3600 + 55 * 60, "s").astype("timedelta64[ms]")
        batch = batch + (days.astype(np.int64) * 7919 % 60_000).astype("timedelta64[ms]")
        weekday = (days.astype(np.int64) + 3) % 7 < 5
        later = days > created.astype("datetime64[D]")
        return weekday & later & (batch <= np.datetime64(self._moment, "ms")), batch


def _from_rows(name: str, rows: list[tuple[object, ...]]) -> pa.Table:
    names = load_contracts().find(name).column_names
    return pa.table({column: [row[place] for row in rows] for place, column in enumerate(names)})


def _table(name: str, columns: Mapping[str, np.ndarray]) -> pa.Table:
    """Columns in the contract's order; amounts, which are in cents, as decimals."""
    arrays = {}
    for column in load_contracts().find(name).columns:
        values = columns[column.name]
        mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
        array = pa.array(np.asarray(values), mask=mask)
        if column.type.startswith("numeric"):
            array = _cents(array)
        arrays[column.name] = array
    return pa.table(arrays)


def _cents(values: pa.Array) -> pa.Array:
    """Whole cents as decimal(18,2), exactly: the unscaled values are the cents."""
    low = values.cast(pa.int64()).to_numpy()
    unscaled = np.stack([low, low >> 63], axis=1).tobytes()
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(low), [None, pa.py_buffer(unscaled)])
