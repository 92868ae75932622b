"""A statement of Athena's as DuckDB's SQL, with the names and types of what it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from localathena.sql import types
from localathena.sql.information import listed
from localathena.sql.queries import query
from localathena.sql.refusals import not_here, refuse
from localathena.sql.relations import stored
from localathena.sql.scope import Catalog, Query, Scope, Statement, Table
from localathena.sql.types import Type
from localathena.sql.words import parse

_COMMENTS = re.compile(r"(\s|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_SHOW = re.compile(
    rf"SHOW\s+(?P<what>TABLES|SCHEMAS|DATABASES|COLUMNS|CATALOGS)(?:\s+(?:FROM|IN)\s+(?P<of>{_NAME}(?:\.{_NAME})*))?"
    r"(?:\s+LIKE\s+'(?P<like>(?:[^']|'')*)')?\s*;?\s*",
    re.IGNORECASE,
)
_DESCRIBE = re.compile(rf"(?:DESCRIBE|DESC)\s+(?P<of>{_NAME}(?:\.{_NAME})*)\s*;?\s*", re.IGNORECASE)
_EXPLAIN = re.compile(r"EXPLAIN\b", re.IGNORECASE)


@dataclass(frozen=True)
class Translation:
    """What answers a statement: DuckDB's SQL, the result's columns, and the tables that it reads."""

    sql: str
    columns: tuple[tuple[str, Type], ...]
    tables: dict[tuple[str, str], Table]


def translate(statement: str, catalog: Catalog, now: datetime | None = None) -> Translation:
    """The statement in DuckDB's words; `now` is the time in UTC that it is asked at.

    Raises Refused with Athena's error class for what Athena refuses, and for what is not answered here.
    """
    shared = Statement(catalog, now or datetime.now(timezone.utc), query)
    scope = Scope(shared)
    try:
        found = _shown(statement, scope) or query(parse(statement), scope)
    except RecursionError:
        refuse("STACK_OVERFLOW", "the statement is nested too deep to be read; make it simpler")
    columns = tuple((name if name is not None else f"_col{n}", kind) for n, (name, kind) in enumerate(found.columns))
    return Translation(found.sql, columns, shared.tables)


def _shown(statement: str, scope: Scope) -> Query | None:
    """The answer to SHOW and DESCRIBE; None for another statement."""
    start = _COMMENTS.match(statement)
    text = statement[start.end() if start else 0 :]
    word = text[:8].upper()
    if word.startswith("SHOW"):
        found = _SHOW.fullmatch(text)
        if found is None:
            refuse(
                "SYNTAX_ERROR",
                f"mismatched input: SHOW is answered for TABLES, SCHEMAS, DATABASES, COLUMNS and CATALOGS: {text}",
            )
        return _show(found, scope)
    if word.startswith("DESC"):
        found = _DESCRIBE.fullmatch(text)
        if found is None:
            refuse("SYNTAX_ERROR", f"mismatched input: DESCRIBE names a table: {text}")
        return _columns(_parts(found["of"]), scope)
    if _EXPLAIN.match(text):
        not_here("EXPLAIN, whose plan would be another engine's,")
    return None


def _parts(name: str) -> list[str]:
    return [part.strip('"').replace('""', '"').lower() for part in re.findall(_NAME, name)]


def _show(found: re.Match[str], scope: Scope) -> Query:
    catalog, what = scope.statement.catalog, found["what"].upper()
    parts = _parts(found["of"]) if found["of"] else []
    if what == "COLUMNS":
        if not parts:
            refuse("SYNTAX_ERROR", "SHOW COLUMNS names a table: SHOW COLUMNS FROM dim_date")
        return _columns(parts, scope)
    if what == "TABLES":
        database = parts[-1] if parts else catalog.database
        title, names = "Table", [name for name, _ in catalog.relations(database)]
        if not names and database not in catalog.databases():
            refuse("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist")
    elif what == "CATALOGS":
        title, names = "Catalog", [catalog.name]
    else:
        title, names = "Schema", [*catalog.databases(), "information_schema"]
    return listed([title], [types.VARCHAR], [(name,) for name in sorted(names) if _like(name, found["like"])])


def _like(name: str, pattern: str | None) -> bool:
    if pattern is None:
        return True
    written = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern.replace("''", "'"))
    return re.fullmatch(written, name) is not None


def _columns(parts: list[str], scope: Scope) -> Query:
    catalog, database, name = (["", "", *parts])[-3:]
    found = stored(scope, catalog, database, name)
    scope.statement.tables.clear()
    rows = [(column, str(kind), "", "") for column, kind in found.columns]
    return listed(["Column", "Type", "Extra", "Comment"], [types.VARCHAR] * 4, rows)
