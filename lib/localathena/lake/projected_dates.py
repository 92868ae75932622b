"""Dates of partition projection: Java's formats, ranges that may have NOW in them, and steps of calendar units."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta, timezone

from localathena.sql.refusals import not_here, refuse

# letters of Java's date formats that a folder's name may have
_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_FORMAT = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'")
# seconds, and months
_SECONDS = {"MILLIS": 0.001, "SECONDS": 1, "MINUTES": 60, "HOURS": 3600, "DAYS": 86400, "WEEKS": 604800}
_MONTHS = {"MONTHS": 1, "YEARS": 12}
_NOW = re.compile(r"NOW\s*(?:([+-])\s*(\d{1,9})\s*(SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|YEAR)S?)?", re.IGNORECASE)


class Dates:
    """The values of a key: those of a format, from one end of a range to the other, step by step."""

    def __init__(self, key: str, written: str, ends: list[str], interval: int, unit: str) -> None:
        self._key, self._form = key, _strptime(key, written)
        self.slashes = self._form.count("/")
        if unit and unit not in _SECONDS and unit not in _MONTHS:
            known = ", ".join((*_SECONDS, *_MONTHS))
            refuse("INVALID_TABLE_PROPERTY", f"projection.{key}.interval.unit is '{unit}'; it is one of {known}")
        self._interval, self._unit = interval, unit
        self._low, self._high = (self._end(end, written) for end in ends)
        if self._low > self._high:
            refuse(
                "INVALID_TABLE_PROPERTY", f"projection.{key}.range is '{','.join(ends)}'; its first end is the later"
            )

    def __contains__(self, value: str) -> bool:
        """Whether a folder's value is one of them, written as the format writes it."""
        moment = self._read(value)
        if moment is None or moment.strftime(self._form) != value or not self._low <= moment <= self._high:
            return False
        if self._unit in _MONTHS:
            apart = (moment.year - self._low.year) * 12 + moment.month - self._low.month
            step = self._interval * _MONTHS[self._unit]
            return apart % step == 0 and _add(self._low, apart, "MONTHS") == moment
        if not self._unit:
            return True
        step_length = timedelta(seconds=_SECONDS[self._unit]) * self._interval
        return (moment - self._low) % step_length == timedelta(0)

    def _read(self, value: str) -> datetime | None:
        try:
            return datetime.strptime(value, self._form)
        except ValueError:
            return None

    def _end(self, text: str, written: str) -> datetime:
        """The end of a range: a date, or NOW with what is added to it, as exact as the format is."""
        found = _NOW.fullmatch(text)
        moment = self._read(text)
        try:
            if found is not None:
                now = datetime.now(timezone.utc).replace(tzinfo=None)
                amount = int(f"{found[1]}{found[2]}") if found[1] else 0
                unit = f"{(found[3] or 'day').upper()}S"
                moment = self._read(_add(now, amount, unit).strftime(self._form))
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            refuse(
                "INVALID_TABLE_PROPERTY",
                f"'{text}' in projection.{self._key}.range is no date of the form {written}, nor NOW with a number of "
                "units that is added or taken away",
            )
        return moment


def _strptime(key: str, written: str) -> str:
    """A format of Java as Python has it. Raises Refused for letters that are not read here."""
    parts = []
    for found in _FORMAT.finditer(written):
        text = found[0]
        if text in _LETTERS:
            parts.append(_LETTERS[text])
        elif found[2] or text == "'":
            not_here(f"the date format {written} of projection.{key}.format")
        else:
            literal = "'" if text == "''" else found[1].replace("''", "'") if found[1] is not None else text
            parts.append(literal.replace("%", "%%"))
    return "".join(parts)


def _add(moment: datetime, amount: int, unit: str) -> datetime:
    """A moment, and a number of units later; a day that its month lacks is the month's last."""
    if unit in _SECONDS:
        return moment + timedelta(seconds=amount * _SECONDS[unit])
    year, month = divmod(moment.year * 12 + moment.month - 1 + amount * _MONTHS[unit], 12)
    if not 1 <= year <= 9999:
        raise OverflowError("the year is not one of 1 to 9999")
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
