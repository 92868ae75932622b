"""What DuckDB has no function for: numbers and texts, in Python. NULL never comes in; None goes out as NULL."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

from localathena.sql.refusals import failed

_INVALID = "INVALID_FUNCTION_ARGUMENT"
_WIDE = Context(prec=120)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SOUNDS = {
    letter: str(code)
    for code, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
    for letter in letters
}
# the form in which Java writes a double: from 0.001 to below ten millions in full
_PLAIN = (1e-3, 1e7)


def java_double(value: float, always_exponent: bool = False) -> str:
    """A double as Java writes it: 12.0, 1.0E10; Athena's CAST to text always has the exponent."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    if not value:
        return ("-" if math.copysign(1, value) < 0 else "") + ("0.0E0" if always_exponent else "0.0")
    if not always_exponent and _PLAIN[0] <= abs(value) < _PLAIN[1]:
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else f"{text}.0"
    written = "".join(map(str, digits))
    power = len(written) - 1 + int(exponent)
    return f"{'-' if sign else ''}{written[0]}.{written[1:] or '0'}E{power}"


def divided(dividend: Decimal, divisor: Decimal, scale: int) -> Decimal:
    """A quotient of so many digits behind the point, halves away from zero."""
    if not divisor:
        raise failed("DIVISION_BY_ZERO", "Division by zero")
    exact = _WIDE.divide(dividend, divisor)
    return exact.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP, context=_WIDE)


def remainder(dividend: Decimal, divisor: Decimal) -> Decimal:
    """What is left of a division, with the dividend's sign."""
    if not divisor:
        raise failed("DIVISION_BY_ZERO", "Division by zero")
    return _WIDE.remainder(dividend, divisor)


def truncate(value: str, places: int) -> str:
    """A decimal without the digits behind so many."""
    return str(Decimal(value).quantize(Decimal(1).scaleb(-min(places, 60)), rounding=ROUND_DOWN, context=_WIDE))


def log(base: float, value: float) -> float:
    """The logarithm, as Java reckons it from natural ones."""
    try:
        return math.log(value) / math.log(base)
    except (ValueError, ZeroDivisionError):
        return math.nan if value < 0 or base < 0 or base == 1 else -math.inf


def width_bucket(value: float, low: float, high: float, count: int) -> int:
    """The number of the bucket of equal width that holds a value."""
    if count <= 0:
        raise failed(_INVALID, "bucketCount must be greater than 0")
    if low == high:
        raise failed(_INVALID, "bounds cannot equal each other")
    lower, upper = min(low, high), max(low, high)
    if value < lower:
        found = 0
    elif value >= upper:
        found = count + 1
    else:
        found = int(count * (value - lower) / (upper - lower) + 1)
    return found if low < high else count - found + 1


def from_base(text: str, base: int) -> int:
    """A whole number from its digits."""
    if not 2 <= base <= 36:
        raise failed(_INVALID, "Radix must be between 2 and 36")
    try:
        return int(text, base)
    except ValueError:
        raise failed(_INVALID, f"Not a valid base-{base} number: {text}") from None


def to_base(value: int, base: int) -> str:
    """The digits of a whole number."""
    if not 2 <= base <= 36:
        raise failed(_INVALID, "Radix must be between 2 and 36")
    digits, rest = "", abs(value)
    while rest:
        rest, digit = divmod(rest, base)
        digits = _DIGITS[digit] + digits
    return ("-" if value < 0 else "") + (digits or "0")


def bit_count(value: int, bits: int) -> int:
    """How many bits of a number in two's complement are set."""
    if not 2 <= bits <= 64:
        raise failed(_INVALID, "Bits specified in bit_count must be between 2 and 64")
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise failed(
            _INVALID,
            f"Number must be representable with the bits specified. {value} cannot be represented with {bits} bits",
        )
    return bin(value & ((1 << bits) - 1)).count("1")


def shift(value: int, by: int, bits: int, way: str) -> int:
    """A number of so many bits, moved."""
    mask = (1 << bits) - 1
    if way == "signed":
        return value >> min(by, bits)
    moved = (value & mask) << by & mask if way == "left" else (value & mask) >> by
    if by >= bits:
        moved = 0
    return moved - (1 << bits) if moved >> bits - 1 else moved


def chr_(code: int) -> str:
    """The letter of a code point."""
    if not 0 <= code <= 0x10FFFF:
        raise failed(_INVALID, f"Not a valid Unicode code point: {code}")
    return chr(code)


def _one(letter: str, changed: str) -> str:
    return changed if len(changed) == 1 else letter


def upper(text: str) -> str:
    """In capitals, letter by letter: a letter that has no single capital stays."""
    return text.upper() if text.isascii() else "".join(_one(letter, letter.upper()) for letter in text)


def lower(text: str) -> str:
    """In small letters, letter by letter."""
    if text.isascii():
        return text.lower()
    return "".join("i" if letter == "İ" else _one(letter, letter.lower()) for letter in text)


def format_number(value: float) -> str:
    """A number in three digits and a letter for its size."""
    size, letters = abs(value), ("", "K", "M", "B", "T", "Q")
    place = 0
    while size >= 1000 and place < len(letters) - 1:
        size, place = size / 1000, place + 1
    places = 2 if size < 10 else 1 if size < 100 else 0
    shown = str(Decimal(repr(size)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return f"{'-' if value < 0 else ''}{shown}{letters[place]}"


def hamming(left: str, right: str) -> int:
    """In how many places two texts differ."""
    if len(left) != len(right):
        raise failed(_INVALID, "The input strings to hamming_distance function must have the same length")
    return sum(one != other for one, other in zip(left, right))


def luhn(text: str) -> bool:
    """Whether the digits have the check digit of Luhn."""
    if not re.fullmatch(r"[0-9]+", text):
        raise failed(_INVALID, f"Input contains non-digit characters: {text}" if text else "Input is empty")
    digits = [int(item) for item in reversed(text)]
    return (sum(digits[0::2]) + sum(sum(divmod(item * 2, 10)) for item in digits[1::2])) % 10 == 0


def normalize(text: str, form: str) -> str:
    """A text in one of Unicode's normal forms."""
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


def replace_empty(text: str, by: str) -> str:
    """A text with another before each letter and at its end."""
    return by + "".join(f"{letter}{by}" for letter in text)


def soundex(text: str) -> str:
    """A name's sound."""
    if not text:
        return ""
    if not text.isascii() or not text.isalpha():
        raise failed(_INVALID, f"The character is not mapped: {text}")
    letters = text.lower()
    codes, last = [], _SOUNDS.get(letters[0], "")
    for letter in letters[1:]:
        code = _SOUNDS.get(letter, "")
        if code and code != last:
            codes.append(code)
        if letter not in "hw":
            last = code
    return (letters[0].upper() + "".join(codes))[:4].ljust(4, "0")


def positive(limit: int) -> int:
    """A limit of parts."""
    if limit <= 0:
        raise failed(_INVALID, "Limit must be positive")
    return limit


def split(text: str, by: str, limit: int) -> list[str]:
    """The parts of a text; of a limit's the last has the rest."""
    if not by:
        raise failed(_INVALID, "The delimiter may not be the empty string")
    return text.split(by, limit - 1 if limit > 0 else -1)


def split_part(text: str, by: str, place: int) -> str | None:
    """One part of a text, from 1; NULL when there are not so many."""
    if place <= 0:
        raise failed(_INVALID, "Index must be greater than zero")
    parts = text.split(by) if by else list(text)
    return parts[place - 1] if place <= len(parts) else None


def _entries(text: str, between: str, inside: str) -> list[tuple[str, str]]:
    found = []
    for entry in text.split(between) if text else []:
        pair = entry.split(inside, 1)
        if len(pair) != 2:
            raise failed(_INVALID, f"Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'")
        found.append((pair[0], pair[1]))
    return found


def split_to_map(text: str, between: str, inside: str) -> dict[str, str]:
    """The entries of a text."""
    found = _entries(text, between, inside)
    for key, count in Counter(key for key, _ in found).items():
        if count > 1:
            raise failed(_INVALID, f"Duplicate keys ({key}) are not allowed")
    return dict(found)


def split_to_multimap(text: str, between: str, inside: str) -> dict[str, list[str]]:
    """The entries of a text, with all values of a key."""
    found: dict[str, list[str]] = {}
    for key, value in _entries(text, between, inside):
        found.setdefault(key, []).append(value)
    return found


def strpos(text: str, part: str, number: int) -> int:
    """Where a text is for the so-manieth time; of a negative number from the end; 0 when it is not."""
    if not number:
        raise failed(_INVALID, "'instance' must not be a positive or negative number.")
    place = -1 if number > 0 else len(text)
    for _ in range(abs(number)):
        place = text.find(part, place + 1) if number > 0 else text.rfind(part, 0, max(place + len(part) - 1, 0))
        if place < 0:
            return 0
    return place + 1


def translate(text: str, letters: str, others: str) -> str:
    """A text with letters changed for others, or left out."""
    table: dict[int, str | None] = {}
    for place, letter in enumerate(letters):
        table.setdefault(ord(letter), others[place] if place < len(others) else None)
    return text.translate(table)
