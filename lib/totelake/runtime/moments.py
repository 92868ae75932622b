"""The times that the suite makes itself: UTC, in whole milliseconds, which is all that Athena shows of a timestamp.

Athena rounds what is finer: a time with microseconds would differ there from what parquet and the warehouse have, and
the last half millisecond of a day would be the next day.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

STEP = timedelta(milliseconds=1)


def now() -> datetime:
    """The time, in UTC and whole milliseconds."""
    return whole(datetime.now(timezone.utc))


def whole(moment: datetime) -> datetime:
    """The millisecond that a time lies in, never a later one."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def following(moment: datetime, before: datetime | None) -> datetime:
    """A time in whole milliseconds, or the first one after `before` where that is not later, whatever clocks show."""
    found = whole(moment)
    return found if before is None or found > before else whole(before) + STEP
