"""Types: PostgreSQL to Arrow, Hive (Glue, Athena) and Spark.

A source's column may be of any type: `lake_type` says of which type its values are in the lake. That is its own where
all engines have it, else `text`: PostgreSQL's own text of the value. The other functions know those types alone, and
raise for any other. Parquet types follow from Arrow. A star table's `time` is the text HH:MM:SS.mmm; the load casts it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from totelake.errors import ContractError

if TYPE_CHECKING:
    import pyarrow

BINARY = "bytea"
# each for fullmatch: $ also matches before a line break, \d digits of every script
_NUMERIC = re.compile(r"numeric(?:\(([0-9]+)(?:,([0-9]+))?\))?")
_TEXT = re.compile(r"text|character varying(\([0-9]+\))?|character\([0-9]+\)|\"(?:[^\"]|\"\")+\"")
_TIMESTAMP = re.compile(r"timestamp(\([0-6]\))? without time zone")
_ZONED = re.compile(r"timestamp(\([0-6]\))? with time zone")
_TIME = re.compile(r"time(\([0-6]\))? without time zone")
_LIMITED = re.compile(r"character(?: varying)?\(([0-9]+)\)")
_NAME = r"(?:[a-z_][a-z0-9_]*|\"(?:[^\"]|\"\")+\")"
# the names of PostgreSQL's own types as format_type() writes them: any other name has its schema, or quotes
_WORDS = (
    "smallint|integer|bigint|numeric|real|double precision|boolean|date|bytea|text|character varying|character|bpchar",
    r"interval [a-z]+(?: to [a-z]+)?|time(?:stamp)?(?:\([0-6]\))? with(?:out)? time zone|interval|bit varying|bit",
    "json|jsonb|jsonpath|xml|uuid|money|inet|cidr|macaddr|macaddr8|point|line|lseg|box|path|polygon|circle",
    "tsvector|tsquery|gtsvector|(?:int4|int8|num|ts|tstz|date)(?:multi)?range|name|refcursor|aclitem|pg_lsn",
    "oid|oid8|tid|xid|xid8|cid|oidvector|int2vector|pg_snapshot|txid_snapshot",
    "reg(?:class|collation|config|database|dictionary|namespace|oper|operator|proc|procedure|role|type)",
    r"\"(?:[^\"]|\"\")+\"",
)
# what format_type() may write: PostgreSQL's own words or a name with its schema, a modifier, an array's brackets
_WRITTEN = re.compile(
    rf"(?:(?:{'|'.join(_WORDS)})(?:\(-?[0-9]+(?:,-?[0-9]+)?\))?|{_NAME}\.{_NAME}(?:\([^\n]+\))?)(?:\[\])?"
)
_FIRST = re.compile(r"([a-z0-9_]*)(?:\([0-9, ]*\))?(?:\[\])?")
# other names of PostgreSQL's types, which format_type() never writes; somebody's own type of that name has a schema
_ALIASES = {
    **dict.fromkeys(("int", "int4", "serial"), "integer"),
    **dict.fromkeys(("int2", "smallserial"), "smallint"),
    **dict.fromkeys(("int8", "bigserial"), "bigint"),
    **dict.fromkeys(("float", "float8"), "double precision"),
    **dict.fromkeys(("decimal", "dec"), "numeric"),
    "float4": "real",
    "bool": "boolean",
    "varchar": "character varying",
    "char": "character(n)",
    "character": "character(n)",
    "varbit": "bit varying",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
}
_PSEUDO = re.compile(
    r"any(?:element|array|nonarray|enum|range|multirange|compatible[a-z]*)?|record|cstring|internal|void|unknown|trigger|"
    r"event_trigger|pg_ddl_command|language_handler|fdw_handler|index_am_handler|table_am_handler|tsm_handler"
)
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
    BINARY: ("binary", "binary"),
}
# what a source may have and no star table: a load has no way to write it
_OF_SOURCES = (BINARY,)


class UnknownTypeError(ContractError):
    """A PostgreSQL type that the lake has no exact type for, or that no table of the kind can have."""

    def __init__(
        self, type_name: str, why: str = "has no exact type in the lake; cast the column in the source"
    ) -> None:
        super().__init__(f"the PostgreSQL type {type_name} {why}")


def lake_type(type_name: str) -> str:
    """The type that values of a source's column have in the lake; `text` is PostgreSQL's own text of them.

    A timestamp with time zone becomes one without, in UTC. `numeric` without precision is text: it has no limit. Raises
    UnknownTypeError for what is no column's type, or not written as format_type() does.
    """
    if type_name != "numeric" and has_own_type(type_name):
        return type_name
    if is_zoned(type_name):
        return type_name.replace(" with ", " without ")
    first = _FIRST.fullmatch(type_name)
    if first and first.group(1) in _ALIASES:
        raise UnknownTypeError(type_name, f"is {_ALIASES[first.group(1)]} as format_type() writes it; write it so")
    if _PSEUDO.fullmatch(type_name.replace("[]", "")):
        raise UnknownTypeError(type_name, "is a pseudo-type, which no column has; name the column's type")
    if not _WRITTEN.fullmatch(type_name):
        raise UnknownTypeError(type_name, "is no name of a type; write it as format_type() does")
    return "text"


def stored_type(type_name: str) -> str:
    """The lake's type of a source's column where it is another than its own, else ''."""
    try:
        kept = lake_type(type_name)
    except UnknownTypeError:
        return ""
    return "" if kept == type_name else kept


def check_star_type(type_name: str) -> None:
    """Raises UnknownTypeError for a type that no star table can have."""
    if type_name in _OF_SOURCES or not has_own_type(type_name):
        raise UnknownTypeError(
            type_name, "is none that a star table can have; docs/types.md has those that are, such as text"
        )


def has_own_type(type_name: str) -> bool:
    """Whether Arrow, Hive and Spark have the type."""
    is_plain = type_name in _FIXED or is_text(type_name) or is_time(type_name) or is_timestamp(type_name)
    return is_plain or decimal_of(type_name) is not None


def unquoted(type_name: str) -> str:
    """The type's name for people: that of an enum without its quotes."""
    is_quoted = type_name.startswith('"') and is_text(type_name)
    return type_name[1:-1] if is_quoted else type_name


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


def time_digits(type_name: str) -> int:
    """The digits of a second that a time of day keeps."""
    match = _TIME.fullmatch(type_name)
    return int(match.group(1)[1:-1]) if match and match.group(1) else _FINEST


def is_text(type_name: str) -> bool:
    """Whether the type is character data (enums included)."""
    return _TEXT.fullmatch(type_name) is not None


def is_timestamp(type_name: str) -> bool:
    """Whether the type is a timestamp without time zone."""
    return _TIMESTAMP.fullmatch(type_name) is not None


def is_zoned(type_name: str) -> bool:
    """Whether the type is a timestamp with time zone."""
    return _ZONED.fullmatch(type_name) is not None


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
