"""Glue's schedules: `cron(Minutes Hours Day-of-month Month Day-of-week Year)`, in UTC."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from croniter import CroniterError, croniter

from localglue.errors import InvalidInput

_FORM = re.compile(r"cron\((.*)\)", re.DOTALL)
_FINEST = timedelta(minutes=5)
_LOOKED_AT = 4


def next_fire(expression: str, after: datetime) -> datetime | None:
    """The first moment after `after` that the schedule names, or None when there is none any more."""
    try:
        found: datetime = _iterator(expression, after).get_next(datetime)
    except CroniterError:
        return None
    return found


def check(expression: str, now: datetime | None = None) -> None:
    """Raises InvalidInput when Glue would refuse the schedule: malformed, or more often than every 5 minutes."""
    iterator = _iterator(expression, now or datetime.now(timezone.utc))
    try:
        fires = [iterator.get_next(datetime) for _ in range(_LOOKED_AT)]
    except CroniterError:
        return
    if any(later - earlier < _FINEST for earlier, later in zip(fires, fires[1:], strict=False)):
        raise InvalidInput(f"{expression} fires more often than every 5 minutes, which is the finest that Glue allows")


def translated(expression: str) -> str:
    """The schedule as croniter writes it: minute hour day month weekday second year, Sunday is 0."""
    form = _FORM.fullmatch(expression.strip())
    fields = form.group(1).split() if form else []
    if len(fields) != 6:
        raise InvalidInput(
            f"'{expression}' is no schedule; write cron(Minutes Hours Day-of-month Month Day-of-week Year), in UTC"
        )
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise InvalidInput(f"{expression}: exactly one of Day-of-month and Day-of-week must be '?'")
    if "W" in day:
        raise InvalidInput(f"{expression}: localglue does not know W, the nearest weekday; name the days instead")
    return " ".join([minute, hour, day.replace("?", "*"), month, _weekdays(weekday), "0", year])


def _iterator(expression: str, start: datetime) -> croniter:
    try:
        return croniter(translated(expression), start.astimezone(timezone.utc))
    except CroniterError as problem:
        raise InvalidInput(f"{expression} is no schedule that can be read: {problem}") from problem


def _weekdays(field: str) -> str:
    """Glue counts the days of the week from Sunday = 1, croniter from 0 and with the last one the other way round."""
    return ",".join(_weekday(part) for part in field.replace("?", "*").split(","))


def _weekday(part: str) -> str:
    last = re.fullmatch(r"([1-7])L", part)
    if last:
        return f"L{int(last.group(1)) - 1}"
    if part == "L":
        return "6"
    head, mark, rest = re.match(r"([^#/]*)([#/]?)(.*)", part).groups()  # type: ignore[union-attr]
    return re.sub(r"\d+", lambda number: str(int(number.group()) - 1), head) + mark + rest
