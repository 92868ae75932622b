"""dim_date: which years are missing, and what is said of each day."""

from __future__ import annotations

from datetime import date

import pytest

from totelake.star import dim_date
from totelake.star.dim_date import Years


@pytest.mark.parametrize(
    ("covered", "needed", "missing"),
    [
        (None, None, []),
        (None, (2023, 2025), [2023, 2024, 2025]),
        ((2023, 2025), None, []),
        ((2023, 2025), (2024, 2024), []),
        ((2023, 2025), (2023, 2027), [2026, 2027]),
        ((2023, 2025), (2020, 2022), [2020, 2021, 2022]),
        ((2023, 2025), (2018, 2019), [2018, 2019, 2020, 2021, 2022]),
        ((2023, 2025), (2029, 2030), [2026, 2027, 2028, 2029, 2030]),
        ((2023, 2025), (2022, 2026), [2022, 2026]),
    ],
)
def test_missing_years_close_every_gap_and_repeat_none(
    covered: Years | None, needed: Years | None, missing: list[int]
) -> None:
    assert dim_date.missing_years(covered, needed) == missing
    after = dim_date.union(covered, needed)
    before = range(covered[0], covered[1] + 1) if covered else range(0)
    assert sorted([*before, *missing]) == (list(range(after[0], after[1] + 1)) if after else [])


@pytest.mark.parametrize(
    ("day", "weekday", "day_name", "month_name", "quarter"),
    [
        (date(2024, 1, 1), 1, "Monday", "January", 1),
        (date(2024, 2, 29), 4, "Thursday", "February", 1),
        (date(2024, 3, 31), 7, "Sunday", "March", 1),
        (date(2024, 4, 2), 2, "Tuesday", "April", 2),
        (date(2024, 5, 1), 3, "Wednesday", "May", 2),
        (date(2024, 6, 30), 7, "Sunday", "June", 2),
        (date(2024, 7, 5), 5, "Friday", "July", 3),
        (date(2024, 8, 31), 6, "Saturday", "August", 3),
        (date(2024, 9, 30), 1, "Monday", "September", 3),
        (date(2024, 10, 1), 2, "Tuesday", "October", 4),
        (date(2024, 11, 30), 6, "Saturday", "November", 4),
        (date(2024, 12, 31), 2, "Tuesday", "December", 4),
    ],
)
def test_a_day_is_told_in_english_and_by_iso(
    day: date, weekday: int, day_name: str, month_name: str, quarter: int
) -> None:
    assert dim_date.day_row(day) == {
        "date_id": day,
        "year": day.year,
        "month": day.month,
        "day": day.day,
        "day_of_week": weekday,
        "day_name": day_name,
        "month_name": month_name,
        "quarter": quarter,
    }
