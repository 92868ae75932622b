"""Which days' rates are there, and which a run asks for; pure.

A run asks for what is not there, and for the newest days again, which may have been corrected. A day that a provider
has not stays wanted. What is there stays there whatever a clock shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    again; a run asks for `most` days, first for the newest, and for older ones in turn."""

    first: date | None
    recheck: int = 3
    most: int = 400


def wanted(there: Mapping[str, Days], bases: Sequence[str], today: date, period: Period) -> list[Wanted]:
    """What a run asks for on a day, the oldest first. `there` are the days whose rates are there, by base."""
    if period.first is None:
        return [Wanted(today, tuple(bases))]
    again = today - (period.recheck - 1) * _DAY
    found = []
    for number in range((today - period.first).days + 1):
        day = today - number * _DAY
        asked = tuple(base for base in bases if day >= again or day not in there.get(base, Days()))
        if asked:
            found.append(Wanted(day, asked))
    return sorted(_limited(found, today, period), key=lambda item: item.day)


def _limited(newest_first: list[Wanted], today: date, period: Period) -> list[Wanted]:
    """As many as a run asks for: half of them the newest; then those of one window of days, each day the next one, so
    that days which no provider has keep no older one from its turn; then more of the newest."""
    if period.first is None or len(newest_first) <= period.most:
        return newest_first
    half = max(period.most // 2, 1)
    windows = (today - period.first).days // half + 1
    turn = today.toordinal() % windows
    older = newest_first[half:]
    in_turn = [item for item in older if (item.day - period.first).days // half == turn]
    others = [item for item in older if (item.day - period.first).days // half != turn]
    return [*newest_first[:half], *in_turn, *others][: period.most]
