"""Times in whole milliseconds, strictly rising from batch to batch whatever clocks show."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from totelake.capture.ingest import captured_next
from totelake.lake.records.batch import Bookmark
from totelake.runtime import moments

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
MIDNIGHT = NOON.replace(hour=23, minute=59, second=59, microsecond=999_600)
CLOCKS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone.utc))
# a few milliseconds, to meet batches in one of them
NEAR = st.integers(0, 3000).map(lambda microseconds: NOON + timedelta(microseconds=microseconds))


def is_whole(moment: datetime) -> bool:
    """Whether it has no part of a millisecond."""
    return moment.microsecond % 1000 == 0


@given(CLOCKS)
@example(MIDNIGHT)
def test_a_time_is_cut_to_its_millisecond_and_stays_in_its_day(moment: datetime) -> None:
    found = moments.whole(moment)
    assert is_whole(found) and timedelta(0) <= moment - found < moments.STEP
    assert found.date() == moment.date()


def test_the_clock_shows_whole_milliseconds() -> None:
    before = datetime.now(timezone.utc)
    found = moments.now()
    assert is_whole(found) and found.utcoffset() == timedelta(0)
    assert before - moments.STEP < found <= datetime.now(timezone.utc)


@given(st.lists(st.one_of(CLOCKS, NEAR), min_size=1), st.one_of(st.none(), CLOCKS))
@example([NOON, NOON, NOON - timedelta(days=1), NOON], None)
@example([NOON], NOON + timedelta(microseconds=999))
def test_batches_rise_strictly_whatever_the_clock_shows(clocks: list[datetime], older: datetime | None) -> None:
    # the newest batch of a lake from before may have microseconds
    bookmark = Bookmark(captured_at=older.isoformat() if older else "")
    found: list[datetime] = []
    for clock in clocks:
        found.append(captured_next(bookmark, clock))
        bookmark = Bookmark(captured_at=found[-1].isoformat())
    assert all(map(is_whole, found))
    times = [*([older] if older else []), *found]
    assert all(one < other for one, other in zip(times, times[1:]))


@given(NEAR, NEAR)
def test_a_clock_that_is_ahead_is_believed_and_no_other(before: datetime, clock: datetime) -> None:
    found = moments.following(clock, before)
    assert found == (moments.whole(clock) if moments.whole(clock) > before else moments.whole(before) + moments.STEP)
