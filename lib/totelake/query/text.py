"""Values of the data as people and machines are shown them: no two alike, none inexact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

from totelake.contracts.identifiers import sql_text


def literal(value: Any) -> str:
    """A value of the data, so that no two look alike: NULL, the empty text `''`, the text `'NULL'` in quotes."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return sql_text(value) if _ambiguous(value) else value
    found = for_json(value)
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _ambiguous(text: str) -> bool:
    return text != text.strip() or text in ("", "NULL") or text.startswith("'")


def for_json(value: Any) -> Any:
    """The value as JSON has it: what JSON has no exact form of is text, such as decimals, moments, NaN and Infinity."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(for_json(Decimal(value)))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\\x" + bytes(value).hex()
    if isinstance(value, Mapping):
        return {str(for_json(key)): for_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [for_json(item) for item in value]
    return str(value)
