"""Athena's operators: the type of what they give, and DuckDB's words for the same value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from localathena.sql import types
from localathena.sql.casts import coerced, field
from localathena.sql.refusals import failure, not_here, refuse
from localathena.sql.types import INTEGERS, INTERVALS, Type

_ORDERED = ("map", "json")
# comparisons in which DuckDB and IEEE 754 differ about NaN
_ERRS = ("=", "<>", "<", "<=", ">", ">=")
_NUMBER = re.compile(r"(?:CAST\(|\()*-?(?:CAST\()*'?[0-9.][0-9.e+-]*'?(?: AS [A-Z]+(?:\(\d+, \d+\))?\)|\))*")
_MOMENTS = ("date", "timestamp", "timestamp with time zone", "time")


@dataclass(frozen=True)
class Value:
    """An expression: its type, its SQL, and its text when it is a literal."""

    kind: Type
    sql: str
    literal: str | None = None

    def as_(self, wanted: Type) -> str:
        """Its SQL as a type that it becomes by itself."""
        return coerced(self.sql, self.kind, wanted)


def _cannot(sign: str, left: Value, right: Value) -> NoReturn:
    refuse("TYPE_MISMATCH", f"Cannot apply operator: {left.kind} {sign} {right.kind}")


def compared(sign: str, left: Value, right: Value) -> Value:
    """A comparison."""
    kind = types.common(left.kind, right.kind)
    if kind is None or (sign not in ("=", "<>") and kind.name in _ORDERED):
        _cannot(sign, left, right)
    return Value(types.BOOLEAN, _compared(sign, left.as_(kind), right.as_(kind), kind))


def _compared(sign: str, one: str, other: str, kind: Type) -> str:
    """A comparison of two of a type; NULL inside a row or an array makes it NULL, where DuckDB has it as a value."""
    if kind.name == "row" and sign in ("=", "<>"):
        parts = [
            _compared("=", field(one, name), field(other, name), inner)
            for name, inner in zip(kind.field_names, kind.inner)
        ]
        same = f"({' AND '.join(parts)})"
        return same if sign == "=" else f"(NOT {same})"
    if kind.name == "array" and sign in ("=", "<>"):
        item = _compared("=", "q[1]", "q[2]", kind.inner[0])
        pairs = f"list_transform(list_zip({one}, {other}), lambda q: {item})"
        there = f"{one} IS NOT NULL AND {other} IS NOT NULL"
        same = f"CASE WHEN len({one}) <> len({other}) THEN false WHEN {there} THEN m_all({pairs}) END"
        return f"({'' if sign == '=' else 'NOT '}{same})"
    if kind.name == "row" and sign in ("<", "<=", ">", ">="):
        return _lexical(sign, one, other, list(zip(kind.field_names, kind.inner)))
    made = f"({comparable(one, kind)} {sign} {comparable(other, kind)})"
    return _by_ieee(made, sign, one, other) if kind.name in ("real", "double") else made


def _by_ieee(made: str, sign: str, one: str, other: str) -> str:
    """A comparison of doubles: with NaN it is false, and `<>` true, where DuckDB has NaN as the greatest number."""
    # DuckDB errs only where this side is NaN; with NULL on the other side there is no answer
    odd, rest = (other, one) if sign in ("<", "<=") else (one, other)
    if sign not in _ERRS or _NUMBER.fullmatch(odd) or (sign == "=" and _NUMBER.fullmatch(rest)):
        return made
    is_odd = f"isnan({odd})" if _NUMBER.fullmatch(rest) else f"(isnan({odd}) AND {rest} = {rest})"
    return f"({made} OR {is_odd})" if sign == "<>" else f"({made} AND NOT {is_odd})"


def is_among(left: Value, items: Sequence[Value], kind: Type) -> str:
    """Whether a value is one of several, all of a type."""
    one, others = left.as_(kind), [item.as_(kind) for item in items]
    plain = kind.name not in ("row", "array", "map", "real", "double")
    if plain or (kind.name in ("real", "double") and all(map(_NUMBER.fullmatch, others))):
        return f"({comparable(one, kind)} IN ({', '.join(comparable(item, kind) for item in others)}))"
    return f"({' OR '.join(_compared('=', one, item, kind) for item in others)})"


def _is_for(word: str, sign: str, one: str, kind: Type, query: str, items: str) -> str:
    """A comparison with ANY or ALL rows of a query in which NULL may be inside a row or an array."""
    held = _compared(sign, one, items, kind)
    found, other = ("bool_or(h)", "true") if word == "ANY" else ("NOT bool_and(h)", "false")
    last = "false" if word == "ANY" else "true"
    rest = f"WHEN count(*) > count(h) THEN NULL ELSE {last} END"
    return f"(SELECT CASE WHEN {found} THEN {other} {rest} FROM (SELECT {held} AS h FROM {query}))"


def quantified(word: str, sign: str, one: str, kind: Type, query: str, items: str) -> str:
    """A comparison with ANY or ALL of what `query` has, each as `items`."""
    if kind.name in ("row", "array", "map"):
        return _is_for(word, sign, one, kind, query, items)
    if kind.name in ("real", "double"):
        # a row with NaN on neither side compares as the numbers do, and NaN as its first field says
        low, high = (0, 2) if sign in (">", ">=") else (2, 0)
        one, items = _ranked(one, low), _ranked(items, high)
    else:
        one, items = comparable(one, kind), comparable(items, kind)
    return f"({one} {sign} {word} (SELECT {items} FROM {query}))"


def _ranked(sql: str, of_nan: int) -> str:
    number = f"WHEN {sql} IS NOT NULL THEN struct_pack(k := 1, x := {sql})"
    return f"CASE WHEN isnan({sql}) THEN struct_pack(k := {of_nan}, x := 0) {number} END"


def _lexical(sign: str, one: str, other: str, parts: list[tuple[str, Type]]) -> str:
    (name, kind), rest = parts[0], parts[1:]
    left, right = field(one, name), field(other, name)
    if not rest:
        return _compared(sign, left, right, kind)
    strict = _compared(sign[0], left, right, kind)
    return f"({strict} OR ({_compared('=', left, right, kind)} AND {_lexical(sign, one, other, rest)}))"


def told_apart(kind: Type, place: str) -> None:
    """Refuse what DuckDB would tell apart by more than Athena: moments by their zones."""
    if _has_zone(kind):
        not_here(f"{place} of {kind}, which has a zone beside its moment,")


def _has_zone(kind: Type) -> bool:
    return kind.name == "timestamp with time zone" or any(map(_has_zone, kind.inner))


def comparable(sql: str, kind: Type) -> str:
    """A value as what is compared: of a moment with a zone the moment alone, of a char no spaces at its end."""
    if kind.name == "char":
        return f"rtrim({sql}, ' ')"
    return f"({sql}).utc" if kind.name == "timestamp with time zone" else sql


def arithmetic(sign: str, left: Value, right: Value) -> Value:
    """A sum, a difference, a product, a quotient or a remainder."""
    if left.kind.name == "unknown" and right.kind.name == "unknown":
        left = Value(types.INTEGER, left.sql)
    if (
        left.kind.name not in types.NUMBERS
        and left.kind.name != "unknown"
        or (right.kind.name not in types.NUMBERS and right.kind.name != "unknown")
    ):
        return _of_time(sign, left, right)
    kind = types.common(left.kind, right.kind)
    if kind is None:
        _cannot(sign, left, right)
    if kind.name == "decimal":
        return _decimals(sign, left, right)
    one, other = left.as_(kind), right.as_(kind)
    if kind.name in INTEGERS:
        if sign in "/%":
            return _whole(sign, one, other, kind, right.literal)
        return Value(kind, f"({one} {sign} {other})")
    if sign == "%":
        return Value(kind, f"CAST(py_fmod({one}, {other}) AS {kind.duckdb})")
    return Value(kind, f"CAST({one} {sign} {other} AS {kind.duckdb})")


def _whole(sign: str, one: str, other: str, kind: Type, literal: str | None) -> Value:
    operator = "//" if sign == "/" else "%"
    sql = f"({one} {operator} {other})"
    if literal is None or not literal.strip("0_"):
        zero = failure("DIVISION_BY_ZERO", "'Division by zero'", kind.duckdb)
        sql = f"CASE WHEN {other} = 0 THEN {zero} ELSE {sql} END"
    return Value(kind, f"CAST({sql} AS {kind.duckdb})")


def _decimals(sign: str, left: Value, right: Value) -> Value:
    one, other = (
        types.as_decimal(left.kind if left.kind.name != "unknown" else right.kind),
        types.as_decimal(right.kind if right.kind.name != "unknown" else left.kind),
    )
    (p1, s1), (p2, s2) = one.numbers, other.numbers
    scale = max(s1, s2)
    if sign in "+-":
        kind = types.decimal(max(p1 - s1, p2 - s2) + scale + 1, scale)
        return Value(kind, f"CAST({left.as_(kind)} {sign} {right.as_(kind)} AS {kind.duckdb})")
    first, second = left.as_(types.decimal(38, s1)), right.as_(types.decimal(38, s2))
    if sign == "*":
        if s1 + s2 > types.MOST_DIGITS:
            refuse("TYPE_MISMATCH", f"DECIMAL result exceeds 38 digits behind the point: {left.kind} * {right.kind}")
        kind = types.decimal(p1 + p2, s1 + s2)
        return Value(kind, f"CAST({first} * {second} AS {kind.duckdb})")
    if sign == "/":
        kind = types.decimal(p1 + s2 + max(0, s2 - s1), scale)
        return Value(kind, f"CAST(py_divide_{s1}_{s2}_{scale}({first}, {second}) AS {kind.duckdb})")
    kind = types.decimal(min(p2 - s2, p1 - s1) + scale, scale)
    return Value(kind, f"CAST(py_remainder_{s1}_{s2}_{scale}({first}, {second}) AS {kind.duckdb})")


def negated(value: Value) -> Value:
    """A number or an interval with the other sign."""
    if value.kind.name not in (*types.NUMBERS, *INTERVALS):
        refuse("TYPE_MISMATCH", f"Cannot negate {value.kind}")
    return Value(value.kind, f"(-{value.sql})")


def _of_time(sign: str, left: Value, right: Value) -> Value:
    if sign == "+" and left.kind.name in INTERVALS and right.kind.name in _MOMENTS:
        left, right = right, left
    names = (left.kind.name, right.kind.name)
    if names[0] in INTERVALS and names[0] == names[1] and sign in "+-":
        return Value(left.kind, f"({left.sql} {sign} {right.sql})")
    if names[0] in INTERVALS and names[1] in (*INTEGERS, "double") and sign in "*/":
        result = f"{left.sql} {sign} {right.sql}" if sign == "*" else f"trunc({left.sql} / {right.sql})"
        return Value(left.kind, f"CAST({result} AS BIGINT)")
    if names[1] in INTERVALS and names[0] in (*INTEGERS, "double") and sign == "*":
        return Value(right.kind, f"CAST({left.sql} * {right.sql} AS BIGINT)")
    if names[0] in _MOMENTS and names[1] in INTERVALS and sign in "+-":
        return _moved(sign, left, right)
    if sign == "-" and names[0] in _MOMENTS and types.common(left.kind, right.kind):
        one, other = (comparable(value.sql, value.kind) for value in (left, right))
        if names[0] == names[1]:
            span = f"(epoch_ms(CAST({one} AS TIMESTAMP)) - epoch_ms(CAST({other} AS TIMESTAMP)))"
            if names[0] != "time":
                return Value(types.MILLISECONDS, span)
    _cannot(sign, left, right)


def _moved(sign: str, moment: Value, interval: Value) -> Value:
    """A date or time, later or earlier; a date stays a date."""
    months = interval.kind == types.MONTHS
    amount = interval.sql if sign == "+" else f"(-{interval.sql})"
    added = f"to_months(CAST({amount} AS INTEGER))" if months else f"to_milliseconds({amount})"
    name = moment.kind.name
    if name == "timestamp with time zone":
        if months:
            not_here("a month added to a moment with a time zone")
        return Value(moment.kind, f"struct_pack(utc := ({moment.sql}).utc + {added}, zone := ({moment.sql}).zone)")
    if name == "date" and not months:
        whole = failure("INVALID_FUNCTION_ARGUMENT", "'Cannot add hour, minutes or seconds to a date'", "INTERVAL")
        added = f"CASE WHEN {interval.sql} % 86400000 <> 0 THEN {whole} ELSE {added} END"
    if name == "time" and months:
        refuse("TYPE_MISMATCH", f"Cannot apply operator: {moment.kind} {sign} {interval.kind}")
    return Value(moment.kind, f"CAST({moment.sql} + {added} AS {moment.kind.duckdb})")
