"""Glue's schedules."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from localglue.cron import check, next_fire, to_croniter
from localglue.errors import InvalidInput

# a Tuesday
NOW = datetime(2026, 11, 24, 5, 3, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("cron(0/10 * * * ? *)", "2026-11-24 05:10"),
        ("cron(15 12 * * ? *)", "2026-11-24 12:15"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-24 18:00"),
        ("cron(0 8 1 * ? *)", "2026-12-01 08:00"),
        ("cron(0 9 ? * 1 *)", "2026-11-29 09:00"),
        ("cron(0 9 ? * 7 *)", "2026-11-28 09:00"),
        ("cron(0 9 ? * L *)", "2026-11-28 09:00"),
        ("cron(0 9 ? * 2-6 *)", "2026-11-24 09:00"),
        ("cron(0 9 ? * 1,4 *)", "2026-11-25 09:00"),
        ("cron(0 9 ? * 3#1 *)", "2026-12-01 09:00"),
        ("cron(0 9 ? * 6L *)", "2026-11-27 09:00"),
        ("cron(0 12 L * ? *)", "2026-11-30 12:00"),
        ("cron(0 12 1 1 ? 2028)", "2028-01-01 12:00"),
    ],
)
def test_the_next_time_is_glue_s(expression: str, first: str) -> None:
    found = next_fire(expression, NOW)
    assert found is not None and found.strftime("%Y-%m-%d %H:%M") == first


def test_a_schedule_of_the_past_never_fires_again() -> None:
    assert next_fire("cron(0 12 1 1 ? 2020)", NOW) is None
    check("cron(0 12 1 1 ? 2020)", NOW)


def test_days_of_the_week_count_from_sunday() -> None:
    assert to_croniter("cron(0 9 ? * 1,3-5,7L,2#2 *)") == "0 9 * * 0,2-4,L6,1#2 0 *"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("0 9 * * ? *", "is not a schedule; write cron"),
        ("cron(0 9 * * ?)", "is not a schedule; write cron"),
        ("rate(5 minutes)", "is not a schedule; write cron"),
        ("cron(0 9 * * * *)", "exactly one of Day-of-month and Day-of-week"),
        ("cron(0 9 ? * ? *)", "exactly one of Day-of-month and Day-of-week"),
        ("cron(0 9 3W * ? *)", "does not support W"),
        ("cron(61 9 * * ? *)", "is not a valid schedule"),
        ("cron(0/4 * * * ? *)", "more often than every 5 minutes"),
    ],
)
def test_what_glue_rejects_is_rejected(expression: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message.replace("(", r"\(")):
        check(expression, NOW)
