"""JSON as Glue's built-in classifier sees it: objects one after the other, or one array.

Numbers are int as in the example of "Creating a single schema for each Amazon S3 include path" in Glue's guide, bigint
where they need it, else double; an array at the top is one column `array`.
"""

from __future__ import annotations

import json
from typing import Any

from localglue.formats import Format

_DECODER = json.JSONDecoder()
_INT = 1 << 31
_NUMBERS = ("int", "bigint", "double")
Columns = tuple[tuple[str, str], ...]


def read_json(text: str, is_whole: bool, compression: str) -> tuple[Columns, int, Format] | None:
    """The columns, the number of records and the format; None if the text is not JSON.

    Text that is only the beginning of a file may end within a record, which then does not count.
    """
    body = text.lstrip()
    if not body.startswith(("{", "[")):
        return None
    is_array = body.startswith("[")
    records = _values(body[1:] if is_array else body, is_array, is_whole)
    if not records:
        return None
    kind: Any = None
    for record in records:
        kind = _merged(kind, _kind(record))
    json_format = Format("json", compression)
    if is_array:
        return (("array", f"array<{_shown(kind)}>"),), len(records), json_format
    columns: dict[str, str] = {}
    for name, one in kind.items():
        columns.setdefault(name.lower(), _shown(one))
    return tuple(columns.items()), len(records), json_format


def _values(text: str, is_array: bool, is_whole: bool) -> list[Any]:
    """The values one after the other; none if it is no JSON, or other values than objects stand outside an array."""
    found: list[Any] = []
    at = 0
    while True:
        while at < len(text) and (text[at].isspace() or (is_array and text[at] == ",")):
            at += 1
        if at == len(text):
            return found if not (is_array and is_whole) else []
        if is_array and text[at] == "]":
            return found if not text[at + 1 :].strip() else []
        try:
            value, at = _DECODER.raw_decode(text, at)
        except ValueError:
            return [] if is_whole else found
        if not is_array and not isinstance(value, dict):
            return []
        found.append(value)


def _kind(value: Any) -> Any:
    """The type of a value: a Hive type, a list with the type of its items, a dict of fields, or None for null."""
    if isinstance(value, dict):
        return {name: _kind(one) for name, one in value.items()}
    if isinstance(value, list):
        inner: Any = None
        for one in value:
            inner = _merged(inner, _kind(one))
        return [inner]
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if -_INT <= value < _INT else "bigint"
    if isinstance(value, float):
        return "double"
    return None if value is None else "string"


def _merged(one: Any, other: Any) -> Any:
    """The type that holds values of both; what fits nothing else is a string."""
    if one is None or other is None or one == other:
        return other if one is None else one
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _merged(one.get(name), other.get(name)) for name in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [_merged(one[0], other[0])]
    if one in _NUMBERS and other in _NUMBERS:
        return max(one, other, key=_NUMBERS.index)
    return "string"


def _shown(kind: Any) -> str:
    if isinstance(kind, dict):
        return f"struct<{','.join(f'{name}:{_shown(one)}' for name, one in kind.items())}>"
    if isinstance(kind, list):
        return f"array<{_shown(kind[0])}>"
    return kind or "string"
