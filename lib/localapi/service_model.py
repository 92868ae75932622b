"""Checks requests against botocore's model of a service, and cuts responses to its shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import botocore.model
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from localapi.documents import Document
from localapi.errors import InvalidShape, UnknownOperation

# Java's patterns write characters beyond the basic plane as surrogate pairs, which Python's re cannot use in a range
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


class ServiceModel:
    """A service's operations and shapes, as botocore has them.

    `prefix` is what stands before an operation's name in X-Amz-Target, `code` what a request of the
    wrong shape is called.
    """

    def __init__(self, service: botocore.model.ServiceModel, prefix: str, code: str) -> None:
        self._service, self._prefix, self._code = service, prefix, code
        self.names = frozenset(service.operation_names)

    def operation(self, name: str) -> OperationModel:
        """The operation's model. Raises UnknownOperation."""
        if name not in self.names:
            raise UnknownOperation(name, self._prefix)
        return self._service.operation_model(name)

    def validate(self, operation: str, request: object) -> Document:
        """The request without nulls. Raises UnknownOperation, and InvalidShape with every problem found."""
        shape = self.operation(operation).input_shape
        try:
            return self._validated(shape, request)
        except RecursionError as problem:
            raise InvalidShape(["the request is nested too deeply"], self._code) from problem

    def _validated(self, shape: Shape | None, request: object) -> Document:
        cleaned = without_nulls(request)
        if not isinstance(cleaned, dict):
            raise InvalidShape([_wrong_type("structure", cleaned, "")], self._code)
        problems = list(problems_in(shape, cleaned, "")) if shape else []
        if problems:
            raise InvalidShape(problems, self._code)
        return cleaned

    def render(self, operation: str, answer: Document) -> Document:
        """The response without members that the operation's output does not have."""
        shape = self.operation(operation).output_shape
        return _members(shape, answer) if shape else {}


def without_nulls(value: object) -> object:
    """The JSON value without null members: AWS treats null as absent."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def problems_in(shape: Shape, value: object, path: str) -> Iterator[str]:
    """Every way in which the value does not fit the shape, one sentence each."""
    if _is_free_form(shape):
        return
    if not _has_type(shape.type_name, value):
        yield _wrong_type(shape.type_name, value, path)
        return
    yield from _bounds(shape, value, path)
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for position, item in enumerate(value, 1):
            yield from problems_in(shape.member, item, f"{path}.{position}.member")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for name, item in value.items():
            yield from problems_in(shape.key, name, f"{path} key")
            yield from problems_in(shape.value, item, f"{path}.{name}")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _text(shape, value, path)


def known_members_of(shape: Shape, value: object) -> object:
    """The value without the members that the shape does not have."""
    if _is_free_form(shape):
        return value
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return _members(shape, value)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [known_members_of(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: known_members_of(shape.value, item) for name, item in value.items()}
    return value


def _members(shape: StructureShape, value: Document) -> Document:
    known = {name: item for name, item in value.items() if name in shape.members and item is not None}
    return {name: known_members_of(shape.members[name], item) for name, item in known.items()}


def _is_free_form(shape: Shape) -> bool:
    return isinstance(shape, StructureShape) and shape.is_document_type


def _has_type(kind: str, value: object) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _JSON_TYPES[kind])


def _structure(shape: StructureShape, value: Document, path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if name not in value:
            yield f"Value null at '{prefix}{name}' failed to satisfy constraint: Member must not be null"
    for name, item in value.items():
        if name in shape.members:
            yield from problems_in(shape.members[name], item, f"{prefix}{name}")
        else:
            known = ", ".join(sorted(shape.members)) or "none"
            yield f"'{prefix}{name}' is not a member of {shape.name}; it has {known}"


def _bounds(shape: Shape, value: object, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, (str, list, dict)):
        size: float = len(value)
        what = "have length"
    elif isinstance(value, (int, float)):
        size, what = value, "have value"
    else:
        return
    if low is not None and size < low:
        yield _broken(value, path, f"Member must {what} greater than or equal to {low}")
    if high is not None and size > high:
        yield _broken(value, path, f"Member must {what} less than or equal to {high}")


def _text(shape: StringShape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield _broken(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled and not compiled.fullmatch(value):
        yield _broken(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _wrong_type(kind: str, value: object, path: str) -> str:
    return f"'{path or 'the request'}' must be of type {kind}, and is {type(value).__name__}"


def _broken(value: object, path: str, constraint: str) -> str:
    shown = str(value) if len(str(value)) <= 100 else f"{str(value)[:100]}..."
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern.replace(*_SURROGATES), re.DOTALL)
    except re.error:  # only Java has this construct: the pattern is not checked, everything else is
        return None
