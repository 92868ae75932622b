"""A record's values as the contract's types have them: exactly, or not at all.

A value comes from JSON (text, int, Decimal, bool, None) or as a text alone, as CSV has it. Pure.
"""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, Callable

from totelake.contracts.model import Column
from totelake.contracts.types import (
    decimal_of,
    is_text,
    is_time,
    is_timestamp,
    text_limit,
    time_digits,
    timestamp_digits,
)
from totelake.lake.quarantine import INVALID_BYTES, INVALID_VALUE, REQUIRED

_BOUNDS = {"smallint": 1 << 15, "integer": 1 << 31, "bigint": 1 << 63}
# what rounds to infinity in 32 bits, and the largest that rounds to 0: halves of the last and the first step
_REAL_END, _REAL_NONE = 3.4028235677973366e38, 2.0**-150
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
# its exponent is bounded, for a number of a billion digits is no number that anybody meant
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?"
_TIMES = re.compile(_TIME)
_MOMENT = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[T ]{_TIME}(Z|[+-][0-9]{{2}}:?[0-5][0-9])?")
_SURROGATE = re.compile("[\ud800-\udfff]")
# more digits than any number of the lake has, and none of them rounded away
EXACT = Context(prec=100, Emin=-999999, Emax=999999, traps=[Inexact, InvalidOperation])
_LONGEST_SHOWN = 200
_MOST_DIGITS = 1000


class MisfitError(ValueError):
    """A value that its column cannot have: the rule that it breaks, and why in a few words."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(why)
        self.rule, self.why = rule, why


def fitted(column: Column, value: Any) -> Any:
    """The value as Arrow takes it for the column's type; None is NULL. Raises MisfitError."""
    if value is None:
        if column.required:
            raise MisfitError(REQUIRED, "it is missing, and the contract requires it")
        return None
    kind = column.plain_type
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise MisfitError(INVALID_BYTES, "it is no text in UTF-8")
        if column.enum and value not in column.enum:
            raise MisfitError(INVALID_VALUE, f"it is none of {', '.join(column.enum)}")
    return _reader_of(kind)(kind, value)


def as_text(value: Any) -> str | None:
    """A value as a person reads it, and as a replay takes it up again; None is NULL."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, (list, dict)):
        try:
            return _as_json(value)
        except RecursionError:
            return "a value that is nested too deeply to be shown"
    return str(value)


def _as_json(value: Any) -> str:
    """A value as JSON has it, with each digit of its numbers."""
    if isinstance(value, list):
        return f"[{', '.join(_as_json(item) for item in value)}]"
    if isinstance(value, dict):
        names = {json.dumps(name, ensure_ascii=False): item for name, item in value.items()}
        return f"{{{', '.join(f'{name}: {_as_json(item)}' for name, item in names.items())}}}"
    return plain(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def plain(number: Decimal) -> str:
    """A number without exponent, where that is not absurdly long."""
    exponent = number.as_tuple().exponent
    is_long = not isinstance(exponent, int) or abs(exponent) > _MOST_DIGITS
    return str(number) if is_long else f"{number:f}"


def shown(value: Any) -> str:
    """A value in a sentence."""
    text = as_text(value) or "nothing"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]} ..."


def _wrong(value: Any, what: str) -> MisfitError:
    return MisfitError(INVALID_VALUE, f"{shown(value)} is {what}")


def _number(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, int) and not isinstance(value, bool) or isinstance(value, str) and _NUMBER.fullmatch(value):
        number = Decimal(value)
    else:
        raise _wrong(value, "no number")
    if not number.is_finite():
        raise _wrong(value, "no finite number")
    return number


def _integer(kind: str, value: Any) -> int:
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise _wrong(value, "no whole number")
    number, bound = _number(value), _BOUNDS[kind]
    # compared as decimals: the integer of 1e999999 would fill the memory
    if not -bound <= number < bound:
        raise _wrong(value, f"beyond {kind}")
    if number != number.to_integral_value():
        raise _wrong(value, "no whole number")
    return int(number)


def _decimal(kind: str, value: Any) -> Decimal:
    precision, scale = decimal_of(kind) or (0, 0)
    number = _number(value)
    if number and number.adjusted() >= precision - scale:
        raise _wrong(value, f"beyond {kind}")
    try:
        return number.quantize(Decimal(1).scaleb(-scale), context=EXACT)
    except Inexact:
        raise _wrong(value, f"finer than {kind}") from None


def _float(kind: str, value: Any) -> float:
    exact = _number(value)
    number = float(exact)
    largest, none = (_REAL_END, _REAL_NONE) if kind == "real" else (math.inf, 0.0)
    if math.isinf(number) or abs(number) >= largest:
        raise _wrong(value, f"beyond {kind}")
    if exact and abs(number) <= none:
        raise _wrong(value, f"too near to 0 for {kind}")
    return number


def _boolean(_: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _wrong(value, "neither true nor false")


def _date(_: str, value: Any) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _wrong(value, "no date of the form 2026-11-30")


def _timestamp(kind: str, value: Any) -> datetime:
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _wrong(value, "no time of the form 2026-11-30T12:00:00")
    fraction, digits = match.group(5) or "", timestamp_digits(kind)
    if len(fraction.rstrip("0")) > digits:
        raise _wrong(value, f"finer than {kind}")
    text = f"{match.group(1)}T{match.group(2)}:{match.group(3)}:{match.group(4)}.{fraction.ljust(6, '0')}"
    try:
        found = datetime.fromisoformat(text)
        return found if match.group(6) is None else (found - _offset(match.group(6))).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise _wrong(value, "no time that a calendar has") from None


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    return timezone(timedelta(hours=hours, minutes=minutes)).utcoffset(None) * (-1 if zone[0] == "-" else 1)


def _time(kind: str, value: Any) -> str:
    """One text for each time, as PostgreSQL writes it: without zeros at the end of a fraction."""
    match = _TIMES.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match.group(1)) > 23 or int(match.group(2)) > 59 or int(match.group(3)) > 59:
        raise _wrong(value, "no time of day of the form 12:00:00")
    fraction = (match.group(4) or "").rstrip("0")
    if len(fraction) > time_digits(kind):
        raise _wrong(value, f"finer than {kind}")
    whole = ":".join(match.group(1, 2, 3))
    return f"{whole}.{fraction}" if fraction else whole


def _text(kind: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(value, "no text")
    if "\x00" in value:
        raise MisfitError(INVALID_BYTES, "it has a character of code 0, which no database takes in a text")
    limit = text_limit(kind)
    if limit is not None and len(value) > limit:
        raise _wrong(value, f"longer than {kind}")
    return value


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "smallint": _integer,
    "integer": _integer,
    "bigint": _integer,
    "real": _float,
    "double precision": _float,
    "boolean": _boolean,
    "date": _date,
}


def _reader_of(kind: str) -> Callable[[str, Any], Any]:
    if kind in _READERS:
        return _READERS[kind]
    if decimal_of(kind) is not None:
        return _decimal
    if is_timestamp(kind):
        return _timestamp
    if is_time(kind):
        return _time
    assert is_text(kind)  # nosec B101 # a contract of a feed has no other type
    return _text
