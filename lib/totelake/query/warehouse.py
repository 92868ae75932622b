"""A query on the warehouse, of which the server itself runs one statement that can change nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Callable

import psycopg2
from psycopg2.extensions import PYDATE, PYDATETIME, PYDATETIMETZ, UNICODE, new_array_type, new_type, register_type

from totelake.errors import ConfigurationError, WarehouseError
from totelake.ports.postgres import Cursor, read_only
from totelake.query.answer import Answer

# what a role or a database may set otherwise, and answers depend on; all are the transaction's alone
_SETTINGS = {
    "search_path": "star, public",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "cursor_tuple_fraction": "1",
}
# the text is a value here, and so nothing in it ends the transaction: SPI takes one statement that has rows
_OPEN = """DO $$
DECLARE answer refcursor := 'answer';
BEGIN
    OPEN answer FOR EXECUTE pg_catalog.current_setting('totelake.query');
END $$"""
_NO_CURSOR = "42P11"
_SEVERAL = "multi-query"
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d( |$)")
_MOMENTS = (*PYDATE.values, *PYDATETIME.values, *PYDATETIMETZ.values)
_ARRAYS_OF_MOMENTS = (1115, 1182, 1185)
# time, timetz, interval, json, jsonb and ranges: Python's values for them lose digits, months or 24:00
_AS_TEXT = (1083, 1266, 1186, 114, 3802, 3904, 3906, 3908, 3910, 3912, 3926)
_ARRAYS_AS_TEXT = (1183, 1270, 1187, 199, 3807, 3905, 3907, 3909, 3911, 3913, 3927)


def ask(dsn: str, sql: str) -> Answer:
    """The rows of a query. Raises WarehouseError for what is refused, ConfigurationError for what is no one query."""
    _check(sql)
    with asking(dsn) as one:
        return one(sql)


@contextmanager
def asking(dsn: str) -> Iterator[Callable[[str], Answer]]:
    """What answers one query after the other, all of one moment, until one is refused; each raises as `ask` does."""
    with read_only(dsn, limited=True) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        _read_exactly(cursor)
        yield lambda sql: _answer(cursor, sql)


def _answer(cursor: Cursor, sql: str) -> Answer:
    _check(sql)
    try:
        for name, value in {**_SETTINGS, "totelake.query": sql}.items():
            cursor.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
        cursor.execute(_OPEN)
        cursor.execute("FETCH ALL FROM answer")
        answer = Answer(tuple(item.name for item in cursor.description or ()), cursor.fetchall())
        cursor.execute("CLOSE answer")
        return answer
    except psycopg2.Error as error:
        if cursor.connection.closed:
            raise
        raise _refused(error, sql) from error


def _check(sql: str) -> None:
    if "\0" in sql:
        raise ConfigurationError("the query holds a zero byte, which PostgreSQL has not; leave it out")


def _read_exactly(cursor: Cursor) -> None:
    moment_type = new_type(_MOMENTS, "MOMENT", moment)
    text_type = new_type(_AS_TEXT, "EXACT", UNICODE)
    for kind in (
        moment_type,
        text_type,
        new_array_type(_ARRAYS_OF_MOMENTS, "MOMENTS", moment_type),
        new_array_type(_ARRAYS_AS_TEXT, "EXACTS", text_type),
    ):
        register_type(kind, cursor)


def _refused(error: psycopg2.Error, sql: str) -> ConfigurationError | WarehouseError:
    """The error of a query, without the words about the cursor that holds it."""
    if error.pgcode == _NO_CURSOR:
        what = "is empty, or several statements" if _SEVERAL in str(error) else "is no question"
        return ConfigurationError(f"the query {what}; ask one query at a time, with SELECT or WITH")
    found = error.diag
    words = [found.message_primary or str(error), found.message_detail, found.message_hint]
    said = "; ".join(" ".join(text.split()).rstrip(".") for text in words if text)
    return WarehouseError(f"the query was refused: {said}{_place(found, sql)}; correct it")


def _place(found: Any, sql: str) -> str:
    """Where in the query it is, as far as the server tells."""
    if not found.internal_position or found.internal_query != sql:
        return ""
    before = sql[: int(found.internal_position) - 1]
    return f", in line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


def moment(value: str | bytes | None, _: Any) -> date | datetime | str | bytes | None:
    """A date or a moment; PostgreSQL's own text where Python has none, as infinity or a year before Christ."""
    if not isinstance(value, str) or not _ISO_DAY.match(value):
        return value
    try:
        return datetime.fromisoformat(value) if ":" in value else date.fromisoformat(value)
    except ValueError:
        return value
