"""Reading the lake's JSON: what is not as a record has it is refused in one sentence, never read by half."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any, Callable, TypeVar

from totelake.errors import DamagedError
from totelake.ports.object_store import ObjectStore
from totelake.schemas.columns import TableSchema

_Record = TypeVar("_Record")
# what reading JSON of another form than the expected one raises
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError)


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts; a lone text is none. Raises TypeError."""
    if not isinstance(value, list) or not all(_text(item) for item in value):
        raise TypeError(f"{value!r} is no list of texts")
    return tuple(value)


@contextmanager
def reading(where: str, what: str = "manifest") -> Iterator[None]:
    """Raises DamagedError when what the block reads is not of the form that it expects; `where` names it."""
    try:
        yield
    except _DAMAGE as error:
        raise DamagedError(
            f"{where} is no readable {what} ({error}); restore the object from its version history"
        ) from error


def schema_at(store: ObjectStore, key: str) -> TableSchema:
    """The known schema that lies at a key of `_schemas/`, whose name is its fingerprint. Raises DamagedError."""
    body = store.get(key)
    with reading(store.address(key), "schema"):
        fingerprint = key.rsplit("/", 1)[-1][: -len(".json")]
        return checked(TableSchema.of(fingerprint, json.loads(body)["columns"]))


def object_at(store: ObjectStore, key: str, what: str) -> Mapping[str, Any]:
    """A JSON object that lies at a key. Raises DamagedError for anything else."""
    body = store.get(key)
    with reading(store.address(key), what):
        found = json.loads(body)
        if not isinstance(found, dict):
            raise TypeError(f"a {type(found).__name__}")
        return found


def checked(record: _Record) -> _Record:
    """The record itself, once each plain field of it and of the records in it has the type that it is declared with.

    Raises TypeError.
    """
    _check(record)
    return record


def _check(value: Any) -> None:
    if is_dataclass(value):
        for item in fields(value):
            found, fits = getattr(value, item.name), _FITS.get(str(item.type), _anything)
            if not fits(found):
                raise TypeError(f"{item.name} of {type(value).__name__} is {found!r}, which is no {item.type}")
            _check(found)
    elif isinstance(value, Mapping):
        for part in value.values():
            _check(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _check(part)


def _anything(value: Any) -> bool:
    return True


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _mapping(*kinds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether it is a mapping whose keys and values are of these kinds."""
    of_key, of_value = kinds or (_anything, _anything)
    return lambda value: (
        isinstance(value, Mapping) and all(of_key(key) and of_value(item) for key, item in value.items())
    )


def _all(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether it is a tuple or set of that kind."""
    return lambda value: isinstance(value, (tuple, frozenset)) and all(kind(item) for item in value)


# by the annotation, as text: Python 3.9 cannot evaluate all of them
_FITS: Mapping[str, Callable[[Any], bool]] = {
    "str": _text,
    "int": _number,
    "bool": _flag,
    "str | None": lambda value: value is None or _text(value),
    "tuple[str, ...]": _all(_text),
    "tuple[int, ...]": _all(_number),
    "frozenset[str]": _all(_text),
    "Years | None": lambda value: value is None or _all(_number)(value),
    "Mapping[str, Any]": _mapping(),
    "Mapping[str, str]": _mapping(_text, _text),
    "Mapping[str, int]": _mapping(_text, _number),
    "Mapping[int, int]": _mapping(_number, _number),
    "Mapping[str, tuple[str, ...]]": _mapping(_text, _all(_text)),
}
