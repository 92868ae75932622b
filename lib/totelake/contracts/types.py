"""Types: PostgreSQL to Arrow, Hive (Glue, Athena) and Spark. An unknown type raises; it never becomes a string.

Parquet types follow from Arrow. A `time` is the text HH:MM:SS.mmm in the lake; the load casts it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from totelake.errors import ContractError

if TYPE_CHECKING:
    import pyarrow

# each for fullmatch: $ also matches before a line break, \d digits of every script
_NUMERIC = re.compile(r"numeric(?:\(([0-9]+)(?:,([0-9]+))?\))?")
_TEXT = re.compile(r"text|uuid|character varying(\([0-9]+\))?|character\([0-9]+\)|\"(?:[^\"]|\"\")+\"")
_TIMESTAMP = re.compile(r"timestamp(\([0-6]\))? without time zone")
_TIME = re.compile(r"time(\([0-6]\))? without time zone")
_LIMITED = re.compile(r"character(?: varying)?\(([0-9]+)\)")
_DEFAULT_DECIMAL = (10, 2)
# the digits of the largest decimal of Arrow's, Hive's and Spark's
_MOST_DIGITS = 38
_FINEST = 6
# to Arrow's name, and to the name that Hive and Spark share
_FIXED = {
    "smallint": ("int16", "smallint"),
    "integer": ("int32", "int"),
    "bigint": ("int64", "bigint"),
    "boolean": ("bool", "boolean"),
    "real": ("float", "float"),
    "double precision": ("double", "double"),
    "date": ("date32", "date"),
}


class UnknownTypeError(ContractError):
    """A PostgreSQL type that the lake has no exact type for."""

    def __init__(self, type_name: str) -> None:
        super().__init__(
            f"the PostgreSQL type {type_name} has no exact type in the lake; "
            "add it to totelake.contracts.types or cast the column in the source"
        )


def decimal_of(type_name: str) -> tuple[int, int] | None:
    """Precision and scale of a numeric type, (10, 2) when it states none.

    None for any other type, and for a numeric that no engine's decimal holds: of more than 38 digits, or with more of
    them behind the point than it has.
    """
    match = _NUMERIC.fullmatch(type_name)
    if match is None:
        return None
    if match.group(1) is None:
        return _DEFAULT_DECIMAL
    precision, scale = int(match.group(1)), int(match.group(2) or 0)
    return (precision, scale) if scale <= precision <= _MOST_DIGITS and precision else None


def text_limit(type_name: str) -> int | None:
    """The most characters of a text type; None when it takes any number."""
    match = _LIMITED.fullmatch(type_name)
    return int(match.group(1)) if match else None


def timestamp_digits(type_name: str) -> int:
    """The digits of a second that a timestamp keeps."""
    match = _TIMESTAMP.fullmatch(type_name)
    return int(match.group(1)[1:-1]) if match and match.group(1) else _FINEST


def is_text(type_name: str) -> bool:
    """Whether the type is character data (enums included)."""
    return _TEXT.fullmatch(type_name) is not None


def is_timestamp(type_name: str) -> bool:
    """Whether the type is a timestamp without time zone."""
    return _TIMESTAMP.fullmatch(type_name) is not None


def is_time(type_name: str) -> bool:
    """Whether the type is a time of day without time zone."""
    return _TIME.fullmatch(type_name) is not None


def arrow_type(type_name: str) -> pyarrow.DataType:
    """The Arrow type of a PostgreSQL type. Raises UnknownTypeError."""
    import pyarrow

    if type_name in _FIXED:
        return pyarrow.type_for_alias(_FIXED[type_name][0])
    decimal = decimal_of(type_name)
    if decimal is not None:
        return pyarrow.decimal128(*decimal)
    if is_text(type_name) or is_time(type_name):
        return pyarrow.string()
    if is_timestamp(type_name):
        return pyarrow.timestamp("us")
    raise UnknownTypeError(type_name)


def hive_type(type_name: str) -> str:
    """The type in the Data Catalog and in Athena. Raises UnknownTypeError."""
    if type_name in _FIXED:
        return _FIXED[type_name][1]
    decimal = decimal_of(type_name)
    if decimal is not None:
        return f"decimal({decimal[0]},{decimal[1]})"
    if is_text(type_name) or is_time(type_name):
        return "string"
    if is_timestamp(type_name):
        return "timestamp"
    raise UnknownTypeError(type_name)


def spark_type(type_name: str) -> str:
    """The Spark SQL type name, which is Hive's for every type that the lake has. Raises UnknownTypeError."""
    return hive_type(type_name)
