"""A question in Athena's SQL, or a sentence that says why it is none."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from localathena.sql.words import silent
from totelake.contracts.sql_errors import problem, short
from totelake.errors import ConfigurationError

_DIALECT = "athena"
CATALOG = "awsdatacatalog"
_CHANGING = (exp.DDL, exp.DML, exp.Drop, exp.Alter, exp.TruncateTable)
# questions that are no query
_SHOWN = re.compile(r"(show|desc|describe|explain|values|table)\b", re.IGNORECASE)
_COMMENTS = re.compile(r"(\s|--[^\n]*(\n|$)|/\*.*?\*/)*", re.DOTALL)
_TOO_DEEP = "the query is nested too deep to be read; make it simpler"


def check(sql: str) -> None:
    """Raise ConfigurationError for what is no question, and for one that reads what no lake has."""
    if not _SHOWN.match(sql, _COMMENTS.match(sql).end()):  # type: ignore[union-attr]
        select_of(sql)


def select_of(sql: str) -> exp.Query:
    """The query. Raises ConfigurationError for what is none, and for one that reads what no lake has."""
    try:
        with silent():
            found = sqlglot.parse(sql, read=_DIALECT)
    except SqlglotError as error:
        raise ConfigurationError(f"Athena takes no such SQL: {problem(error)}; correct the query") from error
    except RecursionError:
        raise ConfigurationError(_TOO_DEEP) from None
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
    for table in parsed.find_all(exp.Table, exp.Lateral):
        _check_relation(table)
    return parsed


def _changes(parsed: exp.Expr) -> bool:
    """Whether it, or a part of it, is another thing than a question."""
    parts = parsed.find_all(*_CHANGING, exp.Into)
    return any(not isinstance(part, exp.Query) for part in parts)


def _check_relation(relation: exp.Expr) -> None:
    """Raise ConfigurationError when it is no table, view or query."""
    if isinstance(relation.this, exp.Func):
        raise ConfigurationError(_function_in_place_of_a_table(relation.this))
    if not isinstance(relation, exp.Table):
        return
    if not relation.name:
        raise ConfigurationError('the query reads from a table without a name, ""; name one')
    if relation.catalog and relation.catalog.lower() != CATALOG:
        raise ConfigurationError(
            f"the query reads from the catalog {relation.catalog}; the lake is in {CATALOG}, which may be left out"
        )


def _function_in_place_of_a_table(function: exp.Func) -> str:
    """What is wrong with it: Athena takes one in TABLE(...) alone, and this machine none."""
    words = short(function.sql(dialect=_DIALECT, normalize_functions=False))
    if function.name.upper() == "TABLE":
        return (
            f"the query reads from {words}, which is not answered on this machine; read from UNNEST of an array, such "
            "as UNNEST(sequence(1, 3)) AS t(n), or ask with --target aws"
        )
    return (
        f"the query reads from the function {words}, and Athena takes none in the place of a table; "
        "read from tables and views, or from UNNEST of an array"
    )
