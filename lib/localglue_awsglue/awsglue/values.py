"""Records in Python: their types, and the way from them to rows of Spark and back.

In a record a struct is a dict, and a choice is the value itself, whatever its type is.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from awsglue import gluetypes as glue
from awsglue.gluetypes import DataType, StructType
from awsglue.schemas import merged

_INT, _LONG = 1 << 31, 1 << 63
_LIMITS: dict[type[DataType], int] = {glue.ByteType: 1 << 7, glue.ShortType: 1 << 15, glue.IntegerType: _INT}
# what a field may have been before Python made it a plain number
_KEEPS: tuple[tuple[type, tuple[type[DataType], ...]], ...] = (
    (bool, (glue.BooleanType,)),
    (int, (glue.ByteType, glue.ShortType, glue.IntegerType, glue.LongType)),
    (float, (glue.FloatType, glue.DoubleType)),
    (Decimal, (glue.DecimalType,)),
)


def type_of(value: Any, hint: DataType | None = None) -> DataType:
    """The type of a value. `hint` is what the field was before, and stays where the value fits it.

    Raises TypeError for a value that no record can hold.
    """
    if isinstance(hint, glue.ChoiceType):
        fitting = [one for one in hint.choices.values() if _fits(value, one)]
        hint = fitting[0] if fitting else None
    if value is None:
        return glue.NullType()
    if hint is not None and not isinstance(hint, (StructType, glue.ArrayType)) and _fits(value, hint):
        return hint
    if isinstance(value, Mapping):
        known = hint.field_map if isinstance(hint, StructType) else {}
        fields = [
            glue.Field(str(name), type_of(item, known[name].dataType if name in known else None))
            for name, item in value.items()
        ]
        return StructType(fields)
    if isinstance(value, (list, tuple, set)):
        found: DataType = glue.NullType()
        for item in value:
            found = merged(found, type_of(item, hint.elementType if isinstance(hint, glue.ArrayType) else None))
        return glue.ArrayType(found)
    return _atom_of(value)


def _atom_of(value: Any) -> DataType:
    if isinstance(value, bool):
        return glue.BooleanType()
    if isinstance(value, int):
        if -_INT <= value < _INT:
            return glue.IntegerType()
        return glue.LongType() if -_LONG <= value < _LONG else glue.DecimalType(38, 0)
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        scale = max(0, -exponent) if isinstance(exponent, int) else 0
        return glue.DecimalType(min(38, max(len(value.as_tuple().digits), scale + 1)), scale)
    for kind, found in (
        (float, glue.DoubleType),
        (str, glue.StringType),
        ((bytes, bytearray), glue.BinaryType),
        (datetime.datetime, glue.TimestampType),
        (datetime.date, glue.DateType),
    ):
        if isinstance(value, kind):
            return found()
    raise TypeError(f"a record cannot hold {value!r}, which is a {type(value).__name__}")


def _fits(value: Any, kind: DataType) -> bool:
    """Whether the value is one of this type."""
    for python, kinds in _KEEPS:
        if isinstance(value, python) and (python is bool or not isinstance(value, bool)):
            return isinstance(kind, kinds) and (not isinstance(value, int) or abs(value) < _limit(kind))
    if isinstance(kind, StructType):
        return isinstance(value, Mapping)
    if isinstance(kind, glue.ArrayType):
        return isinstance(value, (list, tuple, set))
    if isinstance(kind, glue.MapType):
        return isinstance(value, Mapping)
    return value is not None and not isinstance(value, (Mapping, list, tuple, set)) and _atom_of(value) == kind


def _limit(kind: DataType) -> int:
    return _LIMITS.get(type(kind), _LONG)


def to_row(value: Any, kind: DataType) -> Any:
    """The value as a row of Spark holds it: a struct is a tuple."""
    if value is None:
        return None
    if isinstance(kind, glue.ChoiceType):
        chosen = _chosen(value, kind)
        return tuple(to_row(value, one) if word == chosen else None for word, one in kind.choices.items())
    if isinstance(kind, StructType):
        return tuple(to_row(value.get(one.name), one.dataType) for one in kind)
    if isinstance(kind, glue.ArrayType):
        return [to_row(item, kind.elementType) for item in value]
    if isinstance(kind, glue.MapType):
        return {name: to_row(item, kind.valueType) for name, item in value.items()}
    if isinstance(kind, glue.DecimalType) and isinstance(value, int):
        return Decimal(value)
    return value


def _chosen(value: Any, kind: glue.ChoiceType) -> str:
    """The word of the type of the choice that the value has."""
    exact = type_of(value).typeName()
    if exact in kind.choices:
        return exact
    return next(word for word, one in kind.choices.items() if _fits(value, one))


def of_row(value: Any, kind: DataType) -> Any:
    """The value of a row of Spark as a record holds it."""
    if value is None:
        return None
    if isinstance(kind, glue.ChoiceType):
        found = [(item, one) for item, one in zip(value, kind.choices.values()) if item is not None]
        return of_row(*found[0]) if found else None
    if isinstance(kind, StructType):
        return {one.name: of_row(item, one.dataType) for one, item in zip(kind, value)}
    if isinstance(kind, glue.ArrayType):
        return [of_row(item, kind.elementType) for item in value]
    if isinstance(kind, glue.MapType):
        return {name: of_row(item, kind.valueType) for name, item in value.items()}
    return value


def as_json(value: Any) -> Any:
    """What of a record JSON does not know, as text: for `json.dumps(default=)`."""
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "replace")
    return str(value)
