"""Expressions: each becomes a value of Athena's type and DuckDB's SQL. What is not listed here is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from localathena.sql import keywords, literals, specials, types
from localathena.sql.calls import called
from localathena.sql.casts import cast
from localathena.sql.composed import chosen, row_of, subscript
from localathena.sql.operators import Value, arithmetic, compared, is_among, negated, quantified
from localathena.sql.refusals import not_here, refuse
from localathena.sql.scope import Scope, part_of
from localathena.sql.types import Type

_UNANSWERED = {exp.CurrentUser: "current_user", exp.CurrentCatalog: "current_catalog", exp.CurrentTime: "current_time"}
_COMPARISONS = {exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
_ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_ZONE = re.compile(r"\d(\s+[A-Za-z]|\s?[+-]\d{2}:?\d{2}\s*$)")


def value(node: Any, scope: Scope) -> Value:
    """The value of an expression. Raises Refused for what Athena refuses, and for what is not answered."""
    kind = type(node)
    if kind in _COMPARISONS:
        return _comparison(node, scope)
    if kind in _ARITHMETIC:
        return arithmetic(_ARITHMETIC[kind], value(node.this, scope), value(node.expression, scope))
    if kind in _READ:
        return _READ[kind](node, scope)
    if kind in keywords.NODES:
        return keywords.NODES[kind](node, scope, value)
    if kind is exp.Filter and isinstance(node.this, exp.GroupConcat):
        return keywords.listagg(node.this, scope, value, node.expression.this)
    if kind in (exp.Anonymous, exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls):
        return called(node, scope, value)
    if kind in _UNANSWERED:
        not_here(_UNANSWERED[kind])
    name = getattr(node, "key", str(kind)).upper()
    refuse("SYNTAX_ERROR", f"Athena takes no {name} here, or this machine does not: {_short(node)}")


def _short(node: Any) -> str:
    text = node.sql(dialect="trino") if isinstance(node, exp.Expr) else str(node)
    return text if len(text) < 80 else f"{text[:77]}..."


def truth(node: Any, scope: Scope, place: str) -> str:
    """A condition as SQL. Raises Refused when it is none."""
    found = value(node, scope)
    if found.kind.name not in ("boolean", "unknown"):
        refuse("TYPE_MISMATCH", f"{place} must evaluate to a boolean: actual type {found.kind}")
    return found.as_(types.BOOLEAN)


def type_named(node: exp.DataType) -> Type:
    """The type that a cast names."""
    return types.type_of(node.sql(dialect="trino"))


def _comparison(node: Any, scope: Scope) -> Value:
    sign = _COMPARISONS[type(node)]
    left = value(node.this, scope)
    if isinstance(node.expression, (exp.All, exp.Any)):
        return _quantified(sign, left, node.expression, scope)
    return compared(sign, left, value(node.expression, scope))


def _quantified(sign: str, left: Value, node: Any, scope: Scope) -> Value:
    query = scope.statement.query(node.this, scope)
    columns = [Value(kind, f"q.c{number}") for number, (_, kind) in enumerate(query.columns)]
    found = columns[0] if len(columns) == 1 else row_of(columns)
    kind = types.common(left.kind, found.kind)
    if kind is None:
        refuse(
            "TYPE_MISMATCH",
            f"Value expression and result of subquery must be of the same type: {left.kind}, {found.kind}",
        )
    word = "ALL" if isinstance(node, exp.All) else "ANY"
    source = f"({query.sql}) AS q"
    return Value(types.BOOLEAN, quantified(word, sign, left.as_(kind), kind, source, found.as_(kind)))


def _literal(node: Any, scope: Scope) -> Value:
    return literals.text(node.this) if node.is_string else literals.number(node.this)


def _column(node: Any, scope: Scope) -> Value:
    parts = [part.name for part in node.parts]
    if parts == ["current_schema"]:
        not_here("current_schema")
    if any(
        not part.quoted and not re.fullmatch(r"[A-Za-z_]\w*", part.name, re.ASCII)
        for part in node.parts
        if isinstance(part, exp.Identifier)
    ):
        refuse(
            "SYNTAX_ERROR", f"mismatched input '{'.'.join(parts)}'; a name with other letters stands in double quotes"
        )
    return scope.value(parts)


def _logic(node: Any, scope: Scope) -> Value:
    word = "AND" if isinstance(node, exp.And) else "OR"
    # without recursion: conditions are often long
    parts = list(node.flatten())
    return Value(
        types.BOOLEAN, "(" + f" {word} ".join(truth(item, scope, "Logical expression term") for item in parts) + ")"
    )


def _is(node: Any, scope: Scope) -> Value:
    if not isinstance(node.expression, exp.Null):
        refuse("SYNTAX_ERROR", f"IS takes NULL and DISTINCT FROM alone: {_short(node)}")
    word = "IS NOT NULL" if node.args.get("negate") else "IS NULL"
    return Value(types.BOOLEAN, f"({value(node.this, scope).sql} {word})")


def _distinct(node: Any, scope: Scope) -> Value:
    left, right = value(node.this, scope), value(node.expression, scope)
    same = isinstance(node, exp.NullSafeEQ)
    return compared("IS NOT DISTINCT FROM" if same else "IS DISTINCT FROM", left, right)


def _between(node: Any, scope: Scope) -> Value:
    found, low, high = (value(item, scope) for item in (node.this, node.args["low"], node.args["high"]))
    return Value(types.BOOLEAN, f"({compared('>=', found, low).sql} AND {compared('<=', found, high).sql})")


def _in(node: Any, scope: Scope) -> Value:
    left = value(node.this, scope)
    if node.args.get("query") is not None:
        return _quantified("=", left, exp.Any(this=node.args["query"]), scope)
    if len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Values):
        return _quantified("=", left, exp.Any(this=node.expressions[0]), scope)
    if not node.expressions:
        refuse("SYNTAX_ERROR", f"IN takes a list in brackets: {_short(node)}")
    items = [value(item, scope) for item in node.expressions]
    kind = types.common_of([left.kind, *(item.kind for item in items)])
    if kind is None:
        shown = ", ".join(dict.fromkeys(str(item.kind) for item in (left, *items)))
        refuse("TYPE_MISMATCH", f"IN value and list items must be the same type or coercible to a common type: {shown}")
    return Value(types.BOOLEAN, is_among(left, items, kind))


def _like(node: Any, scope: Scope) -> Value:
    escape = ""
    if isinstance(node, exp.Escape):
        letter = value(node.expression, scope)
        node, escape = node.this, f" ESCAPE {letter.sql}"
        if not isinstance(node, exp.Like):
            refuse("SYNTAX_ERROR", f"ESCAPE belongs to LIKE: {_short(node)}")
    left, right = value(node.this, scope), value(node.expression, scope)
    for item, place in ((left, "Left side of LIKE expression"), (right, "Pattern for LIKE expression")):
        if item.kind.name not in ("varchar", "char", "unknown"):
            refuse("TYPE_MISMATCH", f"{place} must evaluate to a varchar (actual: {item.kind})")
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    return Value(types.BOOLEAN, f"({left.as_(types.VARCHAR)} {word} {right.as_(types.VARCHAR)}{escape})")


def _case(node: Any, scope: Scope) -> Value:
    operand = value(node.this, scope) if node.this is not None else None
    conditions, results = [], []
    for item in node.args["ifs"]:
        if operand is None:
            conditions.append(truth(item.this, scope, "CASE WHEN clause"))
        else:
            conditions.append(compared("=", operand, value(item.this, scope)).sql)
        results.append(value(item.args["true"], scope))
    if node.args.get("default") is not None:
        results.append(value(node.args["default"], scope))
    return chosen(conditions, results, "All CASE results")


def _if(node: Any, scope: Scope) -> Value:
    results = [value(node.args["true"], scope)]
    if node.args.get("false") is not None:
        results.append(value(node.args["false"], scope))
    return chosen([truth(node.this, scope, "IF condition")], results, "Result types for IF")


def _cast(node: Any, scope: Scope) -> Value:
    kind = type_named(node.to)
    written = node.this.this if isinstance(node.this, exp.Literal) and node.this.is_string else ""
    if kind.name == "timestamp" and node.to.expressions and _ZONE.search(written):
        kind = Type("timestamp with time zone", kind.args)
    if kind.name in ("timestamp", "timestamp with time zone", "time") and kind.numbers[0] > 6:
        not_here(f"{kind}, with more than six digits behind the seconds,")
    given = value(node.this, scope)
    return Value(kind, cast(given.sql, given.kind, kind))


def _try_cast(node: Any, scope: Scope) -> Value:
    found = _cast(node, scope)
    return Value(found.kind, f"TRY({found.sql})")


def _subscript(node: Any, scope: Scope) -> Value:
    if len(node.expressions) != 1:
        refuse("SYNTAX_ERROR", f"a subscript is one value: {_short(node)}")
    return subscript(value(node.this, scope), value(node.expressions[0], scope))


def _dot(node: Any, scope: Scope) -> Value:
    return part_of(value(node.this, scope), node.expression.name)


def _array(node: Any, scope: Scope) -> Value:
    items = [value(item, scope) for item in node.expressions]
    kind = types.common_of([item.kind for item in items])
    if kind is None:
        shown = ", ".join(dict.fromkeys(str(item.kind) for item in items))
        refuse("TYPE_MISMATCH", f"All ARRAY elements must be the same type or coercible to a common type: {shown}")
    made = types.array(kind)
    return Value(made, f"CAST([{', '.join(item.as_(kind) for item in items)}] AS {made.duckdb})")


def _subquery(node: Any, scope: Scope) -> Value:
    query = scope.statement.query(node, scope)
    if len(query.columns) == 1:
        return Value(query.columns[0][1], f"(SELECT c0 FROM ({query.sql}) AS q)")
    made = row_of([Value(kind, f"c{number}") for number, (_, kind) in enumerate(query.columns)])
    return Value(made.kind, f"(SELECT {made.sql} FROM ({query.sql}) AS q)")


def _exists(node: Any, scope: Scope) -> Value:
    return Value(types.BOOLEAN, f"EXISTS ({scope.statement.query(node.this, scope).sql})")


def _concatenated(node: Any, scope: Scope) -> Value:
    left, right = value(node.this, scope), value(node.expression, scope)
    return specials.joined(left, right)


_READ: dict[Any, Callable[[Any, Scope], Value]] = {
    exp.Literal: _literal,
    exp.Null: lambda node, scope: Value(types.UNKNOWN, "NULL"),
    exp.Boolean: lambda node, scope: Value(types.BOOLEAN, "true" if node.this else "false"),
    exp.Column: _column,
    exp.Identifier: lambda node, scope: scope.value([node.name]),
    exp.Paren: lambda node, scope: value(node.this, scope),
    exp.Neg: lambda node, scope: negated(value(node.this, scope)),
    exp.And: _logic,
    exp.Or: _logic,
    exp.Not: lambda node, scope: Value(
        types.BOOLEAN, f"(NOT {truth(node.this, scope, 'Value of logical NOT expression')})"
    ),
    exp.Is: _is,
    exp.NullSafeEQ: _distinct,
    exp.NullSafeNEQ: _distinct,
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _like,
    exp.Escape: _like,
    exp.Case: _case,
    exp.If: _if,
    exp.Cast: _cast,
    exp.TryCast: _try_cast,
    exp.Bracket: _subscript,
    exp.Dot: _dot,
    exp.Array: _array,
    exp.Tuple: lambda node, scope: row_of([value(item, scope) for item in node.expressions]),
    exp.Interval: lambda node, scope: literals.interval(node),
    exp.UnicodeString: lambda node, scope: literals.unicode_text(node.this, node.args.get("escape")),
    exp.ParseJSON: lambda node, scope: Value(types.JSON, f"py_json_parse({value(node.this, scope).sql})"),
    exp.HexString: lambda node, scope: literals.hexadecimal(node.this),
    exp.Subquery: _subquery,
    exp.Select: _subquery,
    exp.Exists: _exists,
    exp.DPipe: _concatenated,
}
