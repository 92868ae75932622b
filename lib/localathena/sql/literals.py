"""Literals: numbers, texts, bytes and lengths of time."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from localathena.sql import types
from localathena.sql.operators import Value
from localathena.sql.quoting import quoted
from localathena.sql.refusals import refuse
from localathena.sql.types import Type

_MILLISECONDS = {"SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_MONTHS = {"MONTH": 1, "YEAR": 12}
_CLOCK = re.compile(r"(?:(\d+) ?)?(?:(\d+):)?(?:(\d+):)?(\d+(?:\.\d+)?)?")


def text(value: str) -> Value:
    """A text."""
    return Value(Type("varchar", (len(value),)), quoted(value), value)


def unicode_text(written: str, escape: Any) -> Value:
    """A text whose letters may be written by their numbers, U&'\\00e9'."""
    mark = re.escape(escape.this if escape else "\\")
    pattern = rf"{mark}(?:([0-9a-fA-F]{{4}})|\+([0-9a-fA-F]{{6}})|({mark}))"
    return text(re.sub(pattern, lambda part: part[3] or chr(int(part[1] or part[2], 16)), written))


def number(written: str) -> Value:
    """A number: whole, with a point, or with an exponent."""
    small = written.lower()
    if "e" in small:
        return Value(types.DOUBLE, f"CAST('{small}' AS DOUBLE)", written)
    if "." in small:
        whole, _, fraction = small.partition(".")
        whole = whole.lstrip("0")
        digits = len(whole) + len(fraction)
        if digits > types.MOST_DIGITS:
            refuse("INVALID_LITERAL", f"Invalid decimal literal: {written}")
        kind = types.decimal(max(digits, 1), len(fraction))
        return Value(kind, f"CAST('{whole or '0'}.{fraction or '0'}' AS {kind.duckdb})", written)
    value = int(small)
    if value >= 1 << 63:
        refuse("SYNTAX_ERROR", f"Invalid numeric literal: {written}")
    kind = types.INTEGER if value < 1 << 31 else types.BIGINT
    return Value(kind, f"CAST({value} AS {kind.duckdb})", written)


def hexadecimal(digits: str) -> Value:
    """Bytes."""
    packed = re.sub(r"\s", "", digits)
    if len(packed) % 2 or not re.fullmatch(r"[0-9a-fA-F]*", packed):
        refuse("SYNTAX_ERROR", "Hexadecimal literal must contain an even number of hexadecimal digits")
    return Value(types.VARBINARY, f"from_hex('{packed}')" if packed else "CAST('' AS BLOB)")


def interval(node: exp.Interval) -> Value:
    """A length of time, in months or in milliseconds."""
    amount, sign = node.this, 1
    if isinstance(amount, exp.Neg):
        amount, sign = amount.this, -1
    if not isinstance(amount, exp.Literal) or node.args.get("unit") is None:
        refuse("SYNTAX_ERROR", f"an interval is written INTERVAL '1' DAY, not {node.sql(dialect='trino')}")
    written, unit = amount.this.strip(), node.args["unit"]
    if written[:1] in "+-" and written:
        sign, written = sign * (-1 if written[0] == "-" else 1), written[1:]
    if isinstance(unit, exp.IntervalSpan):
        return _span(written, sign, unit.this.name.upper(), unit.expression.name.upper())
    name = unit.name.upper()
    if name in _MONTHS and written.isdigit():
        return Value(types.MONTHS, f"CAST({sign * int(written) * _MONTHS[name]} AS BIGINT)")
    if name in _MILLISECONDS and re.fullmatch(r"\d+(\.\d+)?" if name == "SECOND" else r"\d+", written):
        return Value(types.MILLISECONDS, f"CAST({sign * round(float(written) * _MILLISECONDS[name])} AS BIGINT)")
    refuse("INVALID_LITERAL", f"'{amount.this}' is not a valid interval literal")


def _span(written: str, sign: int, first: str, last: str) -> Value:
    if (first, last) == ("YEAR", "MONTH"):
        years, _, months = written.partition("-")
        if years.isdigit() and (months.isdigit() or not months):
            return Value(types.MONTHS, f"CAST({sign * (int(years) * 12 + int(months or 0))} AS BIGINT)")
    units = list(reversed(_MILLISECONDS))
    if first in units and last in units and units.index(first) < units.index(last):
        numbers = re.split(r"[ :]", written)
        names = units[units.index(first) : units.index(last) + 1]
        if len(numbers) == len(names) and all(re.fullmatch(r"\d+(\.\d+)?", item) for item in numbers):
            total = sum(float(item) * _MILLISECONDS[name] for item, name in zip(numbers, names))
            return Value(types.MILLISECONDS, f"CAST({sign * round(total)} AS BIGINT)")
    refuse("INVALID_LITERAL", f"'{written}' is not a valid interval literal")
