"""Decimals as Athena reckons with them: DuckDB keeps what is reckoned with short ones in 18 digits, and overflows."""

from __future__ import annotations

import re

from sqlglot import exp

_MOST = 38
_LITERAL = re.compile(r"(\d*)\.(\d+)")
_REGISTERED = re.compile(r"decimal\(\d+,\s*(\d+)\)")
_SHORT = (exp.TableSample, exp.Interval)


def widest(parsed: exp.Expr) -> exp.Expr:
    """The query with every decimal of 38 digits where it begins, in a literal or a cast; what is made of it has 38.

    The scale, and so every value, stays.
    """
    changed = parsed.copy()
    # what is deeper first: it is a part of what is replaced later
    for node in reversed(list(changed.walk())):
        wide = _wide(node)
        if wide is not None:
            node.replace(wide)
    return changed


def registered_cast(kind: str) -> str | None:
    """The type that a registered decimal is read as; None for another type."""
    found = _REGISTERED.fullmatch(kind)
    return f"DECIMAL({_MOST}, {found[1]})" if found else None


def _wide(node: exp.Expr) -> exp.Expr | None:
    """A cast of the decimal to 38 digits; None when it is no decimal."""
    if isinstance(node, exp.Literal):
        digits = None if node.is_string else _LITERAL.fullmatch(node.this)
        if digits is None or len(digits[1]) + len(digits[2]) > _MOST or isinstance(node.parent, _SHORT):
            return None
        return _cast(node.copy(), len(digits[2]))
    if isinstance(node, exp.Cast) and node.to.is_type(exp.DataType.Type.DECIMAL):
        found = [int(item.name) for item in node.to.expressions]
        # Athena's decimal without a precision has 38 digits, DuckDB's 18, and 3 of them behind the point
        precision, scale = (*found, *(_MOST, 0)[len(found) :])
        written = node.copy()
        written.set("to", _decimal(precision, scale))
        return _cast(written, scale)
    return None


def _cast(value: exp.Expr, scale: int) -> exp.Cast:
    return exp.Cast(this=value, to=_decimal(_MOST, scale))


def _decimal(precision: int, scale: int) -> exp.DataType:
    return exp.DataType.build(f"DECIMAL({precision}, {scale})", dialect="duckdb")
