"""A row's digest is the same whether PostgreSQL reckons it or the lake's reader does, for every type and odd value."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pyarrow as pa
import pytest

from tests.conftest import Postgres
from tests.e2e.pipeline import query
from totelake.contracts import load_contracts
from totelake.contracts.model import Column
from totelake.contracts.types import arrow_type, is_time
from totelake.operate.reconcile.content import as_unsigned, compared, digest_sql, digests, total
from totelake.operate.reconcile.warehouse import _query as rows_query
from totelake.warehouse.ddl import qualified

pytestmark = pytest.mark.integration
VALUES: dict[str, list[Any]] = {
    "smallint": [0, -32768, 32767],
    "integer": [0, -1, 2**31 - 1],
    "bigint": [0, -(2**63), 2**63 - 1],
    "boolean": [True, False, True],
    "real": [0.1, -1.5e-30, float("nan")],
    "double precision": [0.1, -0.0, float("inf")],
    "numeric(10,2)": [Decimal("0.00"), Decimal("-0.01"), Decimal("99999999.99")],
    "numeric(38,0)": [Decimal(0), Decimal(-1), Decimal(10**38 - 1)],
    "numeric(20,12)": [Decimal("0.000000000001"), Decimal("-7.100000000000"), Decimal("0E-12")],
    "date": [date(1, 1, 1), date(1969, 12, 31), date(9999, 12, 31)],
    "timestamp without time zone": [datetime(1, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999999), datetime.max],
    "timestamp(0) without time zone": [
        datetime(2024, 2, 29, 23, 59, 59, 500000), datetime(1999, 1, 1, 0, 0, 0, 500000), datetime(1, 1, 1, 0, 0, 0, 1),
    ],
    "time without time zone": ["00:00:00.000", "23:59:59.999", "24:00:00.000"],
    "time(3) without time zone": ["12:00:00.001", "01:02:03.400", "23:59:59.999"],
    "text": ["", "-", "+|1:a 'q\" \\ ß 漢 𝄞 e\u0301\n\t\x01"],
    "character varying(20)": ["x|", "|x", " both ends "],
    "character(5)": ["a    ", "abcde", " b   "],
}  # fmt: skip

# what a load casts from text
TEXTS = dict.fromkeys((kind for kind in VALUES if is_time(kind)), "text")


@pytest.fixture(scope="module")
def columns() -> list[Column]:
    """A column of each type, which is named by its number."""
    return [Column(f"c {number}", kind) for number, kind in enumerate(VALUES)]


@pytest.fixture(scope="module")
def rows(columns: list[Column]) -> pa.Table:
    """Three rows of values, one of NULL."""
    arrays = [pa.array([*VALUES[column.type], None], arrow_type(column.type)) for column in columns]
    return pa.table(arrays, names=[column.name for column in columns])


@pytest.fixture(scope="module")
def dsn(postgres: Postgres, columns: list[Column]) -> str:
    """A database with the same rows, loaded as a load does: times of day and timestamps by a cast."""
    found = postgres.new_database()
    defined = ", ".join(f'"{column.name}" {column.type}' for column in columns)
    query(found, f"CREATE TABLE t (n serial, {defined}); SELECT 1")
    for row in [*zip(*VALUES.values()), (None,) * len(VALUES)]:
        values = ", ".join(
            f"CAST(CAST(%s AS {TEXTS.get(column.type, column.type)}) AS {column.type})" for column in columns
        )
        names = ", ".join(f'"{column.name}"' for column in columns)
        query(found, f"INSERT INTO t ({names}) VALUES ({values}) RETURNING 1", *row)
    return found


def of_postgresql(dsn: str, columns: list[Column]) -> list[int]:
    """The digest of each row, as PostgreSQL reckons it with nothing but its own functions in reach."""
    statement = f"SELECT {digest_sql(columns, 'v')} FROM public.t AS v ORDER BY n"
    return [as_unsigned(digest) for (digest,) in query(dsn, statement)]


def test_both_sides_have_one_digest_of_a_row(dsn: str, columns: list[Column], rows: pa.Table) -> None:
    for column in columns:
        assert of_postgresql(dsn, [column]) == [int(item) for item in digests(rows, [column])], column
    assert of_postgresql(dsn, columns) == [int(item) for item in digests(rows, columns)]
    summed = query(dsn, f"SELECT sum({digest_sql(columns, 'v')}) FROM public.t AS v")
    assert as_unsigned(int(summed[0][0])) == total(digests(rows, columns))


def test_each_value_counts_and_so_does_its_place(columns: list[Column], rows: pa.Table) -> None:
    whole = digests(rows, columns)
    assert len(set(whole.tolist())) == len(whole)
    for place, column in enumerate(columns):
        values = rows[column.name].to_pylist()
        other = rows.set_column(place, column.name, pa.array([*values[1:], values[0]], rows.schema.field(place).type))
        differing = [was for was, value in zip(values, [*values[1:], values[0]]) if was != value and was == was]
        assert int((digests(other, columns) != whole).sum()) >= len(differing) > 0


def test_texts_of_neighbours_are_told_apart() -> None:
    pair = [Column("a", "text"), Column("b", "text")]
    found = [
        digests(
            pa.table({"a": [first], "b": [second]}, schema=pa.schema([("a", pa.string()), ("b", pa.string())])), pair
        )[0]
        for first, second in [("x|+1:y", "z"), ("x", "y|+1:z"), ("x", None), (None, "x"), ("", "x"), ("-", "x")]
    ]
    assert len(set(found)) == len(found)


def test_a_time_of_day_that_the_warehouse_rounds_is_not_compared() -> None:
    kept = Column("a", "time(3) without time zone")
    assert compared([kept, Column("b", "time(0) without time zone")]) == [kept]


def test_no_rows_are_nothing(columns: list[Column], rows: pa.Table) -> None:
    assert total(digests(rows.slice(0, 0), columns)) == 0


@pytest.mark.parametrize("kind", ["date", "timestamp without time zone", "timestamp with time zone"])
def test_a_day_or_moment_without_an_end_has_a_digest_of_its_own(dsn: str, kind: str) -> None:
    digest = digest_sql([Column("a", kind)], "v")
    values = "('infinity'), ('-infinity'), ('2024-02-29'), (NULL)"
    found = query(dsn, f"SELECT {digest} FROM (SELECT a::{kind} FROM (VALUES {values}) AS t (a)) AS v")
    assert len({value for (value,) in found}) == 4


def test_a_millionth_that_somebody_added_to_a_time_of_day_counts(dsn: str) -> None:
    digest = digest_sql([Column("a", "time without time zone")], "v")
    found = query(dsn, f"SELECT {digest} FROM (VALUES (time '12:00:00.001'), (time '12:00:00.001001')) AS v (a)")
    (lake,) = digests(pa.table({"a": ["12:00:00.001"]}), [Column("a", "time without time zone")])
    assert [as_unsigned(int(value)) == lake for (value,) in found] == [True, False]


def test_a_fact_may_have_a_column_that_is_named_like_one_of_the_quarantine(dsn: str) -> None:
    fact = load_contracts().star("fact_sales_order")
    names = {"units_sold": "status", "currency_id": "batch", "design_id": "rule", "sales_staff_id": "payload"}
    other = replace(fact, columns=tuple(replace(item, name=names.get(item.name, item.name)) for item in fact.columns))
    columns = ", ".join(f"{item.name} {item.type}" for item in other.lake_columns)
    made = f"CREATE TABLE {qualified(other)} ({columns})"
    waiting = "CREATE TABLE etl.quarantine (target_table text, rule text, status text, payload jsonb, batch bigint)"
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA star; CREATE SCHEMA etl; {made}; {waiting}")
        payload = '{"sales_order_id": 7, "status": 3}'
        cursor.execute("INSERT INTO etl.quarantine VALUES (%s, 'missing_parent', 'open', %s, 1)", (other.name, payload))
    ((versions, keys, *_),) = query(dsn, rows_query(other, other.lake_columns, []))
    assert (versions, keys) == (1, 1)
