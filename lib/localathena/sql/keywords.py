"""Functions that SQL writes with words of its own: EXTRACT, TRIM, POSITION, LISTAGG, JSON_VALUE, AT TIME ZONE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from localathena.sql import types
from localathena.sql.calls import Reader, ordering, plain
from localathena.sql.moments import EXTRACTED
from localathena.sql.operators import Value
from localathena.sql.refusals import not_here, refuse
from localathena.sql.scope import Scope
from localathena.sql.specials import of_now
from localathena.sql.types import Type


def _extract(node: Any, scope: Scope, value: Reader) -> Value:
    field = node.this.name.lower()
    if field not in EXTRACTED:
        refuse("SYNTAX_ERROR", f"Invalid EXTRACT field: {field}")
    return plain(EXTRACTED[field], [value(node.expression, scope)])


def _trim(node: Any, scope: Scope, value: Reader) -> Value:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get((node.args.get("position") or "").upper(), "trim")
    given = [node.this] if node.expression is None else [node.this, node.expression]
    return plain(name, [value(item, scope) for item in given])


def _position(node: Any, scope: Scope, value: Reader) -> Value:
    return plain("strpos", [value(node.this, scope), value(node.args["substr"], scope)])


def _substring(node: Any, scope: Scope, value: Reader) -> Value:
    parts = [node.this, node.args.get("start"), node.args.get("length")]
    return plain("substring", [value(item, scope) for item in parts if item is not None])


def listagg(node: Any, scope: Scope, value: Reader, filtered: Any = None) -> Value:
    """A text of many; `filtered` is the condition of FILTER."""
    order, distinct = node.this, ""
    inner = order.this if isinstance(order, exp.Order) else order
    if isinstance(inner, exp.Distinct) and len(inner.expressions) == 1:
        inner, distinct = inner.expressions[0], "DISTINCT "
    given = value(inner, scope)
    if given.kind.name != "varchar" or not isinstance(order, exp.Order):
        refuse("FUNCTION_NOT_FOUND", f"listagg takes texts, with WITHIN GROUP (ORDER BY ...), not {given.kind}")
    between = value(node.args["separator"], scope).sql if node.args.get("separator") is not None else "''"
    where = f" FILTER (WHERE {value(filtered, scope).sql})" if filtered is not None else ""
    return Value(types.VARCHAR, f"string_agg({distinct}{given.sql}, {between} {ordering(order, scope, value)}){where}")


def _json_value(node: Any, scope: Scope, value: Reader) -> Value:
    if node.args.get("returning") or node.args.get("on_condition"):
        not_here("JSON_VALUE with RETURNING or ON")
    return Value(
        types.VARCHAR,
        f"py_json_value({value(node.this, scope).as_(types.VARCHAR)}, {value(node.args['path'], scope).sql})",
    )


def _at_zone(node: Any, scope: Scope, value: Reader) -> Value:
    given = value(node.this, scope)
    if given.kind.name == "timestamp":
        moment = Type("timestamp with time zone", given.kind.args)
        given = Value(moment, given.as_(moment))
    return plain("at_timezone", [given, value(node.args["zone"], scope)])


def _of_now(name: str, digits: int = 3) -> Callable[[Any, Scope, Reader], Value]:
    return lambda node, scope, value: of_now(name, digits)([], scope, value)


NODES: dict[Any, Callable[[Any, Scope, Reader], Value]] = {
    exp.Extract: _extract,
    exp.Trim: _trim,
    exp.StrPosition: _position,
    exp.Substring: _substring,
    exp.GroupConcat: listagg,
    exp.JSONValue: _json_value,
    exp.AtTimeZone: _at_zone,
    exp.CurrentDate: _of_now("current_date"),
    exp.CurrentTimestamp: _of_now("current_timestamp"),
    exp.Localtimestamp: _of_now("localtimestamp"),
    exp.Localtime: _of_now("localtime"),
}
