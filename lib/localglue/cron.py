"""Glue's schedules: `cron(Minutes Hours Day-of-month Month Day-of-week Year)`, in UTC."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from croniter import CroniterError, croniter

from localglue.errors import InvalidInput

_FORM = re.compile(r"cron\((.*)\)", re.DOTALL)
_SHORTEST_INTERVAL = timedelta(minutes=5)
_FIRES_CHECKED = 4


def next_fire(expression: str, after: datetime) -> datetime | None:
    """The first time after `after` at which the schedule fires; None if it never fires again."""
    try:
        found: datetime = _iterator(expression, after).get_next(datetime)
    except CroniterError:
        return None
    return found


def check(expression: str, now: datetime | None = None) -> None:
    """Raises InvalidInput for a schedule that Glue rejects: malformed, or more often than every 5 minutes."""
    iterator = _iterator(expression, now or datetime.now(timezone.utc))
    try:
        fires = [iterator.get_next(datetime) for _ in range(_FIRES_CHECKED)]
    except CroniterError:
        return
    if any(later - earlier < _SHORTEST_INTERVAL for earlier, later in zip(fires, fires[1:], strict=False)):
        raise InvalidInput(f"{expression} fires more often than every 5 minutes; choose a longer interval")


def to_croniter(expression: str) -> str:
    """The schedule for croniter: minute hour day month weekday second year, with Sunday as 0. Raises InvalidInput."""
    form = _FORM.fullmatch(expression.strip())
    fields = form.group(1).split() if form else []
    if len(fields) != 6:
        raise InvalidInput(
            f"'{expression}' is not a schedule; write cron(Minutes Hours Day-of-month Month Day-of-week Year), in UTC"
        )
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise InvalidInput(f"{expression}: exactly one of Day-of-month and Day-of-week must be '?'")
    if "W" in day:
        raise InvalidInput(f"{expression}: localglue does not support W, the nearest weekday; name the days instead")
    return " ".join([minute, hour, day.replace("?", "*"), month, _weekdays(weekday), "0", year])


def _iterator(expression: str, start: datetime) -> croniter:
    try:
        return croniter(to_croniter(expression), start.astimezone(timezone.utc))
    except CroniterError as problem:
        raise InvalidInput(f"{expression} is not a valid schedule ({problem}); correct that field") from problem


def _weekdays(field: str) -> str:
    """The field for croniter. Glue counts from Sunday = 1 and writes the last Friday as 6L; croniter from 0, and L5."""
    return ",".join(_weekday(part) for part in field.replace("?", "*").split(","))


def _weekday(part: str) -> str:
    last = re.fullmatch(r"([1-7])L", part)
    if last:
        return f"L{int(last.group(1)) - 1}"
    if part == "L":
        return "6"
    head, mark, rest = re.match(r"([^#/]*)([#/]?)(.*)", part).groups()  # type: ignore[union-attr]
    return re.sub(r"\d+", lambda number: str(int(number.group()) - 1), head) + mark + rest
