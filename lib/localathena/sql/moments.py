# ruff: noqa: E501
"""Athena's functions of dates and times; a moment with a zone is a struct of its time in UTC and its zone."""

from __future__ import annotations

from collections.abc import Iterator

from localathena.sql.signatures import Signature, table_of

_DAY, _HOUR, _MINUTE = 86_400_000, 3_600_000, 60_000
_LOCAL = "py_local({0}.utc, {0}.zone)"
# what is read off a date or a time: names, and SQL over {0}
_PARTS = {
    ("year",): "year({0})",
    ("quarter",): "quarter({0})",
    ("month",): "month({0})",
    ("week", "week_of_year"): "week({0})",
    ("day", "day_of_month"): "day({0})",
    ("day_of_week", "dow"): "isodow({0})",
    ("day_of_year", "doy"): "dayofyear({0})",
    ("year_of_week", "yow"): "isoyear({0})",
}
_TIMES = {
    "hour": "hour({0})",
    "minute": "minute({0})",
    "second": "second({0})",
    "millisecond": "millisecond({0}) % 1000",
}

_TABLE = f"""
last_day_of_month(M) -> date : last_day({{0}})
last_day_of_month(Z) -> date : last_day({_LOCAL})
to_unixtime(M) -> double : epoch(CAST({{0}} AS TIMESTAMP))
to_unixtime(Z) -> double : epoch({{0}}.utc)
from_unixtime(double) -> timestamp(3) with time zone : struct_pack(utc := make_timestamp(CAST(round({{0}} * 1000) AS BIGINT) * 1000), zone := 'UTC')
from_unixtime(double, varchar) -> timestamp(3) with time zone : struct_pack(utc := make_timestamp(CAST(round({{0}} * 1000) AS BIGINT) * 1000), zone := py_zone({{1}}))
from_iso8601_date(varchar) -> date : py_iso_date({{0}})
from_iso8601_timestamp(varchar) -> timestamp(3) with time zone : py_iso_timestamp({{0}})
to_iso8601(date) -> varchar(16) : strftime({{0}}, '%Y-%m-%d')
to_iso8601(M) -> varchar(26) : replace(py_moment_text({{0}}, {{Mp}}), ' ', 'T')
to_iso8601(Z) -> varchar(32) : py_to_iso({{0}}.utc, {{0}}.zone, {{Zp}})
at_timezone(Z, varchar) -> Z : struct_pack(utc := {{0}}.utc, zone := py_zone({{1}}))
at_timezone(M, varchar) -> timestamp(3) with time zone : struct_pack(utc := CAST({{0}} AS TIMESTAMP), zone := py_zone({{1}}))
with_timezone(M, varchar) -> timestamp(3) with time zone : struct_pack(utc := py_utc(CAST({{0}} AS TIMESTAMP), {{1}}), zone := py_zone({{1}}))
timezone_hour(Z) -> bigint : py_offset({{0}}.utc, {{0}}.zone) // 60
timezone_minute(Z) -> bigint : py_offset({{0}}.utc, {{0}}.zone) % 60
current_timezone() -> varchar : 'UTC'
date_format(M, varchar) -> varchar : py_date_format(CAST({{0}} AS TIMESTAMP), {{1}})
date_format(Z, varchar) -> varchar : py_date_format({_LOCAL}, {{1}})
date_parse(varchar, varchar) -> timestamp(3) : py_date_parse({{0}}, {{1}})
format_datetime(M, varchar) -> varchar : py_format_datetime(CAST({{0}} AS TIMESTAMP), 'UTC', {{1}})
format_datetime(Z, varchar) -> varchar : py_format_datetime({{0}}.utc, {{0}}.zone, {{1}})
parse_datetime(varchar, varchar) -> timestamp(3) with time zone : py_parse_datetime({{0}}, {{1}})
human_readable_seconds(double) -> varchar : py_human_seconds({{0}})
parse_duration(varchar) -> interval day to second : py_duration({{0}})
to_milliseconds(interval day to second) -> bigint : {{0}}
year(interval year to month) -> bigint : ({{0}} // 12)
month(interval year to month) -> bigint : ({{0}} % 12)
day(interval day to second) -> bigint : ({{0}} // {_DAY})
hour(interval day to second) -> bigint : ({{0}} % {_DAY} // {_HOUR})
minute(interval day to second) -> bigint : ({{0}} % {_HOUR} // {_MINUTE})
second(interval day to second) -> bigint : ({{0}} % {_MINUTE} // 1000)
millisecond(interval day to second) -> bigint : ({{0}} % 1000)
"""


def _parts() -> Iterator[Signature]:
    for names, sql in _PARTS.items():
        for name in names:
            yield Signature(name, ("M",), "bigint", sql)
            yield Signature(name, ("Z",), "bigint", sql.format(_LOCAL))
    for name, sql in _TIMES.items():
        yield Signature(name, ("time(3)",), "bigint", sql)
        yield Signature(name, ("timestamp(3)",), "bigint", sql)
        yield Signature(name, ("timestamp(6)",), "bigint", sql)
        yield Signature(name, ("Z",), "bigint", sql.format(_LOCAL))


SIGNATURES = [*table_of(_TABLE), *_parts()]
# what EXTRACT may name, and the function of that
EXTRACTED = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "day": "day", "day_of_month": "day",
    "day_of_week": "day_of_week", "dow": "day_of_week", "day_of_year": "day_of_year", "doy": "day_of_year",
    "year_of_week": "year_of_week", "yow": "year_of_week", "hour": "hour", "minute": "minute", "second": "second",
    "timezone_hour": "timezone_hour", "timezone_minute": "timezone_minute",
}  # fmt: skip
