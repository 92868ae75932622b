"""The planners of the company: files of sales targets, a month each, and now and then a revision of some of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Callable

from totelake.errors import SourceError
from totelake.seed.application import application

TARGETS = "targets"
"""The source that the files are of."""
_PREFIX = "sales_target"
_CURRENCIES = ("GBP", "USD", "EUR")
_REVISED = 0.2
Put = Callable[[str, bytes], object]


def drop_targets(dsn: str, put: Put, days: int = 1, seed: int | None = None) -> int:
    """Write the targets of the newest order's month and of the next one, and revisions, by key and content.

    A month's file has the same content each time. How many files were written. Raises SourceError without orders.
    """
    with application(dsn, seed) as app:
        newest = app.one("SELECT max(created_at) FROM sales_order")
        departments = app.one("SELECT array_agg(department_name ORDER BY department_id) FROM department")
        app.commit()
    if newest is None or not departments:
        raise SourceError("totesys has no orders; run `totelake seed`")
    written = dict(_files(newest.date(), departments, days, random.Random(seed)))  # nosec B311 # made-up business
    for name, records in written.items():
        put(f"{_PREFIX}/{name}.json", json.dumps(records, indent=1).encode("utf-8"))
    return len(written)


def _files(
    day: date, departments: list[str], days: int, dice: random.Random
) -> Iterator[tuple[str, list[dict[str, object]]]]:
    month = day.replace(day=1)
    for first in (month, (month + timedelta(32)).replace(day=1)):
        yield f"{first:%Y-%m}", list(_targets(first, departments))
    for number in range(days):
        if dice.random() < _REVISED:
            some = dice.sample(list(_targets(month, departments)), 2)
            for record in some:
                record["amount"] = str(Decimal(str(record["amount"])) + dice.randint(1, 50) * 100)
            yield f"{month:%Y-%m}-revised-{day:%d}-{number}", some


def _targets(month: date, departments: list[str]) -> Iterator[dict[str, object]]:
    """A month's targets, which are the same whoever asks."""
    dice = random.Random(month.isoformat())  # nosec B311 # made-up business
    for department in departments:
        for currency in _CURRENCIES:
            amount = f"{dice.randint(100, 900) * 100}.00"
            yield {"month": month.isoformat(), "department": department, "currency": currency, "amount": amount}
