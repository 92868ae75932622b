"""Athena's types: read from text, written as Athena and DuckDB write them, and which becomes which by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

from localathena.sql.quoting import identifier
from localathena.sql.refusals import refuse

MOST_DIGITS = 38
_DUCKDB = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "json": "VARCHAR",
    "uuid": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    # a moment keeps the zone in which it is shown
    "timestamp with time zone": "STRUCT(utc TIMESTAMP, zone VARCHAR)",
    # months, and milliseconds
    "interval year to month": "BIGINT",
    "interval day to second": "BIGINT",
    "unknown": "INTEGER",
}
_ALIASES = {"int": "integer", "string": "varchar", "float": "real", "binary": "varbinary", "struct": "row"}
# types with others in them: how many at least and at most
_COMPOSED: dict[str, tuple[int, float]] = {"array": (1, 1), "map": (2, 2), "row": (1, float("inf"))}
_PARTS = {
    "array": "an array has one type in it",
    "map": "a map has the type of its keys and that of its values",
    "row": "a row has the type of one field or more",
}
INTEGERS = ("tinyint", "smallint", "integer", "bigint")
NUMBERS = (*INTEGERS, "decimal", "real", "double")
INTERVALS = ("interval year to month", "interval day to second")
_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_MOMENTS = ("date", "timestamp", "timestamp with time zone")
Argument = Union[int, "Type"]


@dataclass(frozen=True)
class Type:
    """A type: its name in small letters, its numbers or the types in it, and the names of a row's fields."""

    name: str
    args: tuple[Argument, ...] = ()
    fields: tuple[str | None, ...] = ()

    def __str__(self) -> str:
        """As Athena's typeof shows it."""
        if self.name == "row":
            shown = (f"{name} {kind}" if name else str(kind) for name, kind in zip(self.fields, self.args))
            return f"row({', '.join(shown)})"
        if self.name == "timestamp with time zone":
            return f"timestamp({self.args[0]}) with time zone"
        if not self.args:
            return self.name
        inner = ("," if self.name == "decimal" else ", ").join(map(str, self.args))
        return f"{self.name}({inner})"

    @property
    def inner(self) -> tuple[Type, ...]:
        """The types in it."""
        return tuple(item for item in self.args if isinstance(item, Type))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Its length, precision or scale."""
        return tuple(item for item in self.args if isinstance(item, int))

    @property
    def field_names(self) -> list[str]:
        """The names of a row's fields as DuckDB has them."""
        return [name.lower() if name else f"field{number}" for number, name in enumerate(self.fields)]

    @property
    def duckdb(self) -> str:
        """The type of DuckDB that holds its values."""
        if self.name == "decimal":
            return f"DECIMAL({self.args[0]}, {self.args[1]})"
        if self.name == "array":
            return f"{self.inner[0].duckdb}[]"
        if self.name == "map":
            return f"MAP({self.inner[0].duckdb}, {self.inner[1].duckdb})"
        if self.name == "row":
            named = (f"{identifier(name)} {kind.duckdb}" for name, kind in zip(self.field_names, self.inner))
            return f"STRUCT({', '.join(named)})"
        return _DUCKDB[self.name]

    def shown(self) -> str:
        """As a result's column says it: without the digits of a moment's seconds."""
        if self.name in ("timestamp", "time", "timestamp with time zone"):
            return self.name
        if self.name in INTERVALS:
            return self.name.upper()
        if self.name == "row":
            parts = (f"{name} {kind.shown()}" if name else kind.shown() for name, kind in zip(self.fields, self.inner))
            return f"row({', '.join(parts)})"
        inner = [item.shown() if isinstance(item, Type) else str(item) for item in self.args]
        return f"{self.name}({', '.join(inner)})" if inner else self.name


BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT = (Type(name) for name in ("boolean", *INTEGERS))
REAL, DOUBLE, VARCHAR, VARBINARY = Type("real"), Type("double"), Type("varchar"), Type("varbinary")
DATE, TIMESTAMP, TIME, JSON = Type("date"), Type("timestamp", (3,)), Type("time", (3,)), Type("json")
ZONED, UNKNOWN = Type("timestamp with time zone", (3,)), Type("unknown")
MONTHS, MILLISECONDS = (Type(name) for name in INTERVALS)


def decimal(precision: int, scale: int) -> Type:
    """A decimal, of 38 digits at most."""
    return Type("decimal", (min(precision, MOST_DIGITS), scale))


def array(item: Type) -> Type:
    """An array."""
    return Type("array", (item,))


def row(*items: Type) -> Type:
    """A row without names."""
    return Type("row", items, (None,) * len(items))


_TOKEN = re.compile(r'\s*("(?:[^"]|"")*"|[^\s(),<>:"]+|[(),<>:])')


def type_of(text: str) -> Type:
    """A type from Athena's or Hive's text. Raises Refused for what is none."""
    try:
        found, rest = _read(_TOKEN.findall(text))
    except IndexError:
        refuse("TYPE_MISMATCH", f"Unknown type: {text}")
    return found if not rest else refuse("TYPE_MISMATCH", f"Unknown type: {text}")


def _unquoted(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def _read(tokens: list[str]) -> tuple[Type, list[str]]:
    word, rest = tokens[0].lower(), tokens[1:]
    name = _ALIASES.get(word, word)
    if name == "interval":
        return Type(" ".join(tokens[:4]).lower()), tokens[4:]
    if name == "double" and rest[:1] and rest[0].lower() == "precision":
        rest = rest[1:]
    args: list[Argument] = []
    names: list[str | None] = []
    if rest[:1] in (["("], ["<"]):
        rest = rest[1:]
        while True:
            if rest[0].isdigit():
                args.append(int(rest[0]))
                rest = rest[1:]
            else:
                label = None
                if name == "row" and rest[1] not in (",", ")", ">", "(", "<"):
                    label, rest = _unquoted(rest[0]), rest[2:] if rest[1] == ":" else rest[1:]
                inner, rest = _read(rest)
                args.append(inner)
                names.append(label)
            closing, rest = rest[0], rest[1:]
            if closing in (")", ">"):
                break
    if [item.lower() for item in rest[:4]] == ["with", "time", "zone"]:
        name, rest = f"{name} with time zone", rest[3:]
    return _complete(name, args, names), rest


def _complete(name: str, args: list[Argument], names: list[str | None]) -> Type:
    """The type with what it has when nothing is said."""
    if name == "decimal":
        args = [*args, *(MOST_DIGITS, 0)[len(args) :]]
        if not (isinstance(args[0], int) and 0 < args[0] <= MOST_DIGITS):
            refuse("INVALID_FUNCTION_ARGUMENT", f"DECIMAL precision must be in range [1, 38]: {args[0]}")
    elif name in ("timestamp", "time", "timestamp with time zone"):
        args = args or [3]
    elif name == "char":
        args = args or [1]
    elif name not in _DUCKDB and name not in _COMPOSED:
        refuse("TYPE_MISMATCH", f"Unknown type: {name}")
    inner = sum(isinstance(item, Type) for item in args)
    least, most = _COMPOSED.get(name, (0, 0))
    if not least <= inner <= most or (least and inner < len(args)):
        shown = f"{name}({', '.join(map(str, args))})" if args else name
        refuse("TYPE_MISMATCH", f"Unknown type: {shown}: {_PARTS.get(name, 'it has no types in it')}")
    return Type(name, tuple(args), tuple(names) if name == "row" else ())


def as_decimal(kind: Type) -> Type:
    """The decimal that holds every value of a whole number's type."""
    return kind if kind.name == "decimal" else decimal(_DIGITS[kind.name], 0)


def common(left: Type, right: Type) -> Type | None:
    """The type that both become by themselves; None when there is none."""
    if left == right or right.name == "unknown":
        return left
    if left.name == "unknown":
        return right
    names = (left.name, right.name)
    if left.name in NUMBERS and right.name in NUMBERS:
        return _number(left, right)
    if left.name == right.name:
        return _of_same_name(left, right)
    if set(names) <= set(_MOMENTS):
        later = max(left, right, key=lambda kind: _MOMENTS.index(kind.name))
        return Type(later.name, (max([*left.numbers, *right.numbers]),))
    if set(names) == {"varchar", "char"}:
        return left if left.name == "char" else right
    return None


def _number(left: Type, right: Type) -> Type:
    names = (left.name, right.name)
    if "double" in names:
        return DOUBLE
    if "real" in names:
        return REAL
    if "decimal" not in names:
        return max(left, right, key=lambda kind: INTEGERS.index(kind.name))
    (p1, s1), (p2, s2) = as_decimal(left).numbers, as_decimal(right).numbers
    scale = max(s1, s2)
    return decimal(max(p1 - s1, p2 - s2) + scale, scale)


def _of_same_name(left: Type, right: Type) -> Type | None:
    if left.name in ("varchar", "char"):
        bounded = left.numbers and right.numbers
        return Type(left.name, (max(*left.numbers, *right.numbers),) if bounded else ())
    if left.name in ("timestamp", "time", "timestamp with time zone"):
        return Type(left.name, (max(*left.numbers, *right.numbers),))
    if left.name in ("array", "map", "row") and len(left.args) == len(right.args):
        inner = [common(one, other) for one, other in zip(left.inner, right.inner)]
        names = tuple(one if one == other else None for one, other in zip(left.fields, right.fields))
        return Type(left.name, tuple(item for item in inner if item), names) if all(inner) else None
    return None


def common_of(kinds: Sequence[Type]) -> Type | None:
    """The type that all become by themselves."""
    found: Type | None = UNKNOWN
    for kind in kinds:
        found = common(found, kind) if found else None
    return found


def becomes(kind: Type, wanted: Type) -> bool:
    """Whether a value of a type is taken where another is wanted."""
    if wanted.name in ("varchar", "char") and not wanted.args:
        return kind.name in ("varchar", "char", "unknown")
    if kind.name == "decimal" and wanted == Type("decimal"):
        return True
    return common(kind, wanted) == wanted
