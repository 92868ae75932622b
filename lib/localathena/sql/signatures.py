"""Athena's functions: their names and signatures, which of them a call means, and the SQL that answers it.

A line of a table is `name(types) -> type : SQL`. `{0}` is the first argument, already of its type; `{R}` the result's
type for DuckDB; `{T}` what a variable stands for; `{ALL}` all arguments, and `{CAT}` all with `||` between. T, U, K, V,
S, R and E are any type, I whole numbers, N numbers, M dates and times without a zone, Z moments with one; `varchar(x)`
and `decimal(p,s)` keep their numbers; a type with `...` behind it may come any number of times. `(T)->U` is a lambda.
`{Zp}` are the digits behind the seconds of Z. `<<CLASS|SQL of a sentence|type>>` fails. Of an aggregate `{D}` is its
DISTINCT, `{O}` its order, and `{W}` its FILTER and OVER; `{I}` is IGNORE NULLS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from localathena.sql import types
from localathena.sql.refusals import failure, refuse
from localathena.sql.types import Type

_ANY = frozenset("TUKVSER")
_KINDS = {"I": types.INTEGERS, "N": types.NUMBERS, "M": ("date", "timestamp"), "Z": ("timestamp with time zone",)}
_LINE = re.compile(r"(\w+)\((.*?)\) -> (.+?) : (.+)")
_LAMBDA = re.compile(r"\(([^()]*)\)->(.+)")
_PARTS = re.compile(r",(?![^(]*\))")
_FAILS = re.compile(r"<<(\w+)\|(.*?)\|(.*?)>>")
_AROUND = {"D": "", "O": "", "W": "", "I": ""}


class Argument(Protocol):
    """An argument of a call: a value has its type, a lambda gets one when the types of its parameters are known."""

    @property
    def kind(self) -> Type | None:
        """The type of a value; None for a lambda."""

    def sql(self, wanted: Type) -> str:
        """The value as a type that it becomes by itself."""

    def applied(self, parameters: Sequence[Type], function: str) -> tuple[Type, str]:
        """A lambda's result and its SQL."""


@dataclass(frozen=True)
class Signature:
    """One of the forms of a function."""

    name: str
    arguments: tuple[str, ...]
    result: str
    sql: str

    @property
    def variadic(self) -> bool:
        """Whether the last argument may be repeated."""
        return bool(self.arguments) and self.arguments[-1].endswith("...")

    def patterns(self, count: int) -> tuple[str, ...] | None:
        """The types of so many arguments; None when it does not take so many."""
        if not self.variadic:
            return self.arguments if count == len(self.arguments) else None
        first, last = self.arguments[:-1], self.arguments[-1][:-3]
        return (*first, *[last] * (count - len(first))) if count > len(first) else None


@dataclass
class Bound:
    """What the variables of a signature stand for."""

    kinds: dict[str, Type] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    unlimited: set[str] = field(default_factory=set)

    def take(self, pattern: str, kind: Type) -> bool:
        """Let the variables of a pattern stand for a type. False when it does not fit."""
        if pattern in _KINDS or pattern in _ANY:
            before = self.kinds.get(pattern, types.UNKNOWN)
            joined = types.common(before, kind)
            if joined is None or (pattern in _KINDS and joined.name not in (*_KINDS[pattern], "unknown")):
                return False
            self.kinds[pattern] = joined
            return True
        if pattern == "varchar(x)":
            if kind.name not in ("varchar", "unknown", "char"):
                return False
            self.lengths.update(x=max(self.lengths.get("x", 0), *kind.numbers, 0))
            if not kind.numbers:
                self.unlimited.add("x")
            return True
        if pattern == "decimal(p,s)":
            return kind.name == "decimal" and self._take_decimal(*kind.numbers)
        name, inner = _split(pattern)
        if inner is None or name in ("decimal", "timestamp", "interval"):
            return types.becomes(kind, self.type(pattern))
        if kind.name == "unknown":
            return True
        parts = _PARTS.split(inner)
        return kind.name == name and all(self.take(part.strip(), item) for part, item in zip(parts, kind.inner))

    def _take_decimal(self, precision: int, scale: int) -> bool:
        whole = precision - scale
        self.lengths.update(p=precision, s=scale, q=precision + 1, i=whole + min(scale, 1), t=max(whole, 1))
        return True

    def type(self, pattern: str) -> Type:
        """The type that a pattern is with what its variables stand for."""
        if pattern in _KINDS or pattern in _ANY:
            return self.kinds.get(pattern, types.UNKNOWN)
        if pattern == "varchar(x)":
            return types.VARCHAR if "x" in self.unlimited else Type("varchar", (self.lengths.get("x", 0),))
        name, inner = _split(pattern)
        if name == "decimal" and inner is not None:
            precision, scale = (int(item) if item.isdigit() else self.lengths[item] for item in inner.split(","))
            return types.decimal(precision, scale)
        if inner is None or inner[:1].isdigit():
            return _named(pattern)
        parts = tuple(self.type(part.strip()) for part in _PARTS.split(inner))
        return Type(name, parts, (None,) * len(parts) if name == "row" else ())


_NAMED: dict[str, Type] = {}


def _named(text: str) -> Type:
    if text not in _NAMED:
        _NAMED[text] = types.type_of(text)
    return _NAMED[text]


def _split(pattern: str) -> tuple[str, str | None]:
    if not pattern.endswith(")"):
        return pattern, None
    name, _, inner = pattern.partition("(")
    return name, inner[:-1]


def table_of(text: str) -> Iterable[Signature]:
    """The signatures of a table of lines."""
    for line in filter(None, map(str.strip, text.splitlines())):
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"no line of a table of functions: {line}")
        name, arguments, result, sql = found.groups()
        written = _FAILS.sub(lambda part: failure(part[1], part[2], part[3]), sql)
        yield Signature(name, tuple(_arguments(arguments)), result, written)


def _arguments(text: str) -> Iterable[str]:
    depth, start = 0, 0
    for place, letter in enumerate(f"{text},"):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            if text[start:place].strip():
                yield text[start:place].strip()
            start = place + 1


@dataclass(frozen=True)
class Call:
    """A call as SQL, and its type."""

    kind: Type
    sql: str


def call(
    signatures: Sequence[Signature], name: str, arguments: Sequence[Argument], around: dict[str, str] = _AROUND
) -> Call:
    """The call of a function; `around` is what stands around an aggregate. Raises Refused when no signature fits."""
    tried: list[tuple[int, int, Signature, tuple[str, ...], Bound]] = []
    for signature in signatures:
        patterns = signature.patterns(len(arguments))
        bound = Bound()
        if patterns is None or not _fits(bound, patterns, arguments):
            continue
        tried.append((_cost(bound, patterns, arguments), len(tried), signature, patterns, bound))
    if not tried:
        shown = ", ".join(str(item.kind) if item.kind else "<lambda>" for item in arguments)
        refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters ({shown}) for function {name}")
    _, _, signature, patterns, bound = min(tried, key=lambda item: item[:2])
    return _written(signature, patterns, bound, arguments, around)


def _fits(bound: Bound, patterns: Sequence[str], arguments: Sequence[Argument]) -> bool:
    for pattern, argument in zip(patterns, arguments):
        is_lambda = "->" in pattern
        if is_lambda != (argument.kind is None):
            return False
        if argument.kind is not None and not bound.take(pattern, argument.kind):
            return False
    return True


def _cost(bound: Bound, patterns: Sequence[str], arguments: Sequence[Argument]) -> int:
    """How many arguments become another type."""
    return sum(
        argument.kind.name != bound.type(pattern).name
        for pattern, argument in zip(patterns, arguments)
        if argument.kind is not None
    )


def _written(
    signature: Signature, patterns: Sequence[str], bound: Bound, arguments: Sequence[Argument], around: dict[str, str]
) -> Call:
    texts: list[str] = []
    for pattern, argument in zip(patterns, arguments):
        found = _LAMBDA.fullmatch(pattern)
        if found is None:
            texts.append("")
            continue
        parameters = [bound.type(item.strip()) for item in found[1].split(",")]
        kind, sql = argument.applied(parameters, signature.name)
        if not bound.take(found[2], kind) or (found[2] == "boolean" and kind.name != "boolean"):
            refuse("FUNCTION_NOT_FOUND", f"the lambda of {signature.name} gives {kind}, not {bound.type(found[2])}")
        texts.append(sql)
    for place, (pattern, argument) in enumerate(zip(patterns, arguments)):
        if not texts[place]:
            texts[place] = argument.sql(bound.type(pattern))
    result = bound.type(signature.result)
    named = {name: kind.duckdb for name, kind in bound.kinds.items()}
    digits = {f"{name}p": kind.numbers[0] if kind.numbers else 0 for name, kind in bound.kinds.items()}
    joined = {"ALL": ", ".join(texts), "CAT": " || ".join(texts)}
    sql = signature.sql.format(*texts, **{**named, **digits, **bound.lengths, **joined, **around, "R": result.duckdb})
    return Call(result, sql)
