"""What the queries of a dashboard answer, and how the page is given it: every value as its exact text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from typing import Any, Callable

import psycopg2
from psycopg2.errorcodes import INSUFFICIENT_PRIVILEGE, UNDEFINED_TABLE

from totelake.contracts.dashboards import Dashboard
from totelake.contracts.queries import BOTH, Query
from totelake.errors import ConfigurationError, LakeError, WarehouseError
from totelake.query.answer import Answer
from totelake.query.text import literal
from totelake.runtime.plain_text import plain

MOST_ROWS = 200_000
"""Rows of one query that a page takes: a browser still narrows them at once."""
Ask = Callable[[str], Answer]
# names and days come in many rows, and each of their letters is looked at
_plain = lru_cache(maxsize=100_000)(plain)


def gather(
    dashboard: Dashboard, queries: Mapping[str, Query], on: str, ask: Ask, since: date | None = None
) -> dict[str, Answer]:
    """The answers by query; with `since` only rows of that day and later, of the queries that the dashboard lets cut.

    Raises ConfigurationError where a query cannot be asked on `on`, has more rows than a page takes, none of them
    has one, or nothing is there to cut; WarehouseError or LakeError, with the query's name, where one is refused.
    """
    if since and not dashboard.since:
        raise ConfigurationError(
            f"the dashboard {dashboard.name} names no query that --since shortens; leave out --since, or name one in "
            "its field since"
        )
    found = {name: _answer(queries[name], dashboard, on, ask, since) for name in dashboard.queries}
    if not any(found[name].rows for name in (dashboard.since if since else found)):
        when = f" since {since}" if since else ""
        remedy = "choose an earlier day" if since else "run `totelake run --wait`, and write the dashboard again"
        raise ConfigurationError(f"the {on} has no rows for the dashboard {dashboard.name}{when}; {remedy}")
    return found


def _answer(query: Query, dashboard: Dashboard, on: str, ask: Ask, since: date | None) -> Answer:
    if query.on not in (on, BOTH):
        raise ConfigurationError(
            f"the query {query.name} of the dashboard {dashboard.name} is asked on the {query.on} alone; "
            f"write the dashboard with --on {query.on}"
        )
    try:
        answer = ask(_sql(query, dashboard, since))
    except (WarehouseError, LakeError, ConfigurationError) as error:
        raise type(error)(f"the dashboard {dashboard.name} needs the query {query.name}: {_why(error)}") from error
    names = tuple(name for name, _ in query.columns)
    if answer.columns != names:
        raise ConfigurationError(
            f"catalog/queries/{query.name}.sql gives {', '.join(answer.columns)}, and its line '-- columns:' names "
            f"{', '.join(names)}; correct that line"
        )
    if len(answer.rows) > MOST_ROWS:
        remedy = (
            "leave out what is older with --since, such as --since 2024-01-01"
            if query.name in dashboard.since
            else f"--since leaves it whole, so narrow catalog/queries/{query.name}.sql"
        )
        raise ConfigurationError(
            f"the query {query.name} gives more than {MOST_ROWS:,} rows, which no page takes; {remedy}"
        )
    return answer


def _why(error: Exception) -> str:
    """The error's own words; of a table that is not there, or may not be read, with what helps."""
    code = error.__cause__.pgcode if isinstance(error.__cause__, psycopg2.Error) else None
    if code == UNDEFINED_TABLE:
        what = str(error.__cause__).partition("\n")[0]
        return f"the warehouse has not all it reads ({what}); run `totelake deploy`, which makes its tables and views"
    if code == INSUFFICIENT_PRIVILEGE:
        return f"{str(error).rpartition('; ')[0]}; use a role that may read the warehouse"
    return str(error)


def _sql(query: Query, dashboard: Dashboard, since: date | None) -> str:
    day = dashboard.since.get(query.name)
    newer = f" WHERE {day} >= DATE '{since}'" if since and day else ""
    return f"SELECT * FROM (\n{query.sql}\n) AS answer{newer} LIMIT {MOST_ROWS + 1}"


def document(
    dashboard: Dashboard,
    queries: Mapping[str, Query],
    answers: Mapping[str, Answer],
    on: str,
    taken: str,
    every: int,
    since: date | None = None,
) -> dict[str, Any]:
    """All that the page shows, as JSON has it.

    `taken` is the moment, `every` the seconds after which the page looks for a newer file, 0 for never; `since` is
    the day that `gather` was given.
    """
    return {
        "dashboard": dashboard.name,
        "title": dashboard.title,
        "description": dashboard.description,
        "on": on,
        "taken": taken,
        "every": every,
        "since": {"day": str(since), "queries": list(dashboard.since)} if since else None,
        "filters": {kind: list(columns) for kind, columns in dashboard.filters.items()},
        "history": {"query": dashboard.history[0], "key": dashboard.history[1]} if dashboard.history else None,
        "tiles": [asdict(tile) for tile in dashboard.tiles],
        "queries": {name: _table(queries[name], answers[name]) for name in dashboard.queries},
    }


def _table(query: Query, answer: Answer) -> dict[str, Any]:
    """Rows by column: many values are the same, and are written once."""
    texts = [[shown(row[place]) for row in answer.rows] for place in range(len(query.columns))]
    return {
        "title": query.title,
        "rows": len(answer.rows),
        "columns": [
            {"name": name, "type": kind, **_column(values)} for (name, kind), values in zip(query.columns, texts)
        ],
    }


def _column(values: Sequence[str | None]) -> dict[str, Any]:
    distinct = {value: number for number, value in enumerate(dict.fromkeys(values))}
    if 2 * len(distinct) > len(values):
        return {"values": list(values)}
    return {"values": list(distinct), "places": [distinct[value] for value in values]}


def shown(value: Any) -> str | None:
    """A value as text, so that no two look alike and nothing acts on a screen, with every digit; None for NULL."""
    return None if value is None else _plain(literal(value))
