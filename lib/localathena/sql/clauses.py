"""The ends of a SELECT: GROUP BY, ORDER BY, LIMIT and OFFSET."""

from __future__ import annotations

from typing import Any, Optional

from sqlglot import exp

from localathena.sql.calls import ordered
from localathena.sql.expressions import value
from localathena.sql.operators import Value, comparable, told_apart
from localathena.sql.refusals import not_here, refuse
from localathena.sql.scope import Column, Scope

# a column of SELECT
Named = tuple[Optional[str], Value]
_GROUPINGS = {exp.Rollup: "ROLLUP", exp.Cube: "CUBE", exp.GroupingSets: "GROUPING SETS"}


def _ordinal(node: Any, items: list[Named], place: str) -> int | None:
    if isinstance(node, exp.Literal) and not node.is_string and node.this.isdigit():
        number = int(node.this)
        if not 0 < number <= len(items):
            refuse("INVALID_COLUMN_REFERENCE", f"{place} position {number} is not in select list")
        return number - 1
    return None


def group(node: Any, scope: Scope, items: list[Named]) -> str:
    """GROUP BY."""
    if node.args.get("all") or node.args.get("totals"):
        refuse("COLUMN_NOT_FOUND", "Column 'all' cannot be resolved: Athena has no GROUP BY ALL")
    parts = [_grouping(item, scope, items) for item in node.expressions]
    for name in ("grouping_sets", "cube", "rollup"):
        parts += [_grouping(item, scope, items) for item in node.args.get(name) or () if isinstance(item, exp.Expr)]
    if not parts:
        refuse("SYNTAX_ERROR", "mismatched input '<EOF>': GROUP BY names what it groups by")
    return f" GROUP BY {', '.join(parts)}"


def _grouping(node: Any, scope: Scope, items: list[Named]) -> str:
    if type(node) in _GROUPINGS:
        return f"{_GROUPINGS[type(node)]} ({', '.join(_grouping(item, scope, items) for item in node.expressions)})"
    if isinstance(node, exp.Tuple):
        return f"({', '.join(_grouping(item, scope, items) for item in node.expressions)})"
    place = _ordinal(node, items, "GROUP BY")
    found = value(node, scope) if place is None else items[place][1]
    if found.kind.name == "map":
        refuse("TYPE_MISMATCH", f"{found.kind} is not comparable, and therefore cannot be used in GROUP BY")
    told_apart(found.kind, "GROUP BY")
    # a number alone would be a position to DuckDB
    return f"({found.sql})"


def order(node: Any, scope: Scope, items: list[Named], distinct: bool) -> str:
    """ORDER BY, or nothing; names are first those of the columns of SELECT."""
    if node.args.get("order") is None:
        return ""
    outer = scope.inside([Column((), name.lower(), item.kind, item.sql) for name, item in items if name])
    places = {item.sql: number for number, (_, item) in reversed(list(enumerate(items)))}
    parts = []
    for item in node.args["order"].expressions:
        place = _ordinal(item.this, items, "ORDER BY")
        found = value(item.this, outer) if place is None else items[place][1]
        place = places.get(found.sql) if place is None else place
        if place is None and distinct:
            refuse("EXPRESSION_NOT_IN_DISTINCT", "For SELECT DISTINCT, ORDER BY expressions must appear in select list")
        # inside an expression DuckDB takes c1 for a column of FROM, and not for the one of SELECT
        by_name = place is not None and (distinct or comparable(found.sql, found.kind) == found.sql)
        parts.append(ordered(item, Value(found.kind, f"c{place}") if by_name else found))
    return f" ORDER BY {', '.join(parts)}"


def limit(node: Any) -> str:
    """LIMIT, FETCH and OFFSET."""
    parts = []
    limited, offset = node.args.get("limit"), node.args.get("offset")
    if isinstance(limited, exp.Fetch):
        options = limited.args.get("limit_options")
        if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
            not_here("FETCH with PERCENT or WITH TIES")
        count = limited.args.get("count")
        parts.append(f" LIMIT {_count(count) if count is not None else 1}")
    elif limited is not None and not (
        isinstance(limited.expression, exp.Var) and limited.expression.name.upper() == "ALL"
    ):
        if limited.args.get("offset") or limited.expressions:
            refuse("SYNTAX_ERROR", "mismatched input ',': LIMIT has one number")
        parts.append(f" LIMIT {_count(limited.expression)}")
    if offset is not None:
        parts.append(f" OFFSET {_count(offset.expression)}")
    return "".join(parts)


def _count(node: Any) -> int:
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isdigit():
        refuse("SYNTAX_ERROR", "mismatched input: LIMIT and OFFSET take a whole number")
    return int(node.this)
