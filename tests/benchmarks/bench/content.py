"""Whether two engines have the same rows: a count, and a sum of every column, by SQL for PostgreSQL and DuckDB."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

from totelake.contracts.model import Column, Table
from totelake.contracts.types import decimal_of, is_text, is_time, is_timestamp

Summary = tuple[Decimal | None, ...]
_ORACLE = Path(__file__).parents[2] / "e2e" / "oracle"
_INTEGERS = ("smallint", "integer", "bigint")


def summary_sql(columns: Sequence[Column], relation: str) -> str:
    """The query of one row: the number of rows, and of each column a sum.

    Numbers are added up, of a date the days, of a time the minutes, of a timestamp the seconds, of a text the letters;
    of everything else values that are no NULL are counted.
    """
    return f"SELECT count(*), {', '.join(_sum(column) for column in columns)} FROM {relation}"


def _sum(column: Column) -> str:
    name, kind = f'"{column.name}"', column.plain_type
    if kind in _INTEGERS or decimal_of(kind) is not None:
        return f"sum(CAST({name} AS decimal(38, 4)))"
    if is_time(kind):
        moment = f"CAST({name} AS time)"
        return f"sum(CAST(extract(hour FROM {moment}) * 60 + extract(minute FROM {moment}) AS decimal(38, 0)))"
    if is_timestamp(kind):
        return f"sum(CAST(floor(extract(epoch FROM CAST({name} AS timestamp))) AS decimal(38, 0)))"
    if kind == "date":
        return f"sum(CAST(CAST({name} AS date) - DATE '2000-01-01' AS decimal(38, 0)))"
    if is_text(kind):
        return f"sum(CAST(length(CAST({name} AS text)) AS decimal(38, 0)))"
    return f"count({name})"


def in_postgres(dsn: str, table: Table, columns: Sequence[Column]) -> Summary:
    """The summary of a table of a database; a star table is looked for in the schema `star`."""
    return _asked(dsn, f'"{"public" if table.kind == "source" else "star"}"."{table.name}"', columns)


def oracle_query(table: Table) -> str:
    """A star table's rows over the source tables by SQL that was written by hand, its columns named."""
    query = (_ORACLE / f"{table.name}.sql").read_text(encoding="utf-8")
    names = ", ".join(f'"{column.name}"' for column in table.lake_columns)
    return f"SELECT * FROM ({query}) AS made ({names})"


def wrong_star(source_dsn: str, warehouse_dsn: str, tables: Sequence[Table]) -> str | None:
    """What of the warehouse's star tables is not what totesys leads to, in words; None when nothing is."""
    for table in tables:
        wanted = _asked(source_dsn, f"({oracle_query(table)}) AS wanted", table.lake_columns)
        wrong = difference(
            table.name, table.lake_columns, wanted, in_postgres(warehouse_dsn, table, table.lake_columns)
        )
        if wrong:
            return wrong
    return None


def _asked(dsn: str, relation: str, columns: Sequence[Column]) -> Summary:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(summary_sql(columns, relation))
        return _plain(cursor.fetchone())


def in_files(relation: str, columns: Sequence[Column]) -> Summary:
    """The summary of files; `relation` is what DuckDB reads them by, such as `read_parquet('folder/*.parquet')`."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return _plain(connection.execute(summary_sql(columns, relation)).fetchone())


def _plain(row: tuple[Any, ...] | None) -> Summary:
    return tuple(None if value is None else Decimal(value).normalize() for value in row or ())


def difference(table: str, columns: Sequence[Column], wanted: Summary, found: Summary) -> str | None:
    """What is not the same, in words; None when all is."""
    names = ["rows", *(f"the sum of {column.name}" for column in columns)]
    for name, one, other in zip(names, wanted, found, strict=True):
        if one != other:
            return f"{table} has {_number(other)} for {name} where totesys leads to {_number(one)}"
    return None


def _number(value: Decimal | None) -> str:
    return "NULL" if value is None else f"{value:f}"
