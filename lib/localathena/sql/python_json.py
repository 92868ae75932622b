"""Athena's JSON in Python: a value is its text, without spaces; json_parse sorts the keys."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Union

from localathena.sql.python_text import java_double
from localathena.sql.refusals import failed

_INVALID = "INVALID_FUNCTION_ARGUMENT"
_STEP = re.compile(r"\.([A-Za-z_][\w\-]*)|\[(\d+)\]|\[\"((?:[^\"\\]|\\.)*)\"\]|\['((?:[^'\\]|\\.)*)'\]")
_Step = Union[str, int]
_NOTHING = object()


class _Number(str):
    """A number of JSON as it was written."""


def _read(text: str) -> Any:
    def constant(name: str) -> Any:
        raise ValueError(name)

    return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=constant)


def written(value: Any, sort: bool = False) -> str:
    """A value as JSON's text without spaces."""
    if isinstance(value, _Number):
        return _number(value) if sort else str(value)
    if isinstance(value, dict):
        items = sorted(value.items()) if sort else value.items()
        return (
            "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{written(item, sort)}" for key, item in items) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(written(item, sort) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _number(text: str) -> str:
    """A number as json_parse keeps it: a double's is Java's."""
    return text if re.fullmatch(r"-?\d+", text) else java_double(float(text))


def json_parse(text: str) -> str:
    """A text as JSON."""
    try:
        return written(_read(text), sort=True)
    except ValueError:
        raise failed(_INVALID, f"Cannot convert value to JSON: '{text}'") from None


def _steps(path: str) -> list[_Step]:
    if not path.startswith("$"):
        raise failed(_INVALID, f"Invalid JSON path: '{path}'")
    steps: list[_Step] = []
    place = 1
    while place < len(path):
        found = _STEP.match(path, place)
        if found is None:
            raise failed("NOT_SUPPORTED", f"the JSON path {path} is not answered on this machine")
        name = next((item for item in (found[1], found[3], found[4]) if item is not None), None)
        steps.append(int(found[2]) if name is None else re.sub(r"\\(.)", r"\1", name))
        place = found.end()
    return steps


def _found(text: str, path: str) -> Any:
    """What a path leads to; _NOTHING when there is nothing, or no JSON."""
    steps = _steps(path)
    try:
        value = _read(text)
    except ValueError:
        return _NOTHING
    for step in steps:
        if isinstance(step, int) and isinstance(value, list):
            value = value[step] if step < len(value) else _NOTHING
        elif isinstance(value, dict) and str(step) in value:
            value = value[str(step)]
        else:
            return _NOTHING
    return value


def json_extract(text: str, path: str) -> str | None:
    """What a path leads to, as JSON."""
    value = _found(text, path)
    return None if value is _NOTHING else written(value)


def json_extract_scalar(text: str, path: str) -> str | None:
    """The number, text or truth that a path leads to, as text."""
    value = _found(text, path)
    if value is _NOTHING or value is None or isinstance(value, (dict, list)):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _array(text: str) -> list[Any] | None:
    try:
        value = _read(text)
    except ValueError:
        return None
    return value if isinstance(value, list) else None


def json_array_length(text: str) -> int | None:
    """How many values an array has."""
    value = _array(text)
    return None if value is None else len(value)


def json_array_contains(text: str, wanted: str) -> bool | None:
    """Whether an array has a value, given as JSON."""
    value, other = _array(text), _read(wanted)
    if value is None:
        return None
    if isinstance(other, _Number):
        return any(isinstance(item, _Number) and Decimal(item) == Decimal(other) for item in value)
    return any(type(item) is type(other) and item == other for item in value)


def json_array_get(text: str, place: int) -> str | None:
    """A value of an array, from 0; of a negative number from its end."""
    value = _array(text)
    if value is None or not -len(value) <= place < len(value) or value[place] is None:
        return None
    # a text without its quotes, as Athena has it, though that is no JSON
    return value[place] if type(value[place]) is str else written(value[place])


def json_size(text: str, path: str) -> int | None:
    """How many values an object or array has; 0 of any other."""
    value = _found(text, path)
    if value is _NOTHING:
        return None
    return len(value) if isinstance(value, (dict, list)) else 0


def is_json_scalar(text: str) -> bool:
    """Whether it is a number, a text, a truth or null."""
    try:
        return not isinstance(_read(text), (dict, list))
    except ValueError:
        raise failed(_INVALID, f"Invalid JSON value: {text}") from None


def json_scalar(text: str, kind: str) -> str | None:
    """A scalar of JSON as the text of a type that it is cast to."""
    value = _read(text)
    if value is None:
        return None
    if isinstance(value, (dict, list)):
        raise failed("INVALID_CAST_ARGUMENT", f"Cannot cast to {kind}. Expected a scalar, but got {text}")
    if isinstance(value, bool):
        if kind in ("varchar", "boolean"):
            return str(value).lower()
        return "1" if value else "0"
    return str(value)


def json_items(text: str) -> list[str] | None:
    """The values of an array, as JSON each."""
    value = _read(text)
    if value is None:
        return None
    if not isinstance(value, list):
        raise failed("INVALID_CAST_ARGUMENT", f"Cannot cast to array. Expected a json array, but got {text}")
    return [written(item) for item in value]


def json_object(text: str) -> dict[str, str] | None:
    """The values of an object, as JSON each."""
    value = _read(text)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise failed("INVALID_CAST_ARGUMENT", f"Cannot cast to map. Expected a json object, but got {text}")
    return {key: written(item) for key, item in value.items()}


def json_value(text: str, path: str) -> str | None:
    """JSON_VALUE of a path that is a chain of names and numbers, lax."""
    mode, _, rest = path.strip().partition(" ")
    if mode not in ("lax", "strict"):
        raise failed("INVALID_PATH", f"Invalid JSON path: {path}")
    return json_extract_scalar(text, rest.strip())
