"""The filters of ListCrawls."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localapi.documents import Document
from localglue.errors import InvalidInput, with_hint

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq, "NE": operator.ne, "GT": operator.gt, "GE": operator.ge, "LT": operator.lt, "LE": operator.le,
}  # fmt: skip
_TEXTS = {"CRAWL_ID": "CrawlId", "STATE": "State"}
_TIMES = {"START_TIME": "StartTime", "END_TIME": "EndTime"}
_MEMBERS = ("FieldName", "FilterOperator", "FieldValue")
Matches = Callable[[Document], bool]


def filter_of(filters: Sequence[Document]) -> Matches:
    """Whether a crawl as ListCrawls shows it fits every filter. Raises InvalidInput for one that cannot be compared."""
    tests = [_test(one) for one in filters]
    return lambda crawl: all(test(crawl) for test in tests)


def _test(one: Document) -> Matches:
    if not all(one.get(member) for member in _MEMBERS):
        shown = ", ".join(f"{member}: {one.get(member) or 'null'}" for member in _MEMBERS)
        raise InvalidInput(f"Invalid Filter Provided: {shown}")
    field, compare, value = one["FieldName"], one["FilterOperator"], one["FieldValue"]
    if field in _TEXTS:
        if compare not in ("EQ", "NE"):
            raise InvalidInput(f"Only EQ or NE operator is allowed for field : {field}")
        return lambda crawl: _COMPARE[compare](crawl[_TEXTS[field]], value)
    number = _number(field, value)
    return lambda crawl: (found := _found(crawl, field)) is not None and _COMPARE[compare](found, number)


def _found(crawl: Document, field: str) -> float | None:
    """The crawl's DPU hours, or a time in milliseconds since the epoch; None for the end of one that goes on."""
    if field not in _TIMES:
        hours: float = crawl["DPUHour"]
        return hours
    moment = crawl.get(_TIMES[field])
    return None if moment is None else moment * 1000


def _number(field: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as problem:
        what = "a time in milliseconds since the epoch" if field in _TIMES else "a number of DPU hours"
        words = f"Invalid Filter Provided: FieldValue: {value}"
        raise InvalidInput(with_hint(words, f"{field} is compared with {what}")) from problem
