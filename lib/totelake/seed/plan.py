"""How much is generated: orders of both kinds over the working days of some years; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from totelake.errors import ConfigurationError

SALES_PER_DAY, PURCHASES_PER_DAY, DESIGNS_PER_DAY, SILENT_PER_DAY = 21.0, 8.8, 0.6, 0.35
_DEFAULT_ORDERS = 2_000
# three years of working days: a larger business has more orders a day, not a longer past
_LONGEST = 783
# what the contracts call the earliest plausible time
_EARLIEST = date(1900, 1, 1)
_LARGEST_KEY = 2**31 - 1


@dataclass(frozen=True)
class Plan:
    """Sales and purchase orders, spread evenly over the days."""

    sales: int
    purchases: int
    days: tuple[date, ...]


def plan_of(orders: int | None, days: int | None, until: date) -> Plan:
    """Fill in what is not given: 21 sales orders a working day, more of them a day where that were over three years.

    `days` are calendar days. Raises ConfigurationError for less than one order or day, for a history that would begin
    before 1900, and for more orders than keys.
    """
    if (orders is not None and orders < 1) or (days is not None and days < 1):
        raise ConfigurationError("a history needs at least one order and one day; give larger numbers")
    most = (until - _EARLIEST).days + 1
    if days is not None and days > most:
        raise ConfigurationError(f"a history of {days} days would begin before 1900; give at most {most}")
    working = _working_days_within(until, days) if days else _working_days(until, _span(orders or _DEFAULT_ORDERS))
    sales = orders if orders is not None else round(SALES_PER_DAY * len(working))
    purchases = max(1, round(sales * PURCHASES_PER_DAY / SALES_PER_DAY))
    if sales + purchases > _LARGEST_KEY:
        most = int(_LARGEST_KEY / (1 + PURCHASES_PER_DAY / SALES_PER_DAY))
        raise ConfigurationError(
            f"{sales} sales orders have more transactions than there are keys; give at most {most}"
        )
    return Plan(sales, purchases, working)


def _span(orders: int) -> int:
    return min(_LONGEST, max(1, round(orders / SALES_PER_DAY)))


def _working_days_within(until: date, days: int) -> tuple[date, ...]:
    """The working days among the last so many days; the last working day where there is none."""
    found = tuple(d for d in (until - timedelta(n) for n in reversed(range(days))) if d.weekday() < 5)
    return found or _working_days(until, 1)


def _working_days(until: date, count: int) -> tuple[date, ...]:
    found: list[date] = []
    day = until
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day -= timedelta(1)
    return tuple(reversed(found))
