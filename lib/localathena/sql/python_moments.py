"""What DuckDB has no function for: zones, and the formats of dates and times that Athena has of MySQL and of Joda."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from localathena.sql.refusals import failed

_INVALID = "INVALID_FUNCTION_ARGUMENT"
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2}):?(\d{2})?")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_ISO = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?(Z|[+-]\d{2}:?\d{2})?"
)
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*")
_UNITS = {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_Letter = Callable[[datetime], str]


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo:
    offset = _OFFSET.fullmatch(name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    if name.upper() in ("UTC", "Z", "GMT", "UT", "ETC/UTC"):
        return timezone.utc
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise failed(_INVALID, f"'{name}' is not a valid time zone") from None


def zone(name: str) -> str:
    """A zone's name as Athena shows it. Raises for what is none."""
    found = _zone(name)
    if isinstance(found, ZoneInfo):
        return found.key
    return offset_text(found.utcoffset(None))


def offset_text(offset: timedelta | None) -> str:
    """+01:00; UTC without an offset."""
    minutes = int((offset or timedelta()).total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"


def local(utc: datetime, name: str) -> datetime:
    """The time that a clock of the zone shows."""
    return utc.replace(tzinfo=timezone.utc).astimezone(_zone(name)).replace(tzinfo=None)


def utc(shown: datetime, name: str) -> datetime:
    """The time in UTC when a clock of the zone shows another."""
    return shown.replace(tzinfo=_zone(name)).astimezone(timezone.utc).replace(tzinfo=None)


def offset(moment: datetime, name: str) -> int:
    """A zone's offset at a time in UTC, in minutes."""
    return int((local(moment, name) - moment).total_seconds() // 60)


def zoned(text: str) -> tuple[datetime, str] | None:
    """A moment out of a text that ends in a zone; None when it is none."""
    found = re.fullmatch(
        r"\s*(\d{4}-\d{1,2}-\d{1,2})(?:[ T](\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?"
        r"(?: ?([+-]\d{2}:?\d{2})| ([A-Za-z_/+\-0-9:]+))\s*",
        text,
    )
    if found is None:
        return None
    clock = found[2] or "00:00"
    clock = clock if clock.count(":") == 2 else f"{clock}:00"
    year, month, day = map(int, found[1].split("-"))
    hour, minute, rest = clock.split(":")
    seconds, _, fraction = rest.partition(".")
    shown = datetime(year, month, day, int(hour), int(minute), int(seconds), int(fraction[:6].ljust(6, "0") or 0))
    name = zone(found[3] or found[4])
    return utc(shown, name), name


def cast_zoned(text: str) -> dict[str, Any]:
    """A text as a moment with a zone; without one it is of UTC."""
    try:
        found = zoned(text) or zoned(f"{text.strip()} UTC")
    except ValueError as error:
        if str(error).startswith("~"):
            raise
        found = None
    if found is None:
        raise failed("INVALID_CAST_ARGUMENT", f"Value cannot be cast to timestamp with time zone: {text}")
    return {"utc": found[0], "zone": found[1]}


def zoned_text(moment: datetime, name: str, digits: int) -> str:
    """A moment with its zone, as Athena writes it."""
    return f"{moment_text(local(moment, name), digits)} {name}"


def moment_text(moment: datetime, digits: int) -> str:
    """A time with so many digits behind the seconds, the next place rounded."""
    if digits < 6:
        unit = 10 ** (6 - digits)
        moment += timedelta(microseconds=(moment.microsecond + unit // 2) // unit * unit - moment.microsecond)
    whole = moment.strftime("%H:%M:%S")
    shown = f"{moment.year:04}-{moment.month:02}-{moment.day:02} {whole}"
    return f"{shown}.{f'{moment.microsecond:06}'[:digits]}" if digits else shown


def iso_date(text: str) -> date:
    """A date of ISO 8601."""
    try:
        week = re.fullmatch(r"(\d{4})-W(\d{2})(?:-(\d))?", text)
        if week:
            return date.fromisocalendar(int(week[1]), int(week[2]), int(week[3] or 1))
        days = re.fullmatch(r"(\d{4})-(\d{3})", text)
        if days:
            return date(int(days[1]), 1, 1) + timedelta(days=int(days[2]) - 1)
        found = re.fullmatch(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", text)
        if found:
            return date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        pass
    raise failed(_INVALID, f'Invalid format: "{text}"')


def iso_timestamp(text: str) -> dict[str, Any]:
    """A moment of ISO 8601; without an offset it is of UTC."""
    found = _ISO.fullmatch(text)
    try:
        if found:
            fields = [int(item or default) for item, default in zip(found.groups()[:6], (0, 1, 1, 0, 0, 0))]
            shown = datetime(*fields[:6]).replace(microsecond=int((found[7] or "0")[:3].ljust(3, "0")) * 1000)  # type: ignore[arg-type]
            name = "UTC" if found[8] in (None, "Z") else zone(found[8])
            return {"utc": utc(shown, name), "zone": name}
    except ValueError:
        pass
    raise failed(_INVALID, f'Invalid format: "{text}"')


def to_iso(moment: datetime, name: str, digits: int) -> str:
    """A moment as ISO 8601 writes it."""
    minutes = offset(moment, name)
    shown = moment_text(local(moment, name), digits).replace(" ", "T")
    return shown + ("Z" if not minutes else offset_text(timedelta(minutes=minutes)))


def human_seconds(seconds: float) -> str:
    """Seconds in weeks, days, hours, minutes and seconds."""
    rest = round(abs(seconds))
    parts: list[str] = []
    for name, size in (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count or (name == "second" and not parts):
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts)


def duration(text: str) -> int:
    """A length of time in milliseconds: 3.81 d."""
    found = _DURATION.fullmatch(text)
    if found is None or found[2] not in _UNITS:
        raise failed(_INVALID, f"duration is not a valid data duration string: {text}")
    return round(float(found[1]) * _UNITS[found[2]])


def _twelve(hour: int) -> int:
    return hour % 12 or 12


# the letters of MySQL's format
_MYSQL: dict[str, _Letter] = {
    "a": lambda t: _DAYS[t.weekday()][:3],
    "b": lambda t: _MONTHS[t.month - 1][:3],
    "c": lambda t: str(t.month),
    "d": lambda t: f"{t.day:02}",
    "e": lambda t: str(t.day),
    "f": lambda t: f"{t.microsecond:06}",
    "H": lambda t: f"{t.hour:02}",
    "h": lambda t: f"{_twelve(t.hour):02}",
    "I": lambda t: f"{_twelve(t.hour):02}",
    "i": lambda t: f"{t.minute:02}",
    "j": lambda t: f"{t.timetuple().tm_yday:03}",
    "k": lambda t: str(t.hour),
    "l": lambda t: str(_twelve(t.hour)),
    "M": lambda t: _MONTHS[t.month - 1],
    "m": lambda t: f"{t.month:02}",
    "p": lambda t: "AM" if t.hour < 12 else "PM",
    "r": lambda t: f"{_twelve(t.hour):02}:{t.minute:02}:{t.second:02} {'AM' if t.hour < 12 else 'PM'}",
    "S": lambda t: f"{t.second:02}",
    "s": lambda t: f"{t.second:02}",
    "T": lambda t: f"{t.hour:02}:{t.minute:02}:{t.second:02}",
    "v": lambda t: f"{t.isocalendar()[1]:02}",
    "W": lambda t: _DAYS[t.weekday()],
    "x": lambda t: f"{t.isocalendar()[0]:04}",
    "Y": lambda t: f"{t.year:04}",
    "y": lambda t: f"{t.year % 100:02}",
    "%": lambda t: "%",
}
_REFUSED = "DUVuwX"


def date_format(moment: datetime, form: str) -> str:
    """A time in MySQL's format."""

    def put(found: re.Match[str]) -> str:
        letter = found[1]
        if letter in _REFUSED:
            raise failed(_INVALID, f"%{letter} not supported in date format string")
        return _MYSQL[letter](moment) if letter in _MYSQL else letter

    return re.sub(r"%(.)", put, form)
