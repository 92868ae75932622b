"""DuckDB's answers to `totelake query`: values exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import duckdb

from totelake.query.answer import Answer

_AS_TEXT = ("INTERVAL", "TIMESTAMP_NS", "WITH TIME ZONE")
_Value = Callable[[Any], Any]


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    """The rows of a query. Raises duckdb.Error for what DuckDB refuses."""
    described = connection.execute(f"DESCRIBE {sql}").fetchall()
    names, reading = tuple(item[0] for item in described), [_exact(item[1]) for item in described]
    if any(reading):
        columns = [f"c{number}" for number in range(len(names))]
        selected = ", ".join(
            f"CAST({name} AS {item[0]}) AS {name}" if item else name for name, item in zip(columns, reading)
        )
        sql = f"SELECT {selected} FROM ({sql}) AS answer({', '.join(columns)})"
    rows = connection.execute(sql).fetchall()
    return Answer(names, [_read(row, reading) for row in rows] if any(reading) else rows)


def _exact(kind: str) -> tuple[str, _Value] | None:
    """How to read a column of which Python's own value is another: the type to cast to, and the value of that."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return "TIMESTAMP", lambda value: value.replace(tzinfo=timezone.utc) if isinstance(value, datetime) else value
    if kind == "FLOAT":
        # the shortest number that is this float, and not the double nearest to it
        return "VARCHAR", float
    return ("VARCHAR", str) if any(word in kind for word in _AS_TEXT) else None


def _read(row: Any, reading: list[tuple[str, _Value] | None]) -> tuple[Any, ...]:
    return tuple(
        item[1](value) if item is not None and value is not None else value for value, item in zip(row, reading)
    )
