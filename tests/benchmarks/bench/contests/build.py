"""The star tables out of the first batch: the builders' Spark beside DuckDB, by the SQL of the tests' oracle."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.bench.content import difference, in_files, in_postgres, oracle_query
from tests.benchmarks.bench.contests.ingest import ROOT
from tests.benchmarks.bench.goals import BUILD, Sample
from tests.benchmarks.bench.measure import PeerError, timed
from tests.benchmarks.bench.pipeline import Pipeline
from tests.benchmarks.bench.results import Results
from totelake.contracts import load_contracts
from totelake.contracts.model import FACT, Table
from totelake.seed import SOURCE

# what DuckDB says otherwise than PostgreSQL: a series is one list, and days and months have names of their own
_DUCKDB = {
    "SELECT generate_series(": "SELECT unnest(generate_series(",
    "interval '1 day')\n": "interval '1 day'))\n",
    "to_char(day, 'FMDay')": "dayname(day)",
    "to_char(day, 'FMMonth')": "monthname(day)",
}


def contest(pipeline: Pipeline, work: Path, results: Results) -> None:
    """Time DuckDB on the events from which the builders made what is in the warehouse."""
    work.mkdir()
    results.peer(f"{BUILD}/DuckDB", lambda: _duckdb(pipeline, work))


def star_query(table: Table) -> str:
    """The query of the table's rows over the source tables, as DuckDB takes it."""
    query = oracle_query(table)
    for before, after in _DUCKDB.items():
        query = query.replace(before, after)
    return query


def _duckdb(pipeline: Pipeline, work: Path) -> Sample:
    tables = load_contracts().star_tables(SOURCE)
    parted = {table.name: _created(table) for table in tables if table.kind == FACT}
    document = {
        "sources": pipeline.fetch_events(work / "events"),
        "stars": {table.name: star_query(table) for table in tables},
        "partitions": parted,
        "folder": str(work),
    }
    sample = session_timed("tests.benchmarks.bench.peers.duckdb_build", document, work, {})
    for table in tables:
        place = f"{work}/{table.name}/*/*.parquet" if table.name in parted else f"{work}/{table.name}.parquet"
        wanted = in_postgres(pipeline.warehouse_dsn, table, table.lake_columns)
        found = in_files(f"read_parquet('{place}')", table.lake_columns)
        wrong = difference(table.name, table.lake_columns, wanted, found)
        if wrong:
            raise PeerError(f"its tables are not ours: {wrong}")
    return sample


def _created(table: Table) -> str:
    return table.column("created_date").name


def session_timed(module: str, document: Mapping[str, object], work: Path, more: Mapping[str, str]) -> Sample:
    """Run a program of this environment that tells the seconds of its work itself, without those of its start.

    Raises PeerError when it fails.
    """
    given = work / "work.json"
    given.write_text(json.dumps(document), encoding="utf-8")
    path = f"{ROOT / 'lib'}:{ROOT}"
    whole = timed([sys.executable, "-m", module, str(given)], work / "log", {"PYTHONPATH": path, **more})
    return Sample(float((work / "seconds").read_text(encoding="utf-8")), whole.peak)
