"""No time of `make bench` counts without the same rows: what is compared, on a real PostgreSQL and on parquet files."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import duckdb
import psycopg2
import pytest

from tests.benchmarks.bench.content import difference, in_files, in_postgres, wrong_star
from tests.benchmarks.bench.contests import load
from tests.benchmarks.bench.contests.build import star_query
from tests.benchmarks.bench.contests.load import levels_of
from tests.benchmarks.bench.goals import ROWS as GOALS
from tests.benchmarks.bench.measure import PeerError
from tests.benchmarks.bench.results import Results
from tests.conftest import SOURCE, Postgres
from totelake.contracts import load_contracts
from totelake.contracts.model import Column, Table

COLUMNS = (
    Column("id", "integer"),
    Column("amount", "numeric(10,2)"),
    Column("name", "text"),
    Column("sold_on", "date"),
    Column("sold_at", "time without time zone"),
    Column("moment", "timestamp without time zone"),
    Column("paid", "boolean"),
)
TABLE = Table("sale", "source", "totesys", "public", "one sale", COLUMNS)
KINDS = "id integer, amount decimal(10, 2), name text, sold_on date, sold_at time, moment timestamp, paid boolean"
ROWS = (
    "(1, 10.25, 'Zoë', DATE '2024-02-29', TIME '23:59:58.5', TIMESTAMP '2024-02-29 23:59:58.5', true)",
    "(2, -3.10, '', DATE '1999-12-31', TIME '00:01:00', TIMESTAMP '1969-12-31 23:59:59', false)",
    "(3, NULL, NULL, NULL, NULL, NULL, NULL)",
)


@pytest.fixture
def sale(postgres: Postgres) -> str:
    """A database with the rows."""
    dsn = postgres.new_database()
    connection = psycopg2.connect(dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE public.sale ({KINDS})")
        cursor.execute(f"INSERT INTO public.sale VALUES {', '.join(ROWS)}")
    connection.close()
    return dsn


def _file(folder: Path, rows: Sequence[str]) -> str:
    place = folder / "sale.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE sale ({KINDS})")
        connection.execute(f"INSERT INTO sale VALUES {', '.join(rows)}")
        connection.execute(f"COPY sale TO '{place}' (FORMAT parquet)")
    return f"read_parquet('{place}')"


def _told(dsn: str, relation: str) -> str | None:
    return difference("sale", COLUMNS, in_postgres(dsn, TABLE, COLUMNS), in_files(relation, COLUMNS))


@pytest.mark.integration
def test_the_same_rows_of_every_type_are_the_same_in_a_database_and_in_files(sale: str, tmp_path: Path) -> None:
    assert _told(sale, _file(tmp_path, ROWS)) is None
    text = tmp_path / "sale.csv"
    with duckdb.connect() as connection:
        relation = _file(tmp_path, ROWS)
        connection.execute(f"COPY (SELECT * FROM {relation}) TO '{text}' (FORMAT csv, HEADER, FORCE_QUOTE (name))")
    assert _told(sale, f"read_csv('{text}', header = true, all_varchar = true)") is None


@pytest.mark.integration
@pytest.mark.parametrize(
    ("before", "after", "column"),
    [
        ("(1, ", "(7, ", "the sum of id"),
        ("10.25", "10.26", "the sum of amount"),
        ("'Zoë'", "'Zo'", "the sum of name"),
        ("DATE '1999-12-31'", "DATE '2000-01-01'", "the sum of sold_on"),
        ("TIME '00:01:00'", "TIME '00:02:00'", "the sum of sold_at"),
        ("TIMESTAMP '1969-12-31 23:59:59'", "TIMESTAMP '1970-01-01 00:00:00'", "the sum of moment"),
        ("false)", "NULL)", "the sum of paid"),
        (", NULL, NULL, NULL, NULL, NULL, NULL)", ", 0.01, NULL, NULL, NULL, NULL, NULL)", "the sum of amount"),
    ],
)
def test_a_value_that_differs_is_found_in_its_column(
    sale: str, tmp_path: Path, before: str, after: str, column: str
) -> None:
    changed = [row.replace(before, after) for row in ROWS]
    assert changed != list(ROWS)
    assert f" for {column} " in str(_told(sale, _file(tmp_path, changed)))


@pytest.mark.integration
def test_a_row_that_is_missing_is_found_first(sale: str, tmp_path: Path) -> None:
    told = _told(sale, _file(tmp_path, ROWS[:2]))
    assert told == "sale has 2 for rows where totesys leads to 3"


@pytest.mark.integration
def test_a_warehouse_that_is_not_what_totesys_leads_to_is_told(postgres: Postgres) -> None:
    source, warehouse = postgres.new_database(), postgres.new_database()
    contracts = load_contracts()
    currency, star = contracts.find("currency"), contracts.find("dim_currency")
    for dsn, schema, table in ((source, "public", currency), (warehouse, "star", star)):
        with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
            columns = ", ".join(f'"{column.name}" {column.plain_type}' for column in table.columns)
            cursor.execute(f'CREATE SCHEMA IF NOT EXISTS {schema}; CREATE TABLE {schema}."{table.name}" ({columns})')
    with contextlib.closing(psycopg2.connect(source)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO currency (currency_id, currency_code) VALUES (1, 'GBP')")
    assert wrong_star(source, warehouse, [star]) == "dim_currency has 0 for rows where totesys leads to 1"
    with contextlib.closing(psycopg2.connect(warehouse)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO star.dim_currency VALUES (1, 'GBP', 'Pound Sterling')")
    assert wrong_star(source, warehouse, [star]) is None


def test_duckdb_takes_the_query_of_every_star_table() -> None:
    contracts = load_contracts()
    with duckdb.connect() as connection:
        for source in contracts.source_tables(SOURCE):
            columns = ", ".join(f'"{column.name}" {column.plain_type}' for column in source.columns)
            connection.execute(f'CREATE TABLE "{source.name}" ({columns})')
        for star in contracts.star_tables(SOURCE):
            made = connection.execute(star_query(star))
            assert [item[0] for item in made.description] == [column.name for column in star.lake_columns]


def test_no_star_table_is_filled_before_one_that_it_refers_to() -> None:
    levels = levels_of(load_contracts().star_tables(SOURCE))
    place = {table.name: number for number, level in enumerate(levels) for table in level}
    assert len(place) == len(load_contracts().star_tables(SOURCE))
    references = [
        (table.name, column.foreign_key.table)
        for level in levels
        for table in level
        for column in table.columns
        if column.foreign_key and column.foreign_key.table in place
    ]
    assert references
    assert all(place[referred] < place[name] for name, referred in references)


def test_what_the_warehouse_does_not_give_is_told_of_every_peer_of_the_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_psql(*_: object) -> None:
        raise PeerError("psql is not on the PATH")

    monkeypatch.setattr(load, "run_psql", without_psql)
    results = Results()
    load.contest(SimpleNamespace(warehouse_dsn=""), tmp_path / "load", results)
    assert results.absent == {f"load/{name}": "psql is not on the PATH" for name in load.PEERS}
    assert {row.peer for row in GOALS if row.group == "load"} == results.absent.keys()
