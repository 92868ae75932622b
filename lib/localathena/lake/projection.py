"""Partition projection: which partitions a table's properties describe, and where they lie.

Only folders that have objects matter, so what is there is held against the ranges, whatever their size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone

from localathena.sql.refusals import not_here, refuse

ENABLED = "projection.enabled"
_TEMPLATE = "storage.location.template"
_DEFAULT = "__HIVE_DEFAULT_PARTITION__"
# letters of Java's date formats that a folder's name may have
_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_UNITS = {
    "SECONDS": 1, "MINUTES": 60, "HOURS": 3600, "DAYS": 86400, "WEEKS": 604800,
}  # fmt: skip
_NOW = re.compile(r"NOW\s*(?:([+-])\s*(\d+)\s*(SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|YEAR)S?)?", re.IGNORECASE)
_Test = Callable[[str], bool]


def is_projected(parameters: Mapping[str, str]) -> bool:
    """Whether a table's partitions are projected in place of those that are registered."""
    return str(parameters.get(ENABLED, "")).lower() == "true"


def injected(parameters: Mapping[str, str], keys: list[str]) -> list[str]:
    """The keys of which a query has to say the values."""
    return [key for key in keys if _given(parameters, key, "type").lower() == "injected"]


class Projection:
    """The partitions of one table."""

    def __init__(self, parameters: Mapping[str, str], keys: list[str], location: str) -> None:
        self._keys = keys
        template = parameters.get(_TEMPLATE) or "/".join([location.rstrip("/"), *(f"{key}=${{{key}}}" for key in keys)])
        self._template = template.rstrip("/")
        lacking = [key for key in keys if f"${{{key}}}" not in template]
        if lacking:
            refuse("INVALID_TABLE_PROPERTY", f"{_TEMPLATE} does not name the partition key {', '.join(lacking)}")
        constant = self._template.partition("${")[0]
        self.root = constant[: constant.rindex("/") + 1]
        self._pattern = re.compile(self._written())
        self._tests = {key: _test_of(parameters, key) for key in keys}

    def _written(self) -> str:
        """The template as a pattern of the addresses of objects; a key that stands twice has one value."""
        parts, seen = [], set()
        for text in re.split(r"(\$\{[^}]+\})", self._template):
            key = text[2:-1] if text.startswith("${") else None
            if key is None:
                parts.append(re.escape(text))
            elif key in seen:
                parts.append(f"(?P=k{self._keys.index(key)})")
            else:
                seen.add(key)
                parts.append(f"(?P<k{self._keys.index(key)}>[^/]+)")
        return "".join(parts) + "/"

    def values(self, address: str) -> tuple[str, ...] | None:
        """The partition in which an object lies; None when it lies in none."""
        found = self._pattern.match(address)
        if found is None:
            return None
        values = tuple(found[f"k{number}"] for number in range(len(self._keys)))
        fits = all(self._tests[key](value) for key, value in zip(self._keys, values))
        return values if fits and _DEFAULT not in values else None


def _given(parameters: Mapping[str, str], key: str, what: str) -> str:
    return str(parameters.get(f"projection.{key}.{what}", ""))


def _test_of(parameters: Mapping[str, str], key: str) -> _Test:
    """Whether a value is one of those that the properties describe."""
    kind = _given(parameters, key, "type").lower()
    if kind == "injected":
        return lambda value: True
    if kind == "enum":
        known = {value.strip() for value in _given(parameters, key, "values").split(",")}
        return known.__contains__
    ends = [end.strip() for end in _given(parameters, key, "range").split(",")]
    if kind not in ("integer", "date") or len(ends) != 2:
        refuse(
            "INVALID_TABLE_PROPERTY",
            f"projection.{key}.type is '{kind}' with the range '{','.join(ends)}'; it is enum, integer, date or "
            "injected, and a range has two ends",
        )
    return _integer(parameters, key, ends) if kind == "integer" else _date(parameters, key, ends)


def _integer(parameters: Mapping[str, str], key: str, ends: list[str]) -> _Test:
    digits, step = _given(parameters, key, "digits"), int(_given(parameters, key, "interval") or 1)
    low, high = (int(end) for end in ends)

    def test(value: str) -> bool:
        if not re.fullmatch(r"-?\d+", value) or (digits and len(value) != int(digits)):
            return False
        return low <= int(value) <= high and (int(value) - low) % step == 0

    return test


def _date(parameters: Mapping[str, str], key: str, ends: list[str]) -> _Test:
    written = _given(parameters, key, "format") or "yyyy-MM-dd"
    unit = _given(parameters, key, "interval.unit").upper()
    step = int(_given(parameters, key, "interval") or 1)
    form = re.sub("|".join(_LETTERS), lambda found: _LETTERS[found[0]], written.replace("'", ""))
    if re.search(r"[A-Za-z]", re.sub(r"%.", "", form).replace("T", "").replace("Z", "")):
        not_here(f"the date format {written} of projection.{key}.format")
    low, high = (_moment(end, form) for end in ends)
    seconds = _UNITS.get(unit, 0) * step

    def test(value: str) -> bool:
        try:
            moment = datetime.strptime(value, form)
        except ValueError:
            return False
        return low <= moment <= high and (not seconds or (moment - low).total_seconds() % seconds == 0)

    return test


def _moment(text: str, form: str) -> datetime:
    """The end of a range: a date, or NOW with what is added to it."""
    found = _NOW.fullmatch(text)
    if found is None:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            refuse("INVALID_TABLE_PROPERTY", f"'{text}' is no date of the form that projection.*.format says")
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    if not found[1]:
        return now
    days = {"MONTH": 30, "YEAR": 365}.get(found[3].upper())
    seconds = int(found[2]) * (days * 86400 if days else _UNITS[f"{found[3].upper()}S"])
    return now + timedelta(seconds=seconds if found[1] == "+" else -seconds)
