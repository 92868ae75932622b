"""A query on the warehouse, in a session that can change nothing."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import psycopg2
from psycopg2.extensions import PYDATE, PYDATETIME, PYDATETIMETZ, new_type, register_type

from totelake.errors import ConfigurationError, WarehouseError
from totelake.ports.postgres import read_only
from totelake.query.answer import Answer

_MOMENTS = (*PYDATE.values, *PYDATETIME.values, *PYDATETIMETZ.values)
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d( |$)")


def ask(dsn: str, sql: str) -> Answer:
    """The rows of a query. Raises WarehouseError for what is refused, ConfigurationError for what has no rows."""
    with read_only(dsn) as cursor:
        register_type(new_type(_MOMENTS, "MOMENT", moment), cursor)
        cursor.execute("SET search_path = star, public")
        try:
            cursor.execute(sql)
        except psycopg2.Error as error:
            if cursor.connection.closed:
                raise
            words = " ".join(str(error).split())
            raise WarehouseError(f"the query was refused: {words}; correct it") from error
        if cursor.description is None:
            raise ConfigurationError("the query has no rows for an answer; ask with SELECT or WITH")
        return Answer(tuple(item.name for item in cursor.description), cursor.fetchall())


def moment(value: str | bytes | None, _: Any) -> date | datetime | str | bytes | None:
    """A date or a moment; PostgreSQL's own text where Python has none, as infinity or a year before Christ."""
    if not isinstance(value, str) or not _ISO_DAY.match(value):
        return value
    try:
        return datetime.fromisoformat(value) if ":" in value else date.fromisoformat(value)
    except ValueError:
        return value
