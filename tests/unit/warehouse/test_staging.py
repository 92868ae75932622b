"""Which staging tables belong to runs that are surely over."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from totelake.warehouse.staging import is_left_over, note

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def comment(made: datetime) -> str:
    """The note of a table that was made then."""
    return note("staging.x", made).split("'")[1]


@pytest.mark.parametrize(
    ("text", "is_over"),
    [
        (comment(NOW - timedelta(hours=25)), True),
        (comment(NOW - timedelta(hours=23)), False),
        (comment(NOW + timedelta(hours=1)), False),
        (None, False),
        ("somebody's table", False),
    ],
    ids=["yesterday", "today", "a clock that is ahead", "no note", "another note"],
)
def test_only_a_table_that_says_it_is_older_than_a_day_is_left_over(text: str | None, is_over: bool) -> None:
    assert is_left_over(text, NOW) is is_over
