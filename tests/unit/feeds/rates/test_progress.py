"""The days that runs ask for: whatever clocks and providers do, each day that there is comes, and stays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from totelake.feeds.rates.progress import Days, Period, Wanted, still_vain, wanted

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
    assert first == [Wanted(START + timedelta(days=number), BASES) for number in (3, 2, 1, 0)]
    there = dict.fromkeys(BASES, Days().with_days(item.day for item in first))
    assert [item.day for item in wanted(there, BASES, today, period)] == [today, START + timedelta(days=2)]
    tomorrow = today + timedelta(days=1)
    assert [item.day for item in wanted(there, BASES, tomorrow, period)] == [tomorrow, today]
    more = wanted(there, (*BASES, "JPY"), today, period)
    assert [item.bases for item in more] == [(*BASES, "JPY"), (*BASES, "JPY"), ("JPY",), ("JPY",)]


def test_a_provider_of_now_is_asked_for_today_alone() -> None:
    assert wanted({}, BASES, START, Period(None)) == [Wanted(START, BASES)]


def test_before_the_first_day_nothing_is_asked_for() -> None:
    assert wanted({}, BASES, START - timedelta(days=1), Period(START)) == []


def test_what_came_in_vain_is_asked_for_last_and_the_newest_days_always() -> None:
    period, today = Period(START, recheck=1, most=3), START + timedelta(days=5)
    every = [START + timedelta(days=number) for number in range(6)]
    vain = (every[4], today, every[2], every[0])
    assert [item.day for item in wanted({}, BASES, today, period, vain)] == [every[3], every[1], today]
    came = [Days().with_days([every[1], every[2]])] * 2
    assert still_vain(vain, [every[3], every[1], today], came, period) == [every[4], every[0], every[3], today]
    assert still_vain(vain, [today], came, Period(None)) == []


@settings(max_examples=40)
@given(
    clocks=st.lists(st.integers(-5, 90), max_size=12),
    lost=st.lists(st.tuples(days, st.integers(1, 12)), max_size=20),
    most=st.integers(5, 80),
    step=st.sampled_from([1, 3, 7]),
)
def test_in_the_end_each_day_that_there_is_has_come_once(
    clocks: list[int], lost: list[tuple[date, int]], most: int, step: int
) -> None:
    """Runs at any time, also one that has been, then each day or week; a day comes at the provider after some runs.

    A run asks for eight times the days that pass between two: with fewer than pass no order would catch up.
    """
    most = max(most, 8 * step)
    there: dict[str, Days] = {}
    fresh: list[tuple[date, str]] = []
    vain: list[date] = []
    truth = START + timedelta(days=60)
    late = dict(lost)
    period = Period(START, recheck=2, most=most)
    for run, clock in enumerate([*clocks, *range(60, 60 + 60 * step, step)]):
        today = START + timedelta(days=clock)
        asked = wanted(there, BASES, today, period, vain)
        assert len(asked) <= most and all(START <= item.day <= today for item in asked)
        for item in asked:
            if item.day > truth or late.get(item.day, 0) > run:
                continue
            for base in item.bases:
                known = there.get(base, Days())
                fresh += [(item.day, base)] if item.day not in known else []
                there[base] = known.with_days([item.day])
        now = [there.get(base, Days()) for base in BASES]
        vain = still_vain(vain, [item.day for item in asked], now, period)
    every = [(START + timedelta(days=number), base) for number in range(61) for base in BASES]
    assert sorted(fresh) == sorted(every)
