"""Records in Python: their types, and the way from them to rows of Spark and back.

In a record a struct is a dict, and a choice is the value itself, whatever its type is.
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from awsglue import gluetypes as glue
from awsglue.gluetypes import DataType, StructType
from awsglue.schemas import merged

_INT, _LONG = 1 << 31, 1 << 63
_LIMITS: dict[type[DataType], int] = {glue.ByteType: 1 << 7, glue.ShortType: 1 << 15, glue.IntegerType: _INT}
# what a field may have been before Python made it a plain number
_INTEGERS = (glue.ByteType, glue.ShortType, glue.IntegerType, glue.LongType)
_KEEPS: tuple[tuple[type, tuple[type[DataType], ...]], ...] = (
    (bool, (glue.BooleanType,)),
    (int, _INTEGERS),
    (float, (glue.FloatType, glue.DoubleType)),
    (Decimal, (glue.DecimalType,)),
)
_NUMBERS = (*_INTEGERS, glue.FloatType, glue.DoubleType, glue.DecimalType)
_TEXTS = (glue.StringType, glue.UnknownType, glue.EnumType)
_PYTHON: dict[type[DataType], type | tuple[type, ...]] = {
    glue.BooleanType: bool,
    glue.BinaryType: (bytes, bytearray),
    glue.DateType: datetime.date,
    glue.TimestampType: datetime.datetime,
}
_MOST_DIGITS = 38
"""Digits that a decimal number of Spark may have."""


def type_of(value: Any, hint: DataType | None = None) -> DataType:
    """The type of a value. `hint` is what the field was before, and stays where the value fits it.

    Raises TypeError for a value that no record can hold.
    """
    if isinstance(hint, glue.ChoiceType):
        fitting = [one for one in hint.choices.values() if _fits(value, one)]
        hint = fitting[0] if fitting else None
    if value is None:
        return glue.NullType()
    # a float of Python has 64 bits, which a field of 32 bits would round
    if hint is not None and not isinstance(hint, (StructType, glue.ArrayType, glue.FloatType)) and _fits(value, hint):
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
        if -_LONG <= value < _LONG:
            return glue.LongType()
        _digits(Decimal(value))
        return glue.DecimalType(_MOST_DIGITS, 0)
    if isinstance(value, Decimal):
        whole, scale = _digits(value)
        return glue.DecimalType(min(_MOST_DIGITS, max(whole, 1) + scale), scale)
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
            return isinstance(kind, kinds) and _is_within(value, kind)
    if isinstance(kind, StructType):
        return isinstance(value, Mapping)
    if isinstance(kind, glue.ArrayType):
        return isinstance(value, (list, tuple, set))
    if isinstance(kind, glue.MapType):
        return isinstance(value, Mapping) and all(
            (item is None or _fits(item, kind.valueType)) and _fits(name, kind.keyType) for name, item in value.items()
        )
    return value is not None and not isinstance(value, (Mapping, list, tuple, set)) and _atom_of(value) == kind


def _is_within(value: Any, kind: DataType) -> bool:
    if isinstance(kind, glue.DecimalType):
        whole, scale = _digits(value)
        return scale <= kind.scale and whole <= kind.precision - kind.scale
    limit = _LIMITS.get(type(kind), _LONG)
    return not isinstance(value, int) or isinstance(value, bool) or -limit <= value < limit


def _digits(value: Decimal) -> tuple[int, int]:
    """The digits before and after the point. Raises TypeError for more than a record can hold, and for NaN."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise TypeError(f"a record cannot hold {value!r}, which is no number")
    whole, scale = max(0, len(digits) + exponent) if any(digits) else 0, max(0, -exponent)
    if whole + scale > _MOST_DIGITS:
        raise TypeError(f"a record cannot hold {value!r}, which has more than {_MOST_DIGITS} digits")
    return whole, scale


def to_row(value: Any, kind: DataType) -> Any:
    """The value as a row of Spark holds it: a struct is a tuple.

    Raises TypeError for a value that is of another type and none of this, as Spark would make it null, and ValueError
    for a number that Spark would round or cut.
    """
    if value is None:
        return None
    if isinstance(kind, glue.ChoiceType):
        chosen = _chosen(value, kind)
        return tuple(to_row(value, one) if word == chosen else None for word, one in kind.choices.items())
    if isinstance(kind, (StructType, glue.MapType)):
        if not isinstance(value, Mapping):
            raise _misfit(value, kind)
        if isinstance(kind, StructType):
            named = {str(name): item for name, item in value.items()}  # as `type_of` names the fields
            return tuple(to_row(named.get(one.name), one.dataType) for one in kind)
        return {to_row(name, kind.keyType): to_row(item, kind.valueType) for name, item in value.items()}
    if isinstance(kind, glue.ArrayType):
        if not isinstance(value, (list, tuple, set)):
            raise _misfit(value, kind)
        return [to_row(item, kind.elementType) for item in value]
    return _atom(value, kind)


def _atom(value: Any, kind: DataType) -> Any:
    """A value of an atomic type; a number of another type becomes one of this if it stays the same."""
    if isinstance(kind, _NUMBERS):
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
            raise _misfit(value, kind)
        return _number(value, kind)
    is_whole = not isinstance(value, (Mapping, list, tuple, set, bytes, bytearray))
    if isinstance(kind, _TEXTS) and is_whole:
        return str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, _PYTHON.get(type(kind), ())):
        raise _misfit(value, kind)
    if isinstance(kind, glue.DateType) and isinstance(value, datetime.datetime) and value.time() != datetime.time():
        raise ValueError(f"{value!r} does not fit the type date, which would cut it")
    return value


def _number(value: Any, kind: DataType) -> Any:
    try:
        if isinstance(kind, _INTEGERS):
            made: Any = int(value)
            is_same = made == value and _is_within(made, kind)
        elif isinstance(kind, glue.DecimalType):
            made = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
            is_same = _is_within(made, kind)
        else:
            made = float(value)
            # of 32 bits: the nearest one, as a script that names such a type has it
            is_same = isinstance(value, float) or Decimal(repr(made)) == value
            if isinstance(kind, glue.FloatType):
                struct.pack("<f", made)  # refuses what it would make infinite
    except (ArithmeticError, TypeError, ValueError) as problem:
        raise ValueError(f"{value!r} does not fit the type {_named(kind)} ({problem})") from problem
    if not is_same:
        raise ValueError(f"{value!r} does not fit the type {_named(kind)}, which would change it")
    return made


def _named(kind: DataType) -> str:
    return f"decimal({kind.precision},{kind.scale})" if isinstance(kind, glue.DecimalType) else kind.typeName()


def _misfit(value: Any, kind: DataType) -> TypeError:
    return TypeError(f"{value!r}, which is a {type(value).__name__}, does not fit the type {_named(kind)}")


def _chosen(value: Any, kind: glue.ChoiceType) -> str:
    """The word of the type of the choice that the value has."""
    exact = type_of(value).typeName()
    if exact in kind.choices:
        return exact
    found = next((word for word, one in kind.choices.items() if _fits(value, one)), None)
    if found is None:
        raise _misfit(value, kind)
    return found


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
