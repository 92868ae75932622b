"""The days that runs ask for: whatever clocks and providers do, each day that there is comes, and stays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from totelake.feeds.rates.progress import Days, Period, Wanted, wanted

START = date(2026, 1, 1)
BASES = ("EUR", "USD")
days = st.integers(0, 60).map(lambda number: START + timedelta(days=number))


@given(st.lists(st.lists(days)))
def test_days_are_a_set(several: list[list[date]]) -> None:
    found = Days()
    for some in several:
        found = found.with_days(some)
    every = {day for some in several for day in some}
    assert list(found) == sorted(every) and found.last == max(every, default=None)
    assert all((day in found) == (day in every) for day in (START + timedelta(days=n) for n in range(-1, 62)))
    assert Days.of(found.document) == found


@pytest.mark.parametrize(
    "document",
    [
        [["2026-01-02", "2026-01-01"]],
        [["2026-01-01", "2026-01-03"], ["2026-01-04", "2026-01-05"]],
        [["2026-01-01", "soon"]],
    ],
)
def test_a_damaged_record_is_refused(document: list[list[str]]) -> None:
    with pytest.raises(ValueError):
        Days.of(document)


def test_the_first_run_asks_for_all_days_and_the_next_for_the_newest_again() -> None:
    period, today = Period(START, recheck=2), START + timedelta(days=3)
    first = wanted({}, BASES, today, period)
    assert first == [Wanted(START + timedelta(days=number), BASES) for number in range(4)]
    there = dict.fromkeys(BASES, Days().with_days(item.day for item in first))
    assert [item.day for item in wanted(there, BASES, today, period)] == [START + timedelta(days=2), today]
    tomorrow = today + timedelta(days=1)
    assert [item.day for item in wanted(there, BASES, tomorrow, period)] == [today, tomorrow]
    more = wanted(there, (*BASES, "JPY"), today, period)
    assert [item.bases for item in more] == [("JPY",), ("JPY",), (*BASES, "JPY"), (*BASES, "JPY")]


def test_a_provider_of_now_is_asked_for_today_alone() -> None:
    assert wanted({}, BASES, START, Period(None)) == [Wanted(START, BASES)]


def test_before_the_first_day_nothing_is_asked_for() -> None:
    assert wanted({}, BASES, START - timedelta(days=1), Period(START)) == []


@settings(max_examples=40)
@given(
    clocks=st.lists(st.integers(-5, 90), max_size=12),
    lost=st.lists(st.tuples(days, st.integers(1, 12)), max_size=20),
    most=st.integers(30, 80),
)
def test_in_the_end_each_day_that_there_is_has_come_once(
    clocks: list[int], lost: list[tuple[date, int]], most: int
) -> None:
    """Runs at any time, also one that has been; a day comes at the provider after some runs, or at once."""
    there: dict[str, Days] = {}
    fresh: list[tuple[date, str]] = []
    truth = START + timedelta(days=60)
    late = dict(lost)
    # days in which each window of the period has its turn
    for run, clock in enumerate([*clocks, *[60] * 40]):
        today = START + timedelta(days=clock) if run < len(clocks) else truth + timedelta(days=run - len(clocks))
        period = Period(START, recheck=2, most=most)
        for item in wanted(there, BASES, today, period):
            assert START <= item.day <= today
            if item.day > truth or late.get(item.day, 0) > run:
                continue
            for base in item.bases:
                known = there.get(base, Days())
                fresh += [(item.day, base)] if item.day not in known else []
                there[base] = known.with_days([item.day])
    every = [(START + timedelta(days=number), base) for number in range(61) for base in BASES]
    assert sorted(fresh) == sorted(every)
