"""JSON read exactly: numbers as decimals, a name that stands twice in an object seen."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from totelake.feeds.quarantine import shown_name


class Repeated(dict[str, Any]):
    """An object of JSON in which a name stands twice."""

    name = ""


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        # an exponent beyond all that there is
        return Decimal("NaN")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated, seen = Repeated(found), set()
    for name, _ in pairs:
        if name in seen:
            repeated.name = name
        seen.add(name)
    return repeated


def decoder() -> json.JSONDecoder:
    """A decoder whose numbers are Decimal; NaN and infinity are decimals, too, which no column takes."""
    return json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=Decimal)


def problem_of(value: Any) -> str:
    """Why a value is no record; '' for one that is."""
    if not isinstance(value, dict):
        return "it is no JSON object"
    if isinstance(value, Repeated):
        return f"the name {shown_name(value.name)} stands twice in it"
    return ""
