"""Dates and times read by a format, of MySQL or of Joda, and written in Joda's."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from localathena.sql.python_moments import _DAYS, _MONTHS, _REFUSED, local, offset, offset_text, utc, zone
from localathena.sql.refusals import failed

_INVALID = "INVALID_FUNCTION_ARGUMENT"
_NAMES = {
    "MonthOfYear": (1, 12), "DayOfMonth": (1, 31), "HourOfDay": (0, 23), "ClockhourOfHalfday": (1, 12),
    "MinuteOfHour": (0, 59), "SecondOfMinute": (0, 59), "DayOfYear": (1, 366),
}  # fmt: skip
# the letters that MySQL's format reads: a field, and its pattern
_READ = {
    "Y": ("year", r"[+-]?\d{1,4}"), "y": ("short", r"\d{2}"), "m": ("MonthOfYear", r"\d{1,2}"),
    "c": ("MonthOfYear", r"\d{1,2}"), "d": ("DayOfMonth", r"\d{1,2}"), "e": ("DayOfMonth", r"\d{1,2}"),
    "H": ("HourOfDay", r"\d{1,2}"), "k": ("HourOfDay", r"\d{1,2}"), "h": ("ClockhourOfHalfday", r"\d{1,2}"),
    "I": ("ClockhourOfHalfday", r"\d{1,2}"), "l": ("ClockhourOfHalfday", r"\d{1,2}"), "i": ("MinuteOfHour", r"\d{1,2}"),
    "s": ("SecondOfMinute", r"\d{1,2}"), "S": ("SecondOfMinute", r"\d{1,2}"), "f": ("fraction", r"\d{1,9}"),
    "p": ("half", r"[aApP][mM]"), "M": ("month", r"[A-Za-z]+"), "b": ("month", r"[A-Za-z]+"),
    "W": ("weekday", r"[A-Za-z]+"), "a": ("weekday", r"[A-Za-z]+"), "j": ("DayOfYear", r"\d{1,3}"),
}  # fmt: skip
_WHOLE = {"T": "%H:%i:%s", "r": "%h:%i:%s %p"}
# Joda's letters that are read
_JODA = {
    "y": ("year", r"[+-]?\d{1,9}"), "Y": ("year", r"[+-]?\d{1,9}"), "d": ("DayOfMonth", r"\d{1,2}"),
    "H": ("HourOfDay", r"\d{1,2}"), "h": ("ClockhourOfHalfday", r"\d{1,2}"), "m": ("MinuteOfHour", r"\d{1,2}"),
    "s": ("SecondOfMinute", r"\d{1,2}"), "S": ("fraction", r"\d{1,9}"), "a": ("half", r"[aApP][mM]"),
    "E": ("weekday", r"[A-Za-z]+"), "D": ("DayOfYear", r"\d{1,3}"),
    "Z": ("zone", r"Z|[+-]\d{2}:?\d{2}"),
}  # fmt: skip
_JODA_TOKENS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", re.DOTALL)


def date_parse(text: str, form: str) -> datetime:
    """A time out of a text in MySQL's format."""
    for letter, meant in _WHOLE.items():
        form = form.replace(f"%{letter}", meant)
    parts: list[tuple[str, str]] = []
    for found in re.finditer(r"%(.)|(.)", form, re.DOTALL):
        letter = found[1]
        if letter in _READ:
            parts.append(_READ[letter])
        elif letter and letter in _REFUSED + "vx":
            raise failed(_INVALID, f"%{letter} not supported in date format string")
        else:
            parts.append(("", re.escape(letter or found[2])))
    return _moment(text, _fields(text, parts))


def parse_datetime(text: str, form: str) -> dict[str, Any]:
    """A moment out of a text in Joda's format; without a zone it is of UTC."""
    parts: list[tuple[str, str]] = []
    for found in _JODA_TOKENS.finditer(form):
        letter, count = found[2], len(found[0])
        if letter is None:
            parts.append(("", re.escape(found[3] or found[1].replace("''", "'") or "'")))
        elif letter == "M":
            parts.append(("month", r"[A-Za-z]+") if count > 2 else ("MonthOfYear", r"\d{1,2}"))
        elif letter in "yY" and count == 2:
            parts.append(("pivot", r"\d{2}"))
        elif letter in _JODA:
            field, pattern = _JODA[letter]
            # a field right before another has only its own digits
            parts.append((field, pattern))
        else:
            raise failed("NOT_SUPPORTED", f"the letter {letter} of a format is not read on this machine")
    fields = _fields(text, parts)
    name = "UTC" if fields.get("zone", "Z") == "Z" else zone(fields["zone"])
    return {"utc": utc(_moment(text, fields), name), "zone": name}


def _fields(text: str, parts: list[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in parts]
    # fields without a separator have their full width
    patterns = [
        re.sub(r"\\d\{1,(\d)\}", r"\\d{\1}", pattern)
        if name and place + 1 < len(parts) and names[place + 1]
        else pattern
        for place, (name, pattern) in enumerate(parts)
    ]
    found = re.fullmatch("".join(f"({pattern})" for pattern in patterns), text)
    if found is None:
        raise failed(_INVALID, f'Invalid format: "{text}"')
    return {name: value for name, value in zip(names, found.groups()) if name}


def _moment(text: str, fields: dict[str, str]) -> datetime:
    for name, (least, most) in _NAMES.items():
        if name in fields and not least <= int(fields[name]) <= most:
            raise failed(
                _INVALID,
                f'Cannot parse "{text}": Value {int(fields[name])} for {name} must be in the range [{least},{most}]',
            )
    year = int(fields.get("year", 1970))
    if "short" in fields or "pivot" in fields:
        short = int(fields.get("short", fields.get("pivot", "0")))
        year = short + (1900 if short >= 70 else 2000) if "short" in fields else short + 2000
    month = int(fields.get("MonthOfYear", 1))
    if "month" in fields:
        named = [name.lower() for name in _MONTHS]
        wanted = fields["month"].lower()
        matching = [number for number, name in enumerate(named, 1) if wanted in (name, name[:3])]
        if not matching:
            raise failed(_INVALID, f'Invalid format: "{text}"')
        month = matching[0]
    hour = int(fields.get("HourOfDay", 0))
    if "ClockhourOfHalfday" in fields:
        hour = int(fields["ClockhourOfHalfday"]) % 12 + (12 if fields.get("half", "AM").upper() == "PM" else 0)
    fraction = int(fields.get("fraction", "0")[:6].ljust(6, "0")) // 1000 * 1000
    try:
        moment = datetime(
            year, month, int(fields.get("DayOfMonth", 1)), hour, int(fields.get("MinuteOfHour", 0)),
            int(fields.get("SecondOfMinute", 0)), fraction,
        )  # fmt: skip
    except ValueError as error:
        raise failed(_INVALID, f'Cannot parse "{text}": {error}') from None
    return moment + timedelta(days=int(fields["DayOfYear"]) - 1) if "DayOfYear" in fields else moment


def format_datetime(moment: datetime, name: str, form: str) -> str:
    """A moment in Joda's format."""
    shown = local(moment, name)
    parts = []
    for found in _JODA_TOKENS.finditer(form):
        if found[2] is None:
            parts.append(found[3] or found[1].replace("''", "'") or "'")
        else:
            parts.append(_joda(shown, moment, name, found[2], len(found[0])))
    return "".join(parts)


def _joda(shown: datetime, moment: datetime, name: str, letter: str, count: int) -> str:
    if letter in "yYxC":
        year = {"x": shown.isocalendar()[0], "C": shown.year // 100}.get(letter, shown.year)
        return f"{year % 100:02}" if count == 2 else str(year).rjust(count, "0")
    if letter == "M" and count > 2:
        return _MONTHS[shown.month - 1][: 3 if count == 3 else None]
    if letter == "E":
        return _DAYS[shown.weekday()][: None if count > 3 else 3]
    if letter == "a":
        return "AM" if shown.hour < 12 else "PM"
    if letter == "G":
        return "AD"
    if letter == "S":
        return f"{shown.microsecond:06}".ljust(count, "0")[:count]
    if letter == "Z":
        minutes = offset(moment, name)
        written = offset_text(timedelta(minutes=minutes)) if minutes else "+00:00"
        return name if count > 2 else written if count == 2 else written.replace(":", "")
    numbers = {
        "M": shown.month, "d": shown.day, "H": shown.hour, "h": shown.hour % 12 or 12, "K": shown.hour % 12,
        "k": shown.hour or 24, "m": shown.minute, "s": shown.second, "D": shown.timetuple().tm_yday,
        "w": shown.isocalendar()[1], "e": shown.isoweekday(),
    }  # fmt: skip
    if letter not in numbers:
        raise failed("NOT_SUPPORTED", f"the letter {letter} of a format is not written on this machine")
    return str(numbers[letter]).rjust(count, "0")
