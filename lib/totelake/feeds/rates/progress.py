"""Which days' rates are there, and which a run asks for; pure.

A run asks for what is not there, and for the newest days again, which may have been corrected. A day that a provider
has not, or answers wrongly, stays wanted, behind the others. What is there stays there whatever a clock shows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """A set of days, as ranges in order that do not touch: (first, last) each."""

    ranges: tuple[tuple[date, date], ...] = ()

    @classmethod
    def of(cls, document: Iterable[Sequence[str]]) -> Days:
        """Read it from a manifest. Raises ValueError for what is none."""
        days = cls(tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in document))
        before = None
        for first, last in days.ranges:
            if first > last or (before is not None and first <= before + _DAY):
                raise ValueError(f"{first} to {last} is no range after {before}")
            before = last
        return days

    @property
    def document(self) -> list[list[str]]:
        """The form in a manifest."""
        return [[first.isoformat(), last.isoformat()] for first, last in self.ranges]

    @property
    def last(self) -> date | None:
        """The last day; None when there is none."""
        return self.ranges[-1][1] if self.ranges else None

    def __contains__(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self.ranges)

    def __iter__(self) -> Iterator[date]:
        for first, last in self.ranges:
            for number in range((last - first).days + 1):
                yield first + number * _DAY

    def with_days(self, days: Iterable[date]) -> Days:
        """These days and others."""
        merged: list[tuple[date, date]] = []
        for first, last in sorted([*self.ranges, *((day, day) for day in days)]):
            if merged and first <= merged[-1][1] + _DAY:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return Days(tuple(merged))


@dataclass(frozen=True)
class Wanted:
    """A day, and the bases whose rates of it are asked for."""

    day: date
    bases: tuple[str, ...]


@dataclass(frozen=True)
class Period:
    """The days that rates are wanted of: from `first` on, None for today alone. The newest `recheck` are asked for
    again in each run; a run asks for `most` days."""

    first: date | None
    recheck: int = 3
    most: int = 400


def wanted(
    there: Mapping[str, Days], bases: Sequence[str], today: date, period: Period, vain: Sequence[date] = ()
) -> list[Wanted]:
    """What a run asks for on a day, in the order in which it asks: the newest days first, and behind them those that
    were asked for in vain, the longest ago first, so that they keep no other from its turn.

    `there` are the days whose rates are there, by base; `vain` is as `still_vain` gives it.
    """
    if period.first is None:
        return [Wanted(today, tuple(bases))]
    again = today - (period.recheck - 1) * _DAY
    found = []
    for number in range((today - period.first).days + 1):
        day = today - number * _DAY
        asked = tuple(base for base in bases if day >= again or day not in there.get(base, Days()))
        if asked:
            found.append(Wanted(day, asked))
    place = {day: number for number, day in enumerate(vain, 1)}
    in_turn = sorted(found, key=lambda item: place.get(item.day, 0))
    # the newest are asked for in any run, whatever their turn
    others = [item.day for item in in_turn if item.day < again]
    chosen = set(others[: max(period.most - period.recheck, 1)])
    return [item for item in in_turn if item.day >= again or item.day in chosen]


def still_vain(vain: Sequence[date], asked: Sequence[date], there: Collection[Days], period: Period) -> list[date]:
    """The days that were asked for in vain, the longest ago first, after a run that asked for some more.

    `there` are the days whose rates are there now, of each base.
    """
    first, again = period.first, frozenset(asked)
    if first is None:
        return []
    days = [*(day for day in vain if day not in again), *asked]
    return [day for day in days if day >= first and any(day not in known for known in there)]
