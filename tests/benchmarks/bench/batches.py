"""Many small batches, one after the other: commits of a source's log and verdicts, without a process for each."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import psycopg2

from tests.benchmarks.bench.goals import BATCHES, OWN
from tests.benchmarks.bench.pipeline import Pipeline
from tests.benchmarks.bench.results import Results
from totelake.capture.ingest import ingest
from totelake.lake.commits import CommitLog
from totelake.registry.check import check_schemas
from totelake.runtime import open_job
from totelake.runtime.job_arguments import CheckArguments, IngestArguments, parse_arguments
from totelake.seed import SOURCE

FEW = 10
# a refresh differs from the next by more than the batches before it make
_TIMES = 3
_UPDATE = "UPDATE design SET file_name = %s WHERE design_id = (SELECT min(design_id) FROM design)"


def grow(pipeline: Pipeline, many: int, results: Results) -> None:
    """Time a refresh after 10 batches and after `many`, by the middle one of three.

    Builders and load take all batches that are pending as one, so their own logs grow by a commit for each refresh.
    """
    for count, name in ((FEW, f"{BATCHES}/after {FEW}"), (many, f"{BATCHES}/{OWN}")):
        _simulate(pipeline, count)
        # what is pending goes before, as a refresh that is timed has one batch
        pipeline.quiet()
        taken = sorted((pipeline.refresh() for _ in range(_TIMES)), key=lambda sample: sample.seconds)
        results.add(name, taken[_TIMES // 2])


def _simulate(pipeline: Pipeline, count: int) -> None:
    """Let the source's log have `count` batches, each of one row; the jobs run in this process, as deployed."""
    log = CommitLog(pipeline.target.ingestion, SOURCE)
    with contextlib.closing(psycopg2.connect(pipeline.stack.source_admin_dsn(SOURCE))) as connection:
        connection.autocommit = True
        while (number := log.newest_number() or 0) < count:
            with connection.cursor() as cursor:
                cursor.execute(_UPDATE, (f"batch-{number}.json",))
            _job(pipeline, "ingest", IngestArguments, ingest)
            _job(pipeline, "check-schemas", CheckArguments, check_schemas)


def _job(pipeline: Pipeline, name: str, kind: Any, work: Any) -> None:
    job = pipeline.target.clients.glue.get_job(JobName=f"{pipeline.target.prefix}-{name}-{SOURCE}")["Job"]
    words = [word for item in job["DefaultArguments"].items() for word in item]
    arguments = parse_arguments([name, *words], kind)
    with contextlib.redirect_stdout(io.StringIO()), open_job(arguments, pipeline.target.clients) as opened:
        work(opened)
