"""The star rows into tables like the warehouse's, on the same server: the load beside psql and Spark's JDBC writer."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
import psycopg2

from tests.benchmarks.bench.content import difference, in_postgres
from tests.benchmarks.bench.contests.build import session_timed
from tests.benchmarks.bench.contests.psql import run_psql
from tests.benchmarks.bench.goals import LOAD, Sample
from tests.benchmarks.bench.measure import PeerError
from tests.benchmarks.bench.pipeline import Pipeline
from tests.benchmarks.bench.results import Results
from totelake.contracts import load_contracts
from totelake.contracts.model import FACT, Table
from totelake.contracts.types import decimal_of, is_text, is_time
from totelake.seed import SOURCE
from totelake.stack import spark
from totelake.stack.jars import DRIVER, ensure_jars
from totelake.stack.model import ADMIN, HOST
from totelake.warehouse import ddl

PEERS = ("\\copy", "\\copy, then keys", "Spark JDBC")
_DATABASE = "bench_load"


def contest(pipeline: Pipeline, work: Path, results: Results) -> None:
    """Time each peer on the rows that are in the warehouse, each in a new database."""
    work.mkdir()
    levels = levels_of(load_contracts().star_tables(SOURCE))
    tables = [table for level in levels for table in level]
    try:
        _export(pipeline.warehouse_dsn, tables, work)
    except PeerError as error:
        for name in PEERS:
            results.leave_out(f"{LOAD}/{name}", str(error))
        return
    lines = [_copy_in(table, work) for table in tables]
    keys = [f"{added};" for table in tables if (added := ddl.add_foreign_keys(table, _there(table)))]

    def copied(given: Sequence[str], with_keys: bool) -> Sample:
        with _empty_database(pipeline, tables, with_keys) as dsn:
            return _checked(pipeline, dsn, tables, run_psql(dsn, given, work))

    def written() -> Sample:
        with _empty_database(pipeline, tables, True) as dsn:
            return _checked(pipeline, dsn, tables, _spark_jdbc(pipeline, levels, work))

    works = (lambda: copied(lines, True), lambda: copied([*lines, *keys], False), written)
    for name, work_of in zip(PEERS, works):
        results.peer(f"{LOAD}/{name}", work_of)


def levels_of(tables: Sequence[Table]) -> list[list[Table]]:
    """The tables in the order in which foreign keys let them be filled; those of a level beside each other."""
    by_name = {table.name: table for table in tables}
    sorter = TopologicalSorter(
        {
            table.name: {column.foreign_key.table for column in table.columns if column.foreign_key} & by_name.keys()
            for table in tables
        }
    )
    sorter.prepare()
    levels = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        levels.append([by_name[name] for name in ready])
        sorter.done(*ready)
    return levels


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.lake_columns)


def _copy_in(table: Table, work: Path) -> str:
    return f"\\copy {ddl.qualified(table)} ({_columns(table)}) FROM '{work}/{table.name}.csv' (FORMAT csv)"


def _copy_out(table: Table, work: Path) -> str:
    rows = f"SELECT {_columns(table)} FROM {ddl.qualified(table)}"
    return f"\\copy ({rows}) TO '{work}/{table.name}.csv' (FORMAT csv)"


def _export(dsn: str, tables: Sequence[Table], work: Path) -> None:
    """Write the warehouse's rows to `<table>.csv`, and for Spark to parquet in `<table>/`; outside of every time."""
    run_psql(dsn, [_copy_out(table, work) for table in tables], work)
    with duckdb.connect() as connection:
        for table in tables:
            kinds = ", ".join(f"'{column.name}': '{_duckdb_type(column.type)}'" for column in table.lake_columns)
            place = work / table.name
            place.mkdir()
            text = f"'{work}/{table.name}.csv', header = false, delim = ',', quote = '\"'"
            read = f"read_csv({text}, columns = {{{kinds}}})"
            connection.execute(f"COPY (SELECT * FROM {read}) TO '{place}/0.parquet' (FORMAT parquet)")


def _duckdb_type(kind: str) -> str:
    """Spark has no time of day, so that stays text; PostgreSQL reads it."""
    if is_text(kind) or is_time(kind):
        return "VARCHAR"
    number = decimal_of(kind)
    return f"DECIMAL({number[0]}, {number[1]})" if number else kind


@contextlib.contextmanager
def _empty_database(pipeline: Pipeline, tables: Sequence[Table], with_keys: bool) -> Iterator[str]:
    """A database with the star tables as the warehouse has them; `with_keys`: the foreign keys of facts, too."""
    _run(pipeline.stack.dsn(ADMIN, "postgres"), [f"CREATE DATABASE {_DATABASE}"])
    try:
        dsn = pipeline.stack.dsn(ADMIN, _DATABASE)
        made = [ddl.create_table(table) for table in tables]
        keys = [ddl.add_foreign_keys(table, _there(table)) for table in tables] if with_keys else []
        _run(dsn, [f"CREATE SCHEMA {ddl.STAR}", *made, *filter(None, keys), "CHECKPOINT"])
        yield dsn
    finally:
        _run(pipeline.stack.dsn(ADMIN, "postgres"), [f"DROP DATABASE {_DATABASE} WITH (FORCE)"])


def _there(table: Table) -> list[str]:
    """The columns whose foreign keys a table has from its beginning: a dimension's all, a fact's none."""
    return [] if table.kind == FACT else [column.name for column in table.columns if column.foreign_key]


def _run(dsn: str, statements: Sequence[str]) -> None:
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def _checked(pipeline: Pipeline, dsn: str, tables: Sequence[Table], sample: Sample) -> Sample:
    for table in tables:
        wanted = in_postgres(pipeline.warehouse_dsn, table, table.lake_columns)
        wrong = difference(table.name, table.lake_columns, wanted, in_postgres(dsn, table, table.lake_columns))
        if wrong:
            raise PeerError(f"its tables are not ours: {wrong}")
    return sample


def _spark_jdbc(pipeline: Pipeline, levels: Sequence[Sequence[Table]], work: Path) -> Sample:
    """Spark with the settings of the stack's jobs, and the JDBC driver that a release brings them."""
    properties = {
        "user": ADMIN,
        "password": pipeline.stack.passwords[ADMIN],
        "reWriteBatchedInserts": "true",
        # a time comes as text
        "stringtype": "unspecified",
    }
    document = {
        "levels": [[table.name for table in level] for level in levels],
        "files": {table.name: str(work / table.name) for level in levels for table in level},
        "url": f"jdbc:postgresql://{HOST}:{pipeline.stack.postgres_port}/{_DATABASE}",
        "properties": properties,
        "folder": str(work),
    }
    settings = spark.settings(None)
    (driver,) = ensure_jars((DRIVER,))
    settings["spark.driver.extraClassPath"] += f":{driver}"
    words = " ".join(f"--conf {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    more = {**spark.environment(), "PYSPARK_SUBMIT_ARGS": f"{words} pyspark-shell"}
    return session_timed("tests.benchmarks.bench.peers.spark_jdbc", document, work, more)
