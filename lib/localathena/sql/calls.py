"""Calls of functions: plain ones, aggregates with DISTINCT, FILTER and ORDER BY, and those over a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from localathena.sql import aggregates, moments, nested, numbers_and_text, specials, types
from localathena.sql.not_answered import is_not_answered
from localathena.sql.operators import Value, comparable, told_apart
from localathena.sql.refusals import not_here, refuse
from localathena.sql.scope import Scope
from localathena.sql.signatures import Signature, call
from localathena.sql.types import Type

Reader = Callable[[Any, Scope], Value]


def _named(*tables: Sequence[Signature]) -> dict[str, list[Signature]]:
    found: dict[str, list[Signature]] = {}
    for table in tables:
        for signature in table:
            found.setdefault(signature.name, []).append(signature)
    return found


_SCALARS = _named(numbers_and_text.SIGNATURES, moments.SIGNATURES, nested.SIGNATURES)
_AGGREGATES, _WINDOWS = _named(aggregates.AGGREGATES), _named(aggregates.WINDOWS)
# functions that ask whether two values are the same, of their first argument's type
_TELL_APART = (
    "approx_distinct", "array_distinct", "array_except", "array_intersect", "array_position", "array_remove",
    "array_union", "arrays_overlap", "contains", "histogram", "map", "map_agg", "map_from_entries",
    "map_union", "multimap_agg", "multimap_from_entries",
)  # fmt: skip
_ALIASES = numbers_and_text.ALIASES


class _Given:
    """An argument that is a value."""

    def __init__(self, value: Value) -> None:
        self._value = value
        self.kind: Type | None = value.kind

    def sql(self, wanted: Type) -> str:
        return self._value.as_(wanted)

    def applied(self, parameters: Sequence[Type], function: str) -> tuple[Type, str]:
        raise AssertionError(function)


class _Lambda:
    """An argument that is a lambda."""

    kind: Type | None = None

    def __init__(self, node: exp.Lambda, scope: Scope, value: Reader) -> None:
        self._node, self._scope, self._value = node, scope, value

    def sql(self, wanted: Type) -> str:
        raise AssertionError(wanted)

    def applied(self, parameters: Sequence[Type], function: str) -> tuple[Type, str]:
        """The type and SQL of what it gives for parameters of these types."""
        names = [item.name.lower() for item in self._node.expressions]
        if len(names) != len(parameters):
            refuse(
                "INVALID_PARAMETER_USAGE",
                f"the lambda of {function} has {len(names)} parameters, not {len(parameters)}",
            )
        fresh = self._scope.statement.fresh
        if function in nested.PAIRED:
            both = fresh("v")
            written = [part.format(both) for part in nested.PAIRED[function]]
            opening = both
        else:
            written = [fresh("v") for _ in names]
            opening = ", ".join(written)
        known = {name: Value(kind, sql) for name, kind, sql in zip(names, parameters, written)}
        body = self._value(self._node.this, self._scope.inside(parameters=known))
        return body.kind, f"lambda {opening}: {body.sql}"


def called(node: Any, scope: Scope, value: Reader) -> Value:
    """The value of a call."""
    over, filtered, nulls = None, None, ""
    if isinstance(node, exp.Window):
        over, node = node, node.this
    if isinstance(node, (exp.IgnoreNulls, exp.RespectNulls)):
        nulls, node = " IGNORE NULLS" if isinstance(node, exp.IgnoreNulls) else "", node.this
    if isinstance(node, exp.Filter):
        filtered, node = node.expression.this, node.this
    if not isinstance(node, exp.Anonymous):
        not_here(f"{node.key.upper()} with a window or a filter")
    name = node.name.lower()
    name = _ALIASES.get(name, name)
    if name in _AGGREGATES or (over is not None and name in _WINDOWS):
        return _aggregate(name, node, scope, value, (over, filtered, nulls))
    if name not in _SCALARS and is_not_answered(name):
        not_here(f"the function {name}")
    if name in _WINDOWS:
        refuse("MISSING_OVER", f"Window function {name} requires an OVER clause")
    if over is not None or filtered is not None:
        refuse("FUNCTION_NOT_AGGREGATE", f"{name} is no aggregate function; OVER and FILTER belong to those")
    if name in specials.FUNCTIONS:
        return specials.FUNCTIONS[name](node.expressions, scope, value)
    if name not in _SCALARS:
        refuse("FUNCTION_NOT_FOUND", f"Function '{name}' not registered")
    if name == "array_sort" and len(node.expressions) > 1:
        not_here("array_sort with a lambda")
    arguments = [_argument(item, scope, value) for item in node.expressions]
    if name in _TELL_APART:
        for argument in arguments[:1]:
            told_apart(argument.kind or types.UNKNOWN, name)
    made = call(_SCALARS[name], name, arguments)
    return Value(made.kind, made.sql)


def plain(name: str, values: Sequence[Value]) -> Value:
    """The call of a function with values."""
    made = call(_SCALARS[name], name, [_Given(item) for item in values])
    return Value(made.kind, made.sql)


def _argument(node: Any, scope: Scope, value: Reader) -> _Given | _Lambda:
    return _Lambda(node, scope, value) if isinstance(node, exp.Lambda) else _Given(value(node, scope))


def _aggregate(name: str, node: Any, scope: Scope, value: Reader, around: tuple[Any, Any, str]) -> Value:
    over, filtered, nulls = around
    nodes, distinct, order = list(node.expressions), False, None
    if nodes and isinstance(nodes[-1], exp.Order):
        order, nodes[-1] = nodes[-1], nodes[-1].this
    if nodes and isinstance(nodes[0], exp.Distinct):
        distinct, nodes = True, [*nodes[0].expressions, *nodes[1:]]
        if nodes and isinstance(nodes[-1], exp.Order):
            order, nodes[-1] = nodes[-1], nodes[-1].this
    if distinct and over is not None:
        refuse("NOT_SUPPORTED", f"DISTINCT in window function parameters not yet supported: {name}")
    if name == "count" and len(nodes) == 1 and isinstance(nodes[0], exp.Star):
        nodes = []
    values = [value(item, scope) for item in nodes]
    if distinct or name in _TELL_APART:
        for item in values if distinct else values[:1]:
            told_apart(item.kind, f"DISTINCT in {name}" if distinct else name)
    written = ""
    if filtered is not None:
        condition = value(filtered, scope)
        if condition.kind.name != "boolean":
            refuse("TYPE_MISMATCH", f"FILTER must evaluate to a boolean: actual type {condition.kind}")
        written += f" FILTER (WHERE {condition.sql})"
    if over is not None:
        written += f" OVER ({window(over, scope, value)})"
    if (written and name in aggregates.ALONE) or (order is not None and name != "array_agg"):
        not_here(f"{name} with FILTER, OVER or ORDER BY")
    parts = {
        "D": "DISTINCT " if distinct else "",
        "O": f" {ordering(order, scope, value)}" if order is not None else "",
        "W": written,
        "I": nulls,
    }
    table = _AGGREGATES if name in _AGGREGATES else _WINDOWS
    signatures = table[name]
    if distinct and not any("{D}" in item.sql for item in signatures):
        not_here(f"{name} with DISTINCT") if name not in ("min", "max", "bool_and", "bool_or") else None
    made = call(signatures, name, [_Given(item) for item in values], parts)
    return Value(made.kind, made.sql)


def ordering(node: Any, scope: Scope, value: Reader) -> str:
    """ORDER BY; NULL comes last unless it is said where."""
    return "ORDER BY " + ", ".join(ordered(item, value(item.this, scope)) for item in node.expressions)


def ordered(item: Any, found: Value) -> str:
    """One part of ORDER BY."""
    if found.kind.name in ("map", "json"):
        refuse("TYPE_MISMATCH", f"Type {found.kind} is not orderable")
    way = "DESC" if item.args.get("desc") else "ASC"
    nulls = "FIRST" if item.args.get("nulls_first") else "LAST"
    return f"{comparable(found.sql, found.kind)} {way} NULLS {nulls}"


def window(node: Any, scope: Scope, value: Reader) -> str:
    """What stands in the brackets of OVER."""
    if node.args.get("alias") is not None:
        name = node.args["alias"].name.lower()
        if name not in scope.windows:
            refuse("INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {name}")
        return window(scope.windows[name], scope, value)
    parts = []
    if node.args.get("partition_by"):
        parts.append("PARTITION BY " + ", ".join(_parted(value(item, scope)) for item in node.args["partition_by"]))
    if node.args.get("order") is not None:
        parts.append(ordering(node.args["order"], scope, value))
    spec = node.args.get("spec")
    if spec is not None:
        if spec.args.get("exclude"):
            refuse("SYNTAX_ERROR", "a window's frame has no EXCLUDE")
        start, end = (_bound(spec, side, scope, value) for side in ("start", "end"))
        parts.append(f"{spec.args['kind']} BETWEEN {start} AND {end or 'CURRENT ROW'}")
    return " ".join(parts)


def _parted(found: Value) -> str:
    if found.kind.name == "timestamp with time zone":
        return comparable(found.sql, found.kind)
    told_apart(found.kind, "PARTITION BY")
    return found.sql


def _bound(spec: Any, side: str, scope: Scope, value: Reader) -> str:
    bound = spec.args.get(side)
    if bound is None:
        return ""
    if isinstance(bound, exp.Expr):
        found = value(bound, scope)
        if found.kind.name not in types.INTEGERS and spec.args["kind"].upper() != "RANGE":
            refuse(
                "TYPE_MISMATCH",
                f"Window frame offset value type must be exact numeric type with scale 0 (actual {found.kind})",
            )
        if found.kind.name == "interval day to second":
            return f"to_milliseconds({found.sql}) {spec.args[f'{side}_side']}"
        return f"{found.sql} {spec.args[f'{side}_side']}"
    return f"{bound} {spec.args.get(f'{side}_side') or ''}".strip()
