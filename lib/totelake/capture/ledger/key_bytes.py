"""Values of a key as bytes, for each kind of type: of two values the one that PostgreSQL puts first has lesser bytes.

A value is read from PostgreSQL's text of it, so that also those have bytes that no type of the lake holds: infinity,
NaN, dates before Christ, bytes that are no text. No value's bytes are the beginning of another's, but for text and
bytes at a key's end, which are as they are. Ledgers keep these bytes for years: golden tests fix them.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Callable, NamedTuple, Union

from totelake.contracts.key_kinds import BOOLEAN, BYTES, DATE, DIGITS, INTEGER, NUMBER, TEXT, TIMESTAMP

# text is as bytes, since a database in SQL_ASCII takes bytes for a text that are none; a number is as its digits
Value = Union[int, bool, bytes, str]
VARIABLE = (TEXT, BYTES)
FOREVER, NEVER = 2**63 - 1, -(2**63)
SECOND = 1_000_000
_DAY = 86_400 * SECOND
# between 1970, where Arrow's times begin, and 2000, where PostgreSQL's do: later ones than fit from 1970 on fit
_EPOCH_DAYS = 10_957
EPOCH = _EPOCH_DAYS * _DAY
_BIAS, _SIGN = 2**63, 2**23
# in a text or bytes that more of the key follows
_ZERO, _ESCAPED, _END = b"\x00", b"\x00\xff", b"\x00\x01"
_NEGATIVE, _NOUGHT, _POSITIVE = b"\x01", b"\x02", b"\x03"
_SPECIAL = {"-Infinity": b"\x00", "0": _NOUGHT, "Infinity": b"\x04", "NaN": b"\x05"}
_SPECIAL_TEXTS = {value: text for text, value in _SPECIAL.items()}
_COMPLEMENT = bytes(255 - byte for byte in range(256))
_DATE = r"([0-9]{4,})-([0-9]{2})-([0-9]{2})"
_DATES = re.compile(_DATE + r"( BC)?")
_TIMES = re.compile(_DATE + r" ([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?(?:\+00)?( BC)?")
_NUMBERS = re.compile(r"(-?)([0-9]*)(?:\.([0-9]*))?")
_ENDS = {"infinity": FOREVER, "-infinity": NEVER}
# the calendar repeats itself after so many years and days
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
_ONE = date(1970, 1, 1).toordinal()


class KeyTextError(ValueError):
    """A text that is no value of its kind."""


class Read(NamedTuple):
    """A value from the beginning of a key's bytes, and where the next one begins."""

    value: Value
    end: int


def parsed(kind: str, text: bytes) -> Value:
    """The value that PostgreSQL writes as this text. Raises KeyTextError."""
    if kind == TEXT:
        return text
    written = text.decode("latin-1")
    try:
        return _PARSERS[kind](written)
    except (ValueError, KeyError) as error:
        raise KeyTextError(f"{written!r} is no {kind} of a key") from error


def written(kind: str, value: Value) -> bytes:
    """PostgreSQL's text of a value."""
    if isinstance(value, bytes):
        return value if kind == TEXT else b"\\x" + value.hex().encode()
    if kind == BOOLEAN:
        return b"t" if value else b"f"
    if kind == DATE:
        return _day_text(int(value)).encode()
    return (_time_text(int(value)) if kind == TIMESTAMP else str(value)).encode()


def encoded(kind: str, value: Value, is_last: bool) -> bytes:
    """A value's bytes."""
    if isinstance(value, bytes):
        return value if is_last else value.replace(_ZERO, _ESCAPED) + _END
    if kind == DIGITS:
        text = str(value)
        return _number_bytes(plain_number(text)) + len(text.partition(".")[2]).to_bytes(2, "big")
    if isinstance(value, str):
        return _number_bytes(value)
    return bytes([value]) if kind == BOOLEAN else (value + _BIAS).to_bytes(8, "big")


def decoded(kind: str, key: bytes, start: int, is_last: bool) -> Read:
    """The value whose bytes begin there."""
    if kind in VARIABLE:
        return Read(key[start:], len(key)) if is_last else _variable(key, start)
    if kind == NUMBER:
        return _number(key, start)
    if kind == DIGITS:
        return _digits(key, start)
    if kind == BOOLEAN:
        return Read(bool(key[start]), start + 1)
    return Read(int.from_bytes(key[start : start + 8], "big") - _BIAS, start + 8)


def plain_number(text: str) -> str:
    """One text for each number: without zeros at its ends, and none for what is nothing. Raises ValueError."""
    if text in _SPECIAL:
        return text
    match = _NUMBERS.fullmatch(text)
    if match is None or not (match.group(2) or match.group(3)):
        raise ValueError(text)
    whole, behind = match.group(2).lstrip("0"), (match.group(3) or "").rstrip("0")
    if not whole and not behind:
        return "0"
    return f"{match.group(1)}{whole or '0'}{'.' if behind else ''}{behind}"


def _number_text(text: str) -> str:
    plain_number(text)
    return text


def _bytea(text: str) -> bytes:
    if text[:2] != "\\x":
        raise ValueError(text)
    return bytes.fromhex(text[2:])


def _day(text: str) -> int:
    """Days since 1970."""
    if text in _ENDS:
        return _ENDS[text]
    match = _DATES.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day = (int(part) for part in match.groups()[:3])
    return _days(year, month, day, match.group(4) is not None)


def _time(text: str) -> int:
    """Microseconds since 2000."""
    if text in _ENDS:
        return _ENDS[text]
    match = _TIMES.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    days = _days(year, month, day, match.group(8) is not None) - _EPOCH_DAYS
    return days * _DAY + (hour * 3600 + minute * 60 + second) * SECOND + int((match.group(7) or "").ljust(6, "0"))


def _days(year: int, month: int, day: int, is_before_christ: bool) -> int:
    """Days since 1970; the year 1 BC is 0."""
    cycles, within = divmod(1 - year if is_before_christ else year, _CYCLE_YEARS)
    return date(within + _CYCLE_YEARS, month, day).toordinal() - _ONE + (cycles - 1) * _CYCLE_DAYS


def _day_text(days: int) -> str:
    if days in (FOREVER, NEVER):
        return "infinity" if days == FOREVER else "-infinity"
    text, is_before_christ = _calendar(days)
    return f"{text} BC" if is_before_christ else text


def _time_text(micros: int) -> str:
    if micros in (FOREVER, NEVER):
        return "infinity" if micros == FOREVER else "-infinity"
    days, rest = divmod(micros, _DAY)
    text, is_before_christ = _calendar(days + _EPOCH_DAYS)
    seconds, fraction = divmod(rest, SECOND)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    behind = f".{fraction:06}".rstrip("0") if fraction else ""
    return f"{text} {clock}{behind}{' BC' if is_before_christ else ''}"


def _calendar(days: int) -> tuple[str, bool]:
    """Year, month and day, and whether the year counts backwards from Christ."""
    cycles, within = divmod(days + _ONE, _CYCLE_DAYS)
    found = date.fromordinal(within + _CYCLE_DAYS)
    year = found.year + (cycles - 1) * _CYCLE_YEARS
    shown = year if year > 0 else 1 - year
    return f"{shown:04}-{found.month:02}-{found.day:02}", year <= 0


def _number_bytes(plain: str) -> bytes:
    if plain in _SPECIAL:
        return _SPECIAL[plain]
    match = _NUMBERS.fullmatch(plain)
    assert match is not None  # nosec B101 # plain_number made it
    whole, behind = match.group(2).lstrip("0"), match.group(3) or ""
    exponent = len(whole) if whole else len(behind.lstrip("0")) - len(behind)
    digits = (whole + behind).strip("0")
    body = (exponent + _SIGN).to_bytes(3, "big") + digits.encode() + _ZERO
    return _NEGATIVE + body.translate(_COMPLEMENT) if match.group(1) else _POSITIVE + body


def _number(key: bytes, start: int) -> Read:
    first = key[start : start + 1]
    if first in _SPECIAL_TEXTS:
        return Read(_SPECIAL_TEXTS[first], start + 1)
    is_negative = first == _NEGATIVE
    end = key.index(b"\xff" if is_negative else _ZERO, start + 4)
    body = key[start + 1 : end]
    body = body.translate(_COMPLEMENT) if is_negative else body
    exponent, digits = int.from_bytes(body[:3], "big") - _SIGN, body[3:].decode()
    whole, behind = digits[: max(exponent, 0)], digits[max(exponent, 0) :]
    text = f"{whole.ljust(exponent, '0') or '0'}.{'0' * -exponent}{behind}"
    return Read(("-" if is_negative else "") + text.rstrip("0").rstrip("."), end + 1)


def _digits(key: bytes, start: int) -> Read:
    plain, end = _number(key, start)
    scale = int.from_bytes(key[end : end + 2], "big")
    whole, _, behind = str(plain).partition(".")
    return Read(f"{whole}.{behind.ljust(scale, '0')}" if scale else whole, end + 2)


def _variable(key: bytes, start: int) -> Read:
    end = start
    while True:
        end = key.index(_ZERO, end)
        if key[end : end + 2] == _END:
            return Read(key[start:end].replace(_ESCAPED, _ZERO), end + 2)
        end += 2


_PARSERS: dict[str, Callable[[str], Value]] = {
    INTEGER: int,
    BOOLEAN: {"t": True, "f": False}.__getitem__,
    DATE: _day,
    TIMESTAMP: _time,
    NUMBER: plain_number,
    DIGITS: _number_text,
    BYTES: _bytea,
}
