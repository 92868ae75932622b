"""Business goes on in totesys: real transactions by the application, with everything that makes capture hard."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Any

from totelake.errors import SourceError
from totelake.seed.application import SILENT, Application, application
from totelake.seed.plan import PURCHASES_PER_DAY, SALES_PER_DAY, SILENT_PER_DAY

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Simulation:
    """How many changes of each kind were made, each in a transaction of its own."""

    sales_orders: int = 0
    purchase_orders: int = 0
    payments_made: int = 0
    silent_edits: int = 0
    edits: int = 0
    deletions: int = 0
    refunds: int = 0
    new_parties: int = 0
    late_commits: int = 0
    no_op_updates: int = 0
    bad_dates: int = 0

    def __add__(self, other: Simulation) -> Simulation:
        return Simulation(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def new_order(dsn: str, at: datetime | None = None, seed: int | None = None) -> int:
    """One sales order with transaction and payment, stamped `at` (now); its key."""
    with application(dsn, seed) as app:
        key = app.sale(at or _now())
        app.commit()
        return key


def silent_edit(dsn: str, at: datetime | None = None, seed: int | None = None) -> tuple[str, int]:
    """One edit of a sales order that leaves `last_updated` alone; table and key."""
    with application(dsn, seed) as app:
        key = app.silent_edit("sales_order", at or _now())
        app.commit()
        return "sales_order", key


def _now() -> datetime:
    """The time as totesys stores it: UTC, whole milliseconds."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def simulate(
    dsn: str,
    days: int = 1,
    rate: float = 1.0,
    seed: int | None = None,
    progress: Progress = lambda _: None,
    bad_dates: int = 0,
) -> Simulation:
    """So many working days of business at `rate` times the real one, after the newest order; what was done."""
    with application(dsn, seed) as app, application(dsn, seed) as late:
        dice = random.Random(seed)  # nosec B311 # made-up business, nothing secret
        newest = app.one("SELECT max(created_at) FROM sales_order")
        app.commit()
        if newest is None:
            raise SourceError("totesys has no orders; run `totelake seed`")
        day, done = newest.date(), Simulation()
        for _ in range(days):
            day = _next_working_day(day)
            progress(f"business on {day}")
            done += _one_day(app, late, dice, day, rate)
        for _ in range(bad_dates):
            app.bad_date()
            app.commit()
    return done + Simulation(bad_dates=bad_dates)


def _next_working_day(day: date) -> date:
    day += timedelta(1)
    while day.weekday() > 4:
        day += timedelta(1)
    return day


def _some(dice: random.Random, mean: float, least: int = 0) -> int:
    """A Poisson number, at least `least`: arrivals at exponential distances."""
    count, passed = 0, dice.expovariate(1.0)
    while passed < mean:
        count, passed = count + 1, passed + dice.expovariate(1.0)
    return max(least, count)


def _one_day(app: Application, late: Application, dice: random.Random, day: date, rate: float) -> Simulation:
    def moment() -> datetime:
        minute, second = dice.randrange(11 * 60), dice.randint(9, 13)
        return datetime(day.year, day.month, day.day, 8, 0, second, dice.randrange(1000) * 1000) + timedelta(
            minutes=minute
        )

    morning = datetime(day.year, day.month, day.day, 7, 55, 11, dice.randrange(1000) * 1000)
    paid = app.pay(day, morning)
    app.commit()
    late.sale(moment())
    counts = {
        "sales_orders": _some(dice, SALES_PER_DAY * rate, 1),
        "purchase_orders": _some(dice, PURCHASES_PER_DAY * rate, 1),
        "silent_edits": 3 * _some(dice, SILENT_PER_DAY * rate, 1),
        "edits": _some(dice, rate, 1),
        "deletions": _some(dice, 0.5 * rate),
        "refunds": _some(dice, 0.5 * rate),
        "new_parties": _some(dice, 0.3 * rate),
        "no_op_updates": _some(dice, rate, 1),
    }
    tables = tuple(SILENT)
    todo: list[Callable[[], Any]] = [lambda: app.sale(moment())] * counts["sales_orders"]
    todo += [lambda: app.purchase(moment())] * counts["purchase_orders"]
    for number in range(counts["silent_edits"]):
        todo.append(partial(app.silent_edit, tables[number % len(tables)], moment()))
    todo += [lambda: app.edit(moment())] * counts["edits"] + [app.delete] * counts["deletions"]
    todo += [lambda: app.refund(moment())] * counts["refunds"] + [app.no_op] * counts["no_op_updates"]
    todo += [lambda: app.new_party(moment())] * counts["new_parties"]
    dice.shuffle(todo)
    for act in todo:
        act()
        app.commit()
    late.commit()
    return Simulation(payments_made=paid, late_commits=1, **counts)
