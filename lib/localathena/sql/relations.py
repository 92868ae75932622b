"""What stands in FROM: tables, views, queries, VALUES, UNNEST and their joins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from localathena.sql import types
from localathena.sql.casts import coerced, field
from localathena.sql.expressions import truth, value
from localathena.sql.information import information
from localathena.sql.operators import Value, compared
from localathena.sql.quoting import identifier
from localathena.sql.refusals import not_here, refuse
from localathena.sql.scope import Column, Query, Scope, Table, View
from localathena.sql.types import Type
from localathena.sql.words import parse

_JOINS = {
    "": "INNER",
    "INNER": "INNER",
    "LEFT": "LEFT",
    "RIGHT": "RIGHT",
    "FULL": "FULL",
    "CROSS": "CROSS",
    "OUTER": "",
}
_TABLE_PARTS = {"this", "db", "catalog", "alias", "joins"}


def from_(node: Any, joins: Sequence[Any], scope: Scope) -> tuple[str, list[Column]]:
    """The relations of FROM as SQL, and their columns."""
    sql, columns = relation(node, scope, [])
    for join in joins:
        sql, columns = _joined(sql, columns, join, scope)
    return sql, columns


def relation(node: Any, scope: Scope, before: list[Column]) -> tuple[str, list[Column]]:
    """One relation; `before` are the columns of those before it, which UNNEST may use."""
    inner = list(node.args.get("joins") or ())
    if isinstance(node, exp.Table):
        for part, given in node.args.items():
            if given and part not in _TABLE_PARTS:
                not_here(f"{part.upper()} of a table")
        sql, columns = _table(node, scope)
    elif isinstance(node, exp.Unnest):
        sql, columns = _unnest(node, scope.inside(before))
    elif isinstance(node, exp.Values):
        sql, columns = _aliased(values(node, scope), node, scope)
    elif isinstance(node, exp.Subquery):
        if isinstance(node.this, (exp.Table, exp.Unnest)):
            sql, columns = from_(node.this, list(node.this.args.get("joins") or ()), scope)
        else:
            sql, columns = _aliased(scope.statement.query(node.this, scope), node, scope)
    elif isinstance(node, exp.Lateral):
        inner_query = node.this.this if isinstance(node.this, exp.Subquery) else node.this
        sql, columns = _aliased(scope.statement.query(inner_query, scope.inside(before)), node, scope, "LATERAL ")
    else:
        refuse(
            "SYNTAX_ERROR", f"Athena reads from tables, views, queries, VALUES and UNNEST, not from {node.key.upper()}"
        )
    if isinstance(node, exp.Table):
        for join in inner:
            sql, columns = _joined(sql, columns, join, scope)
    return sql, columns


def _aliased(query: Query, node: Any, scope: Scope, lateral: str = "") -> tuple[str, list[Column]]:
    name = scope.statement.fresh("r")
    alias = node.args.get("alias")
    shown = [item.name for item in alias.args.get("columns") or ()] if alias is not None else []
    if shown and len(shown) != len(query.columns):
        refuse(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(shown)} entries but relation has {len(query.columns)} columns",
        )
    named = [(new, kind) for new, (_, kind) in zip(shown, query.columns)] if shown else list(query.columns)
    qualifier = (alias.name.lower(),) if alias is not None and alias.name else ()
    return f"{lateral}({query.sql}) AS {name}", _columns(name, qualifier, named)


def _columns(name: str, qualifier: tuple[str, ...], named: Sequence[tuple[str | None, Type]]) -> list[Column]:
    return [
        Column(qualifier, shown.lower() if shown else None, kind, f"{name}.c{number}", shown)
        for number, (shown, kind) in enumerate(named)
    ]


def _table(node: Any, scope: Scope) -> tuple[str, list[Column]]:
    if isinstance(node.this, exp.Func):
        return _table_function(node, scope)
    if not node.name:
        refuse("SYNTAX_ERROR", 'the query reads from a table without a name, ""; name one')
    name, database, catalog = node.name.lower(), node.db.lower(), node.catalog.lower()
    if not database and name in scope.queries:
        with_name, query = scope.queries[name]
        alias = scope.statement.fresh("r")
        sql, columns = f"{with_name} AS {alias}", _columns(alias, (name,), query.columns)
        return sql, _renamed(columns, node)
    query = stored(scope, catalog, database, name)
    full = (scope.statement.catalog.name, database or scope.database or scope.statement.catalog.database, name)
    alias = scope.statement.fresh("r")
    columns = _columns(alias, full, query.columns)
    return f"({query.sql}) AS {alias}", _renamed(columns, node)


def _renamed(columns: list[Column], node: Any) -> list[Column]:
    alias = node.args.get("alias")
    if alias is None:
        return columns
    shown = [item.name for item in alias.args.get("columns") or ()]
    if shown and len(shown) != len(columns):
        refuse(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(shown)} entries but '{alias.name}' has {len(columns)} columns available",
        )
    names = shown or [column.shown for column in columns]
    qualifier = (alias.name.lower(),) if alias.name else columns[0].qualifier
    return [
        replace(column, qualifier=qualifier, name=name.lower() if name else None, shown=name)
        for column, name in zip(columns, names)
    ]


def stored(scope: Scope, catalog: str, database: str, name: str) -> Query:
    """A table or view of the catalogue as a query."""
    statement = scope.statement
    if catalog and catalog != statement.catalog.name:
        refuse(
            "CATALOG_NOT_FOUND",
            f"Catalog '{catalog}' does not exist; there is {statement.catalog.name}, which may be left out",
        )
    database = database or scope.database or statement.catalog.database
    if database == "information_schema":
        return information(statement.catalog, name)
    found = statement.catalog.relation(database, name)
    if found is None:
        if database not in statement.catalog.databases():
            refuse("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist")
        refuse("TABLE_NOT_FOUND", f"Table '{statement.catalog.name}.{database}.{name}' does not exist")
    kinds = [(column, types.type_of(kind)) for column, kind in found.columns]
    if isinstance(found, Table):
        statement.tables[database, name] = found
        selected = ", ".join(f"{identifier(column)} AS c{number}" for number, (column, _) in enumerate(kinds))
        return Query(f"SELECT {selected} FROM {found.source}", tuple(kinds))
    return _view(found, database, name, kinds, scope)


def _view(found: View, database: str, name: str, kinds: list[tuple[str, Type]], scope: Scope) -> Query:
    statement = scope.statement
    if (database, name) in statement.views:
        refuse("INVALID_VIEW", f"View '{database}.{name}' is recursive")
    statement.views.append((database, name))
    query = statement.query(parse(found.sql), Scope(statement, database=found.database))
    statement.views.pop()
    if len(query.columns) != len(kinds):
        refuse("VIEW_IS_STALE", f"View '{database}.{name}' is stale or in invalid state: a column was added or removed")
    parts = []
    for number, ((column, wanted), (_, kind)) in enumerate(zip(kinds, query.columns)):
        if types.common(kind, wanted) != wanted and kind.name != wanted.name:
            refuse(
                "VIEW_IS_STALE",
                f"View '{database}.{name}' is stale or in invalid state: column {column} is {kind}, not {wanted}",
            )
        parts.append(f"{coerced(f'c{number}', kind, wanted)} AS c{number}")
    return Query(f"SELECT {', '.join(parts)} FROM ({query.sql}) AS v", tuple(kinds))


def _table_function(node: Any, scope: Scope) -> tuple[str, list[Column]]:
    """TABLE(sequence(...)), the one table function that is answered."""
    inner = node.this.expressions[0] if node.this.name.upper() == "TABLE" and node.this.expressions else None
    if not isinstance(inner, exp.Anonymous):
        refuse(
            "SYNTAX_ERROR",
            f"mismatched input '(': a function stands in the place of a table in TABLE(...) alone: {node.this.name}",
        )
    if inner.name.lower() != "sequence":
        not_here(f"the table function {inner.name}")
    found = [value(item, scope) for item in inner.expressions]
    if len(found) not in (2, 3) or any(item.kind.name not in types.INTEGERS for item in found):
        refuse("INVALID_FUNCTION_ARGUMENT", "the table function sequence takes two or three whole numbers")
    texts = ", ".join(item.as_(types.BIGINT) for item in found)
    return _aliased(
        Query(f"SELECT unnest(generate_series({texts})) AS c0", (("sequential_number", types.BIGINT),)), node, scope
    )


def values(node: Any, scope: Scope) -> Query:
    """VALUES: rows of values of one type in each column."""
    rows = [[value(item, scope) for item in _fields(row)] for row in node.expressions]
    if len({len(row) for row in rows}) != 1:
        refuse("TYPE_MISMATCH", "Values rows have mismatched sizes")
    kinds = [types.common_of([row[number].kind for row in rows]) for number in range(len(rows[0]))]
    if None in kinds:
        refuse("TYPE_MISMATCH", "Values rows have mismatched types")
    listed = ", ".join(
        "(" + ", ".join(item.as_(kind) for item, kind in zip(row, kinds) if kind is not None) + ")" for row in rows
    )
    names = ", ".join(f"c{number}" for number in range(len(kinds)))
    return Query(f"SELECT * FROM (VALUES {listed}) AS v({names})", tuple((None, kind) for kind in kinds if kind))


def _fields(row: Any) -> list[Any]:
    if isinstance(row, exp.Tuple):
        # VALUES 1, 2 and VALUES (1), (2) are rows of one value; a value in two brackets is a row
        return [
            item.this if isinstance(item, exp.Paren) and len(row.expressions) == 1 else item for item in row.expressions
        ]
    return [row]


def _unnest(node: Any, scope: Scope) -> tuple[str, list[Column]]:
    selected: list[str] = []
    named: list[Type] = []
    lengths = []
    for item in node.expressions:
        found = value(item, scope)
        if found.kind.name == "map":
            keys, items = found.kind.inner
            selected += [f"unnest(map_keys({found.sql}))", f"unnest(map_values({found.sql}))"]
            named += [keys, items]
            lengths.append(f"cardinality({found.sql})")
        elif found.kind.name == "array" and found.kind.inner[0].name == "row":
            kind = found.kind.inner[0]
            for name, inner in zip(kind.field_names, kind.inner):
                selected.append(f"unnest(list_transform({found.sql}, lambda z: {field('z', name)}))")
                named.append(inner)
            lengths.append(f"len({found.sql})")
        elif found.kind.name == "array":
            selected.append(f"unnest({found.sql})")
            named.append(found.kind.inner[0])
            lengths.append(f"len({found.sql})")
        else:
            refuse("TYPE_MISMATCH", f"Cannot unnest type: {found.kind}")
    alias, offset = node.args.get("alias"), node.args.get("offset")
    shown: list[str | None] = [item.name for item in alias.args.get("columns") or ()] if alias is not None else []
    if offset:
        longest = f"greatest({', '.join(lengths)})" if len(lengths) > 1 else lengths[0]
        selected.append(f"unnest(range(1, CAST({longest} AS BIGINT) + 1))")
        named.append(types.BIGINT)
        if shown and isinstance(offset, exp.Identifier):
            shown.append(offset.name)
    if shown and len(shown) != len(named):
        refuse(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(shown)} entries but relation has {len(named)} columns",
        )
    name = scope.statement.fresh("r")
    columns = list(zip(shown or [None] * len(named), named))
    qualifier = (alias.name.lower(),) if alias is not None and alias.name else ()
    listed = ", ".join(f"{sql} AS c{number}" for number, sql in enumerate(selected))
    return f"LATERAL (SELECT {listed}) AS {name}", _columns(name, qualifier, columns)


def _joined(sql: str, columns: list[Column], join: Any, scope: Scope) -> tuple[str, list[Column]]:
    side, kind, method = (str(join.args.get(item) or "").upper() for item in ("side", "kind", "method"))
    if method == "NATURAL":
        refuse("NOT_SUPPORTED", "Natural join not supported")
    if method or kind not in _JOINS or side not in _JOINS:
        refuse("SYNTAX_ERROR", f"Athena has no {method} {side} {kind} JOIN".replace("  ", " "))
    other, added = relation(join.this, scope, columns)
    way = _JOINS[side] if side else _JOINS[kind] or "INNER"
    on, using = join.args.get("on"), join.args.get("using")
    if using:
        return _using(sql, columns, other, added, way, [item.name for item in using])
    if on is None:
        if kind != "CROSS" and (kind or side):
            refuse("SYNTAX_ERROR", "a JOIN needs ON or USING")
        return f"{sql} CROSS JOIN {other}", [*columns, *added]
    if way == "CROSS":
        refuse("SYNTAX_ERROR", "a CROSS JOIN has no ON")
    if isinstance(join.this, exp.Unnest) and not (isinstance(on, exp.Boolean) and on.this):
        refuse("NOT_SUPPORTED", "JOIN involving UNNEST is only supported with condition ON TRUE")
    condition = truth(on, scope.inside([*columns, *added]), "JOIN ON clause")
    return f"{sql} {way} JOIN {other} ON {condition}", [*columns, *added]


def _using(
    sql: str, columns: list[Column], other: str, added: list[Column], way: str, names: list[str]
) -> tuple[str, list[Column]]:
    conditions, shared, dropped = [], [], []
    for name in names:
        pair = [[item for item in side if item.name == name.lower()] for side in (columns, added)]
        if not all(pair):
            refuse("COLUMN_NOT_FOUND", f"Column '{name}' is missing from one side of join")
        left, right = pair[0][0], pair[1][0]
        conditions.append(compared("=", Value(left.kind, left.sql), Value(right.kind, right.sql)).sql)
        kind = types.common(left.kind, right.kind) or left.kind
        both = f"coalesce({coerced(left.sql, left.kind, kind)}, {coerced(right.sql, right.kind, kind)})"
        shared.append(Column((), name.lower(), kind, both, left.shown))
        dropped += [left, right]
    rest = [item for item in (*columns, *added) if item not in dropped]
    return f"{sql} {way} JOIN {other} ON {' AND '.join(conditions)}", [*shared, *rest]
