"""dim_date: whole years, from the one before the earliest date that any fact refers to, to the one after the latest."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from totelake.contracts.model import Table
from totelake.contracts.types import spark_type
from totelake.lake.records.star_commit import Years
from totelake.star.projection import columns_text, valid_date
from totelake.star.sorting import METADATA_TYPES


def years_of(events: Sequence[tuple[Table, DataFrame]], target: Table) -> Years | None:
    """The first and last year that the events' dates need, both sides widened by one; None without a date.

    A value that is no valid date is left to the facts, which quarantine its row.
    """
    frames = []
    for source, frame in events:
        columns = [source.column(item.column) for item in target.key[0].sources if item.table == source.name]
        row = F.array(*[valid_date(column) for column in columns])
        frames.append(frame.select(F.array_min(row).alias("first"), F.array_max(row).alias("last")))
    first, last = reduce(DataFrame.unionByName, frames).agg(F.min("first"), F.max("last")).collect()[0]
    return (first.year - 1, last.year + 1) if first is not None else None


def missing_years(covered: Years | None, needed: Years | None) -> list[int]:
    """The years to add so that what is covered stays without gaps."""
    if needed is None:
        return []
    if covered is None:
        return list(range(needed[0], needed[1] + 1))
    return [*range(needed[0], covered[0]), *range(covered[1] + 1, needed[1] + 1)]


def union(covered: Years | None, needed: Years | None) -> Years | None:
    """What is covered after the missing years are added."""
    both = [years for years in (covered, needed) if years is not None]
    return (min(first for first, _ in both), max(last for _, last in both)) if both else None


def day_row(day: date) -> dict[str, object]:
    """One day's columns. Names are English whatever the machine's language; weeks begin on Monday (ISO 8601)."""
    return {
        "date_id": day,
        "year": day.year,
        "month": day.month,
        "day": day.day,
        "day_of_week": day.isoweekday(),
        "day_name": _DAYS[day.weekday()],
        "month_name": _MONTHS[day.month],
        "quarter": (day.month + 2) // 3,
    }


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def build(spark: SparkSession, target: Table, years: list[int], batch: int, captured_at: datetime) -> DataFrame:
    """Every day of the years."""
    rows = []
    for year in years:
        first = date(year, 1, 1)
        for offset in range(366 if calendar.isleap(year) else 365):
            values = day_row(first + timedelta(days=offset))
            rows.append([values[name] for name in target.column_names] + ["I", batch, captured_at])
    types = {column.name: spark_type(column.type) for column in target.columns}
    return spark.createDataFrame(rows, columns_text({**types, **METADATA_TYPES})).coalesce(1)
