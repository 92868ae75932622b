"""A statement's answer out of DuckDB: the rows, and each value as Athena's text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import duckdb

from localathena.sql.python_functions import interval_text, months_text, prepare
from localathena.sql.python_moments import moment_text, zoned_text
from localathena.sql.python_text import java_double
from localathena.sql.refusals import refusal_of
from localathena.sql.statements import Translation
from localathena.sql.types import VARCHAR, Type


@dataclass(frozen=True)
class Answered:
    """Names and types of the columns, and the rows as DuckDB's values."""

    columns: tuple[tuple[str, Type], ...]
    rows: Sequence[Sequence[Any]]

    def texts(self) -> list[list[str | None]]:
        """The rows as Athena writes them; None is NULL."""
        return [[text(item, kind) for item, (_, kind) in zip(row, self.columns)] for row in self.rows]


def ask(connection: Any, translation: Translation) -> Answered:
    """Ask DuckDB; the tables of the translation must be there. Raises Refused for what fails in it."""
    try:
        prepare(connection, translation.sql)
        rows = connection.execute(selected(translation)).fetchall()
    except duckdb.Error as error:
        raise refusal_of(str(error)) from error
    return Answered(translation.columns, rows)


def selected(translation: Translation) -> str:
    """The statement with what Python would read as another value as text: a float of four bytes."""
    kinds = [kind for _, kind in translation.columns]
    if not any(map(_has_float, kinds)):
        return translation.sql
    parts = [
        f"CAST(c{number} AS {_as_text(kind).duckdb}) AS c{number}" if _has_float(kind) else f"c{number}"
        for number, kind in enumerate(kinds)
    ]
    return f"SELECT {', '.join(parts)} FROM ({translation.sql}) AS answer"


def _has_float(kind: Type) -> bool:
    return kind.name in ("real", "unknown") or any(map(_has_float, kind.inner))


def _as_text(kind: Type) -> Type:
    if kind.name in ("real", "unknown"):
        return VARCHAR
    args = tuple(_as_text(item) if isinstance(item, Type) else item for item in kind.args)
    return Type(kind.name, args, kind.fields)


def text(value: Any, kind: Type) -> str | None:
    """A value as Athena writes it; None for NULL."""
    return None if value is None else _text(value, kind)


def _text(value: Any, kind: Type) -> str:
    if value is None:
        return "null"
    if kind.name == "boolean":
        return "true" if value else "false"
    if kind.name in ("real", "double"):
        return java_double(float(value))
    if kind.name == "decimal":
        return format(value if isinstance(value, Decimal) else Decimal(value), "f")
    if kind.name == "timestamp":
        return moment_text(_naive(value), 3)
    if kind.name == "timestamp with time zone":
        return zoned_text(_naive(value["utc"]), value["zone"], 3)
    if kind.name == "time":
        return f"{value:%H:%M:%S}.{value.microsecond // 1000:03}"
    if kind.name == "interval day to second":
        return interval_text(value)
    if kind.name == "interval year to month":
        return months_text(value)
    if kind.name == "varbinary":
        return bytes(value).hex(" ")
    if kind.name == "array":
        return "[" + ", ".join(_text(item, kind.inner[0]) for item in value) + "]"
    if kind.name == "map":
        keys, items = kind.inner
        return "{" + ", ".join(f"{_text(key, keys)}={_text(item, items)}" for key, item in value.items()) + "}"
    if kind.name == "row":
        return (
            "{"
            + ", ".join(f"{name}={_text(value[name], part)}" for name, part in zip(kind.field_names, kind.inner))
            + "}"
        )
    return str(value)


def _naive(value: datetime) -> datetime:
    return value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo is not None else value
