"""One SELECT of Athena's SQL as it was written: read, or refused in a sentence that says what is wrong with it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from totelake.errors import ConfigurationError

_DIALECT, _HERE = "athena", "duckdb"
_CHANGING = (exp.DDL, exp.DML, exp.Drop, exp.Alter, exp.TruncateTable)
_LONGEST = 60


def select_of(sql: str) -> exp.Query:
    """The query. Raises ConfigurationError for what is none, and for one that reads what no lake has."""
    try:
        with _silent():
            found = sqlglot.parse(sql, read=_DIALECT)
    except SqlglotError as error:
        raise ConfigurationError(f"Athena takes no such SQL: {_where(error)}; correct the query") from error
    except RecursionError:
        raise ConfigurationError("the query is nested too deep to be read; make it simpler") from None
    # a comment behind a semicolon is one, too
    statements = [item for item in found if item is not None and not isinstance(item, exp.Semicolon)]
    if not statements:
        raise ConfigurationError("the query is empty but for comments; ask with SELECT or WITH")
    if len(statements) > 1:
        raise ConfigurationError(f"these are {len(statements)} statements; ask one query at a time")
    (parsed,) = statements
    if _changes(parsed):
        raise ConfigurationError("the query changes something; ask with SELECT or WITH")
    if not isinstance(parsed, exp.Query):
        raise ConfigurationError("the query is no SELECT; ask with SELECT or WITH")
    _check_relations(parsed)
    return parsed


def relations(parsed: exp.Expr) -> Iterator[tuple[str, str]]:
    """Database and name of what a query reads, without the names that it gives itself in WITH."""
    own = {found.alias for found in parsed.find_all(exp.CTE)}
    return ((found.db, found.name) for found in parsed.find_all(exp.Table) if found.db or found.name not in own)


def as_duckdb(parsed: exp.Expr) -> str:
    """The query in DuckDB's words."""
    try:
        with _silent():
            return parsed.sql(dialect=_HERE)
    except RecursionError:
        raise ConfigurationError("the query is nested too deep to be read; make it simpler") from None


def _changes(parsed: exp.Expr) -> bool:
    """Whether it, or a part of it, is another thing than a question."""
    parts = parsed.find_all(*_CHANGING, exp.Into)
    return any(not isinstance(part, exp.Query) for part in parts)


def _check_relations(parsed: exp.Query) -> None:
    for table in parsed.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            words = _short(table.this.sql(dialect=_DIALECT))
            raise ConfigurationError(
                f"the query reads from the function {words}; read from tables and views, or from UNNEST of an array"
            )
        if not table.name:
            raise ConfigurationError('the query reads from a table without a name, ""; name one')


def _where(error: SqlglotError) -> str:
    """The place that was not understood; sqlglot's own words are about its insides and hold codes for a terminal."""
    found = error.errors[0] if isinstance(error, ParseError) and error.errors else None
    if found is None:
        return "a quote or a comment in it does not end"
    near = _short(f"{found['highlight'] or ''}{found['end_context'] or ''}") or "its end"
    return f"it is not understood in line {found['line']}, column {found['col']}, at {near}"


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


@contextmanager
def _silent() -> Iterator[None]:
    """Without the lines that sqlglot logs about what it does not know well."""
    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
