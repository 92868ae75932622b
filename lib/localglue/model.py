"""Requests held against botocore's service model of Glue, and answers cut to its shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape

from localglue.errors import UnknownOperation, ValidationFailed

Body = dict[str, Any]

# Java writes the characters beyond the basic plane as pairs of surrogates, which Python's re cannot read as a range
_SURROGATES = (r"\uD800\uDC00-\uDBFF\uDFFF", "\U00010000-\U0010ffff")
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "blob": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}
_SIZED = ("string", "list", "map", "blob")


class ServiceModel:
    """Glue's operations and shapes."""

    def __init__(self) -> None:
        self._service = botocore.session.get_session().get_service_model("glue")
        self._names = frozenset(self._service.operation_names)

    def operation(self, name: str) -> OperationModel:
        """The operation's model. Raises UnknownOperation."""
        if name not in self._names:
            raise UnknownOperation(name)
        return self._service.operation_model(name)

    def validate(self, operation: str, request: Body) -> Body:
        """The request without its nulls. Raises ValidationFailed with every problem found."""
        shape = self.operation(operation).input_shape
        cleaned: Body = without_nulls(request)
        problems = list(problems_of(shape, cleaned, "")) if shape else []
        if problems:
            raise ValidationFailed(problems)
        return cleaned

    def render(self, operation: str, answer: Body) -> Body:
        """The answer with nothing in it that the operation's output does not have."""
        shape = self.operation(operation).output_shape
        rendered: Body = cut_to(shape, answer) if shape else {}
        return rendered


def without_nulls(value: Any) -> Any:
    """The JSON value without members that are null: Glue takes null for absent."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def problems_of(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Every way in which the value breaks the shape, one sentence each."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return
    if not _has_type(kind, value):
        yield f"'{path or 'the request'}' must be of type {kind}, and is {type(value).__name__}"
        return
    yield from _bounds(shape, value, path)
    if kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        for position, item in enumerate(value, 1):
            yield from problems_of(shape.member, item, f"{path}.{position}.member")  # type: ignore[attr-defined]
    elif kind == "map":
        for name, item in value.items():
            yield from problems_of(shape.key, name, f"{path} key")  # type: ignore[attr-defined]
            yield from problems_of(shape.value, item, f"{path}.{name}")  # type: ignore[attr-defined]
    elif kind == "string":
        yield from _text(shape, value, path)


def cut_to(shape: Shape, value: Any) -> Any:
    """The value with those members only that the shape has."""
    if getattr(shape, "is_document_type", False) or value is None:
        return value
    if shape.type_name == "structure":
        members = shape.members  # type: ignore[attr-defined]
        known = {name: item for name, item in value.items() if name in members and item is not None}
        return {name: cut_to(members[name], item) for name, item in known.items()}
    if shape.type_name == "list":
        return [cut_to(shape.member, item) for item in value]  # type: ignore[attr-defined]
    if shape.type_name == "map":
        return {name: cut_to(shape.value, item) for name, item in value.items()}  # type: ignore[attr-defined]
    return value


def _has_type(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _JSON_TYPES[kind])


def _structure(shape: Shape, value: Body, path: str) -> Iterator[str]:
    members = shape.members  # type: ignore[attr-defined]
    prefix = f"{path}." if path else ""
    for name in shape.required_members:  # type: ignore[attr-defined]
        if name not in value:
            yield f"Value null at '{prefix}{name}' failed to satisfy constraint: Member must not be null"
    for name, item in value.items():
        if name in members:
            yield from problems_of(members[name], item, f"{prefix}{name}")
        else:
            yield f"'{prefix}{name}' is no member of {shape.name}; it has {', '.join(sorted(members))}"


def _bounds(shape: Shape, value: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    sized = shape.type_name in _SIZED
    if shape.type_name == "structure":
        return
    size = len(value) if sized else value
    what = "have length" if sized else "have value"
    if low is not None and size < low:
        yield _broken(value, path, f"Member must {what} greater than or equal to {low}")
    if high is not None and size > high:
        yield _broken(value, path, f"Member must {what} less than or equal to {high}")


def _text(shape: Shape, value: str, path: str) -> Iterator[str]:
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        yield _broken(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled and not compiled.fullmatch(value):
        yield _broken(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _broken(value: Any, path: str, constraint: str) -> str:
    shown = str(value) if len(str(value)) <= 100 else f"{str(value)[:100]}..."
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern.replace(*_SURROGATES))
    except re.error:  # a construct that only Java has: the pattern is not checked, everything else is
        return None
