"""How often something happens: a cadence as people write it, and the runs that a schedule of AWS Glue makes."""

from __future__ import annotations

import re

from totelake.errors import ConfigurationError

DAYS = 30
"""Of a month."""
DAY = 24 * 60
"""Minutes of a day."""
_FASTEST = 5
_UNITS = {"m": 1, "h": 60, "d": DAY}


def minutes(text: str) -> int:
    """A cadence such as 10m or 1h in minutes. Raises ConfigurationError for another form, or faster than Glue's 5 m."""
    found = re.fullmatch(r"(\d+)([mhd])", text)
    cadence = int(found[1]) * _UNITS[found[2]] if found else 0
    if not _FASTEST <= cadence <= DAY:
        raise ConfigurationError(f"--cadence is '{text}'; write 10m or 1h, from {_FASTEST}m (Glue's fastest) to 1d")
    return cadence


def runs_per_month(cron: str) -> float:
    """Runs that a Glue schedule makes in a month; its day, month and year fields are taken for every day's."""
    minute, hour = cron[len("cron(") :].split()[:2]
    return DAYS * _times(minute, 60) * _times(hour, 24)


def _times(text: str, of: int) -> int:
    if text == "*":
        return of
    start, _, step = text.partition("/")
    if step:
        return len(range(0 if start == "*" else int(start), of, int(step)))
    return len(text.split(","))
