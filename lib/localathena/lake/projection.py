"""Partition projection: which partitions a table's properties describe, and where they lie.

Only folders that have objects matter, so what is there is held against the ranges, whatever their size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localathena.lake.projected_dates import Dates
from localathena.sql.refusals import refuse

ENABLED = "projection.enabled"
_TEMPLATE = "storage.location.template"
_DEFAULT = "__HIVE_DEFAULT_PARTITION__"
# no longer than a long of Java
_NUMBER = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True)
class _Test:
    """Whether a value is one of a key's, and how many slashes each of them has."""

    fits: Callable[[str], bool]
    slashes: int = 0


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
        self._tests = {key: _test_of(parameters, key) for key in keys}
        self._pattern = re.compile(self._written())

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
                further = f"(?:/[^/]+){{{self._tests[key].slashes}}}" if key in self._tests else ""
                parts.append(f"(?P<k{self._keys.index(key)}>[^/]+{further})")
        return "".join(parts) + "/"

    def values(self, address: str) -> tuple[str, ...] | None:
        """The partition in which an object lies; None when it lies in none."""
        found = self._pattern.match(address)
        if found is None:
            return None
        values = tuple(found[f"k{number}"] for number in range(len(self._keys)))
        fits = all(self._tests[key].fits(value) for key, value in zip(self._keys, values))
        return values if fits and _DEFAULT not in values else None


def _given(parameters: Mapping[str, str], key: str, what: str) -> str:
    return str(parameters.get(f"projection.{key}.{what}", ""))


def _test_of(parameters: Mapping[str, str], key: str) -> _Test:
    """Whether a value is one of those that the properties describe, and how many slashes it has."""
    kind = _given(parameters, key, "type").strip().lower()
    if kind == "injected":
        return _Test(lambda value: True)
    if kind == "enum":
        known = {value.strip() for value in _given(parameters, key, "values").split(",")}
        return _Test(known.__contains__)
    ends = [end.strip() for end in _given(parameters, key, "range").split(",")]
    if kind not in ("integer", "date") or len(ends) != 2:
        refuse(
            "INVALID_TABLE_PROPERTY",
            f"projection.{key}.type is '{kind}' with the range '{','.join(ends)}'; it is enum, integer, date or "
            "injected, and a range has two ends",
        )
    step = _whole(parameters, key, "interval", 1)
    if kind == "integer":
        return _Test(_integer(parameters, key, ends, step))
    written = _given(parameters, key, "format") or "yyyy-MM-dd"
    dates = Dates(key, written, ends, step, _given(parameters, key, "interval.unit").strip().upper())
    return _Test(dates.__contains__, dates.slashes)


def _whole(parameters: Mapping[str, str], key: str, what: str, otherwise: int) -> int:
    """A number of a property that is 1 or more."""
    given = _given(parameters, key, what).strip()
    if not given:
        return otherwise
    if not _NUMBER.fullmatch(given) or int(given) < 1:
        refuse("INVALID_TABLE_PROPERTY", f"projection.{key}.{what} is '{given}'; it is a whole number from 1 on")
    return int(given)


def _integer(parameters: Mapping[str, str], key: str, ends: list[str], step: int) -> Callable[[str], bool]:
    digits = _whole(parameters, key, "digits", 0)
    if not all(map(_NUMBER.fullmatch, ends)) or int(ends[0]) > int(ends[1]):
        refuse(
            "INVALID_TABLE_PROPERTY",
            f"projection.{key}.range is '{','.join(ends)}'; it has two whole numbers, of which the first is not the "
            "greater",
        )
    low, high = (int(end) for end in ends)

    def test(value: str) -> bool:
        if not _NUMBER.fullmatch(value) or (digits and len(value) != digits):
            return False
        return low <= int(value) <= high and (int(value) - low) % step == 0

    return test
