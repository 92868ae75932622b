"""Queries: SELECT, VALUES, set operations and WITH, each as SQL whose columns are c0, c1 and so on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from localathena.sql import types
from localathena.sql.casts import coerced
from localathena.sql.clauses import Named, group, limit, order
from localathena.sql.expressions import truth, value
from localathena.sql.operators import Value, told_apart
from localathena.sql.refusals import failure, not_here, refuse
from localathena.sql.relations import from_, values
from localathena.sql.scope import Column, Query, Scope
from localathena.sql.types import Type

_SELECT = {
    "expressions", "distinct", "from_", "joins", "where", "group", "having", "windows", "order", "limit", "offset",
    "with_",
}  # fmt: skip
_SETS = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}
# how often a query of WITH RECURSIVE may ask itself
_DEEPEST = 10


def query(node: Any, scope: Scope) -> Query:
    """A query as SQL. Raises Refused for what is none."""
    if isinstance(node, exp.Subquery):
        inner = query(node.this, scope.inside()) if node.args.get("with_") is None else _with(node, scope, node.this)
        return (
            _ended(inner, node, scope)
            if node.args.get("order") or node.args.get("limit") or node.args.get("offset")
            else inner
        )
    if node.args.get("with_") is not None:
        return _with(node, scope, node)
    return _plain(node, scope)


def _plain(node: Any, scope: Scope) -> Query:
    if isinstance(node, exp.Select):
        return _select(node, scope)
    if type(node) in _SETS:
        return _ended(_set_operation(node, scope), node, scope)
    if isinstance(node, exp.Values):
        return _ended(values(node, scope), node, scope)
    refuse(
        "SYNTAX_ERROR",
        f"mismatched input: a query begins with SELECT, WITH, VALUES or TABLE, not with {node.key.upper()}",
    )


def _with(node: Any, scope: Scope, body: Any) -> Query:
    """A query with those that WITH names in front."""
    given = node.args["with_"]
    inner = scope.inside()
    inner.queries = dict(scope.queries)
    parts = []
    for item in given.expressions:
        if not isinstance(item, exp.CTE):
            not_here("a function of WITH")
        name = item.alias.lower()
        shown = [column.name for column in item.args["alias"].args.get("columns") or ()]
        with_name = scope.statement.fresh("w")
        if given.args.get("recursive") and _asks(item.this, name):
            made = _recursive(item, name, shown, with_name, inner)
        else:
            made = query(item.this, inner)
        columns = _aliased(made.columns, shown, name)
        parts.append(f"{with_name} AS ({made.sql})")
        inner.queries[name] = (with_name, Query(made.sql, columns))
    found = _plain(body, inner) if body is node else query(body, inner)
    word = "WITH RECURSIVE" if given.args.get("recursive") else "WITH"
    return Query(f"{word} {', '.join(parts)} {found.sql}", found.columns)


def _asks(node: Any, name: str) -> bool:
    return any(not table.db and table.name.lower() == name for table in node.find_all(exp.Table))


def _aliased(columns: Sequence[tuple[str | None, Type]], shown: list[str], name: str) -> tuple[Any, ...]:
    if not shown:
        return tuple(columns)
    if len(shown) != len(columns):
        refuse(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(shown)} entries but '{name}' has {len(columns)} columns available",
        )
    return tuple((new, kind) for new, (_, kind) in zip(shown, columns))


def _recursive(item: Any, name: str, shown: list[str], with_name: str, scope: Scope) -> Query:
    """A query that asks itself: what it begins with, and a step that is answered until there is nothing new."""
    union = item.this
    if not isinstance(union, exp.Union) or union.args.get("distinct") or not shown:
        refuse("NOT_SUPPORTED", "a recursive query is a UNION ALL of its beginning and its step, and names its columns")
    base = query(union.this, scope)
    columns = _aliased(base.columns, shown, name)
    inner = scope.inside()
    inner.queries = {**scope.queries, name: (with_name, Query("", columns))}
    scope.statement.recursive.add(with_name)
    step = query(union.expression, inner)
    scope.statement.recursive.discard(with_name)
    if len(step.columns) != len(columns) or not step.has_depth:
        not_here("a recursive query whose step is no plain SELECT from itself")
    for (_, kind), (column, wanted) in zip(step.columns, columns):
        if types.common(kind, wanted) != wanted:
            refuse(
                "TYPE_MISMATCH",
                f"recursion step relation output type ({kind}) is not coercible to recursion base relation output type "
                f"({wanted}) at column {column}",
            )
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    casts = ", ".join(
        f"{coerced(f'c{number}', kind, wanted)} AS c{number}"
        for number, ((_, kind), (_, wanted)) in enumerate(zip(step.columns, columns))
    )
    sql = f"SELECT {names}, 0 AS depth FROM ({base.sql}) AS b UNION ALL SELECT {casts}, depth FROM ({step.sql}) AS s"
    return Query(sql, columns)


def _set_operation(node: Any, scope: Scope) -> Query:
    left, right = query(node.left, scope.inside()), query(node.right, scope.inside())
    word = f"{_SETS[type(node)]}{'' if node.args.get('distinct') else ' ALL'}"
    if node.args.get("by_name") or node.args.get("side") or node.args.get("kind"):
        refuse("SYNTAX_ERROR", f"mismatched input in {word}")
    if len(left.columns) != len(right.columns):
        refuse(
            "TYPE_MISMATCH", f"{word} query has different number of fields: {len(left.columns)}, {len(right.columns)}"
        )
    kinds = []
    for number, ((_, one), (_, other)) in enumerate(zip(left.columns, right.columns), 1):
        kind = types.common(one, other)
        if kind is None:
            refuse("TYPE_MISMATCH", f"column {number} in {word} query has incompatible types: {one}, {other}")
        if word != "UNION ALL":
            told_apart(kind, word)
        kinds.append(kind)
    sides = []
    for side in (left, right):
        casts = ", ".join(
            f"{coerced(f'c{n}', kind, wanted)} AS c{n}"
            for n, ((_, kind), wanted) in enumerate(zip(side.columns, kinds))
        )
        sides.append(f"(SELECT {casts} FROM ({side.sql}) AS s)")
    return Query(f"{sides[0]} {word} {sides[1]}", tuple((name, kind) for (name, _), kind in zip(left.columns, kinds)))


def _ended(made: Query, node: Any, scope: Scope) -> Query:
    """A query with the ORDER BY, OFFSET and LIMIT behind it."""
    if not any(node.args.get(part) for part in ("order", "limit", "offset")):
        return made
    columns = [
        Column((), name.lower() if name else None, kind, f"s.c{number}")
        for number, (name, kind) in enumerate(made.columns)
    ]
    named: list[Named] = [(column.name, Value(column.kind, column.sql)) for column in columns]
    ending = order(node, scope.inside(columns), named, False) + limit(node)
    return Query(f"SELECT * FROM ({made.sql}) AS s{ending}", made.columns)


def _select(node: Any, scope: Scope) -> Query:
    for part, given in node.args.items():
        if given and part not in _SELECT:
            refuse("SYNTAX_ERROR", f"mismatched input: Athena has no {part.strip('_').upper()} in a SELECT")
    if not node.expressions:
        refuse("SYNTAX_ERROR", "mismatched input '<EOF>'. Expecting: '*', 'ALL', 'DISTINCT', <expression>")
    source = ""
    columns: list[Column] = []
    if node.args.get("from_") is not None:
        source, columns = from_(node.args["from_"].this, node.args.get("joins") or (), scope)
    inner = scope.inside(columns)
    inner.windows = {**scope.windows, **{item.this.name.lower(): item for item in node.args.get("windows") or ()}}
    where = f" WHERE {truth(node.args['where'].this, inner, 'WHERE clause')}" if node.args.get("where") else ""
    items = _items(node.expressions, inner, columns)
    grouped = group(node.args["group"], inner, items) if node.args.get("group") else ""
    having = f" HAVING {truth(node.args['having'].this, inner, 'HAVING clause')}" if node.args.get("having") else ""
    distinct = node.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        refuse("SYNTAX_ERROR", "mismatched input 'ON': Athena has no DISTINCT ON")
    for _, item in items if distinct is not None else ():
        told_apart(item.kind, "DISTINCT")
    ending = order(node, inner, items, distinct is not None) + limit(node)
    selected = ", ".join(f"{item.sql} AS c{number}" for number, (_, item) in enumerate(items))
    repeated = _repeated(source, scope)
    start = "SELECT DISTINCT" if distinct is not None else "SELECT"
    from_part = f" FROM {source}" if source else ""
    named = tuple((name, item.kind) for name, item in items)
    if repeated:
        if grouped or having or distinct is not None or ending:
            not_here("a recursive query whose step groups, sorts or is DISTINCT")
        condition = f" WHERE CASE WHEN {where[7:] or 'true'} THEN {_is_shallow(repeated)} ELSE false END"
        return Query(f"SELECT {selected}, {repeated}.depth + 1 AS depth{from_part}{condition}", named, has_depth=True)
    if distinct is not None and ending:
        return Query(f"SELECT * FROM ({start} {selected}{from_part}{where}{grouped}{having}) AS s{ending}", named)
    return Query(f"{start} {selected}{from_part}{where}{grouped}{having}{ending}", named)


def _repeated(source: str, scope: Scope) -> str:
    """The name of the relation in FROM that is the recursive query itself."""
    for with_name, alias in re.findall(r"\b(w\d+) AS (r\d+)", source):
        if with_name in scope.statement.recursive:
            return str(alias)
    return ""


def _is_shallow(alias: str) -> str:
    """A condition on a row of a recursive query that fails below the deepest."""
    deep = failure("NOT_SUPPORTED", f"'Recursion depth limit exceeded ({_DEEPEST})'", "BOOLEAN")
    return f"CASE WHEN {alias}.depth >= {_DEEPEST} THEN {deep} ELSE true END"


def _items(nodes: Sequence[Any], scope: Scope, columns: list[Column]) -> list[Named]:
    """The columns of SELECT."""
    found: list[Named] = []
    for node in nodes:
        qualifier = _starred(node)
        if qualifier is not None:
            found += _all(qualifier, columns)
        elif isinstance(node, exp.Alias):
            found.append((node.alias, value(node.this, scope)))
        elif isinstance(node, exp.Aliases):
            refuse("SYNTAX_ERROR", "mismatched input '(': a column has one name")
        else:
            name = node.name if isinstance(node, exp.Column) else None
            found.append((name, value(node, scope)))
    return found


def _starred(node: Any) -> list[str] | None:
    """The relation before a star; an empty list for a star alone, None for anything else."""
    star = node.this if isinstance(node, exp.Column) else node
    if not isinstance(star, exp.Star):
        return None
    if any(star.args.get(part) for part in ("except_", "except", "replace", "rename", "ilike")):
        refuse("SYNTAX_ERROR", "mismatched input: a star stands for all columns")
    return [part.name.lower() for part in node.parts[:-1]] if isinstance(node, exp.Column) else []


def _all(qualifier: list[str], columns: list[Column]) -> list[Named]:
    wanted = tuple(qualifier)
    found = [column for column in columns if not wanted or column.qualifier[-len(wanted) :] == wanted]
    if not found:
        if wanted:
            refuse("TABLE_NOT_FOUND", f"Unable to resolve reference {'.'.join(wanted)}")
        refuse("COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause")
    return [(column.shown, Value(column.kind, column.sql)) for column in found]
