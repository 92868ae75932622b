"""Every table of totesys out of the database: the job `ingest` beside psql and other libraries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from tests.benchmarks.bench.content import Summary, difference, in_files, in_postgres
from tests.benchmarks.bench.contests.psql import run_psql
from tests.benchmarks.bench.goals import INGEST, Sample
from tests.benchmarks.bench.measure import PeerError, timed
from tests.benchmarks.bench.pipeline import Pipeline, WrongError
from tests.benchmarks.bench.results import Results
from totelake.contracts import load_contracts
from totelake.seed import SOURCE

LIBRARIES = ("dlt", "awswrangler", "pg8000", "polars")
ROOT = Path(__file__).resolve().parents[4]
PEERS = ROOT / ".venv-bench" / "bin" / "python"
_BUCKET = "bench-peers"


def contest(pipeline: Pipeline, work: Path, results: Results) -> None:
    """Time each peer on the tables that `ingest` has just copied, after its own copy was compared with totesys."""
    tables = load_contracts().source_tables(SOURCE)
    wanted = {table.name: in_postgres(pipeline.source_dsn, table, table.columns) for table in tables}
    wrong = _wrong(wanted, pipeline.fetch_events(work / "events"))
    if wrong:
        raise WrongError(f"the copy that ingest made is wrong: {wrong}")
    results.peer(f"{INGEST}/\\copy", lambda: _copy(pipeline, work / "copy", wanted))
    for name in LIBRARIES:
        results.peer(f"{INGEST}/{name}", lambda name=name: _library(pipeline, name, work / name, wanted))


def _wrong(wanted: dict[str, Summary], files: dict[str, str]) -> str | None:
    """What of the files is not as totesys has it."""
    for table in load_contracts().source_tables(SOURCE):
        try:
            found = in_files(files[table.name], table.columns)
        except duckdb.Error as error:
            return f"{table.name} cannot be read: {str(error).splitlines()[0]}"
        wrong = difference(table.name, table.columns, wanted[table.name], found)
        if wrong:
            return wrong
    return None


def _checked(sample: Sample, wanted: dict[str, Summary], files: dict[str, str]) -> Sample:
    wrong = _wrong(wanted, files)
    if wrong:
        raise PeerError(f"its copy is not ours: {wrong}")
    return sample


def _copy(pipeline: Pipeline, work: Path, wanted: dict[str, Summary]) -> Sample:
    work.mkdir()
    lines = [f"\\copy public.\"{table}\" TO '{work}/{table}.csv' (FORMAT csv, HEADER)" for table in wanted]
    sample = run_psql(pipeline.source_dsn, lines, work)
    files = {table: f"read_csv('{work}/{table}.csv', header = true, all_varchar = true)" for table in wanted}
    return _checked(sample, wanted, files)


def _library(pipeline: Pipeline, name: str, work: Path, wanted: dict[str, Summary]) -> Sample:
    if not PEERS.is_file():
        raise PeerError(".venv-bench is not there; `make bench` makes it")
    work.mkdir()
    given = work / "work.json"
    keys = {table.name: table.key[0].name for table in load_contracts().source_tables(SOURCE)}
    document = {"dsn": pipeline.source_dsn, "tables": keys, "folder": str(work), "bucket": _BUCKET}
    given.write_text(json.dumps(document), encoding="utf-8")
    s3 = pipeline.target.clients.s3
    if name == "awswrangler":
        _new_bucket(s3)
    command = [str(PEERS), "-m", "tests.benchmarks.bench.peers.ingest", name, str(given)]
    more = {**pipeline.stack.environment(), "PYTHONPATH": str(ROOT)}
    sample = timed(command, work / "log", more)
    if name == "awswrangler":
        for table in keys:
            (work / table).mkdir()
            s3.download_file(_BUCKET, f"{table}/0.parquet", str(work / table / "0.parquet"))
    place = work / "copy" if name == "dlt" else work
    return _checked(sample, wanted, {table: f"read_parquet('{place}/{table}/*.parquet')" for table in keys})


def _new_bucket(s3: Any) -> None:
    s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
