"""A rate as the lake has it, and which numbers are rates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

# numeric(30,15) of the contract
DIGITS, PLACES = 30, 15
_CODE = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, order=True)
class Rate:
    """What one unit of `base` was worth in `quote` on a day, as a provider says."""

    day: date
    base: str
    quote: str
    provider: str
    value: Decimal


def is_code(text: object) -> bool:
    """Whether a text is written as the code of a currency is."""
    return isinstance(text, str) and _CODE.fullmatch(text) is not None


def exact(value: object) -> Decimal:
    """A number of JSON as a rate, no digit lost. Raises ValueError that says what is wrong with it."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        kind = {str: "text", bool: "a truth value", type(None): "null", list: "a list", dict: "an object"}
        raise ValueError(f"is {kind.get(type(value), type(value).__name__)} and no number")
    # of more digits than that an int is not even made a text
    if isinstance(value, int) and abs(value) >= 10 ** (DIGITS - PLACES):
        raise ValueError(f"has more than {DIGITS - PLACES} digits before the point")
    found = Decimal(value)
    if not found.is_finite() or found <= 0:
        raise ValueError(f"is {_short(found)}, which is not above 0")
    if found.adjusted() >= DIGITS - PLACES:
        raise ValueError(f"is {_short(found)}, with more than {DIGITS - PLACES} digits before the point")
    _, digits, exponent = found.as_tuple()
    assert isinstance(exponent, int)  # nosec B101 # it is finite
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    if -(exponent + zeros) > PLACES:
        raise ValueError(f"is {_short(found)}, with more than {PLACES} digits behind the point")
    return found


def _short(value: Decimal) -> str:
    text = str(value)
    return text if len(text) <= 45 else f"{text[:42]}..."
