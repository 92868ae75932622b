"""The deployed pipeline on a stack of its own, with a generated totesys, and the times of its runs."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2

from tests.benchmarks.bench.goals import Sample
from tests.benchmarks.bench.measure import Memory
from totelake.contracts import load_contracts
from totelake.deploy.deploy import deploy as deploying
from totelake.deploy.target import Target
from totelake.errors import ConfigurationError
from totelake.lake.commits import CommitLog
from totelake.operate.runs import ingest_job, refresh_workflow, start, wait
from totelake.runtime.run_reports import RunReport
from totelake.seed import SOURCE, seed_generated
from totelake.stack import lifecycle
from totelake.stack.model import ADMIN, LOCALGLUE, WAREHOUSE, Stack
from totelake.stack.servers import standbys

CHANGES, MANY_CHANGES = 20, 1000
# as `totelake up` keeps
_STANDBYS = 1
_FUSED = "fused"
_UNTIL = datetime(2024, 11, 15, 18, 0)
_FINAL = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR")
_WITHIN, _WARM_WITHIN = 3600.0, 180.0
_PART = re.compile(r"(?:^|, )(.+?) SUCCEEDED in ([\d.]+) s")
# the deployed job, but with its session opened before the first of its parts, whose times are then without it
_SESSION_UP = '''"""build_and_load, its Spark session opened first."""

from totelake.runtime import run_job
from totelake.runtime.job_arguments import BuildAndLoadArguments
from totelake.runtime.spark import open_spark
from totelake.warehouse.fused import build_and_load

if __name__ == "__main__":
    open_spark("bench")
    run_job(build_and_load, BuildAndLoadArguments)
'''


class WrongError(Exception):
    """totelake's own result is not right, so its times mean nothing."""


@dataclass(frozen=True)
class FirstLoad:
    """The first run of the workflow: the whole, its first job, and the two parts of its Spark job, session up."""

    whole: Sample
    ingest: Sample
    build: Sample
    load: Sample


class Pipeline:
    """A stack with totesys and the deployed jobs."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.target = stack, Target.of_stack(stack)
        self.source_dsn, self.warehouse_dsn = stack.source_dsn(SOURCE), stack.warehouse_dsn
        self._glue = self.target.clients.glue
        self._workflow = refresh_workflow(self.target.prefix, SOURCE)

    def ingest(self) -> Sample:
        """The first job alone."""
        name = ingest_job(self.target.prefix, SOURCE)
        with self._memory() as memory:
            run_id = self._glue.start_job_run(JobName=name)["JobRunId"]
            run = self._ended(name, run_id)
        return Sample(_between(run["StartedOn"], run["CompletedOn"]), memory.peak())

    def first_load(self) -> FirstLoad:
        """Run the workflow for the first time."""
        with self._session_opened_first(), self._memory() as memory:
            report, run = self._run()
        ingest, last = report.steps[0], report.steps[-1]
        build, load = parts_of(last.parts)
        peak = memory.peak()
        jobs = {
            step.name: self._glue.get_job_run(JobName=step.name, RunId=step.run_id)["JobRun"] for step in (ingest, last)
        }
        first, spark = jobs[ingest.name], jobs[last.name]
        of_ingest = memory.peak(first["StartedOn"].timestamp(), first["CompletedOn"].timestamp())
        of_spark = memory.peak(spark["StartedOn"].timestamp(), spark["CompletedOn"].timestamp())
        return FirstLoad(
            Sample(_between(run["StartedOn"], run["CompletedOn"]), peak),
            Sample(_between(first["StartedOn"], first["CompletedOn"]), of_ingest),
            Sample(build, of_spark),
            Sample(load, of_spark),
        )

    def quiet(self) -> Sample:
        """Run the workflow while nothing has changed."""
        with self._memory() as memory:
            _, run = self._run()
        return Sample(_between(run["StartedOn"], run["CompletedOn"]), memory.peak())

    def refresh(self, changes: int = CHANGES) -> Sample:
        """Change rows of totesys, and start the workflow at once; seconds from the commit to the rows in the warehouse.

        On a schedule the wait for the next look comes on top. Spark is warm before, as it is some 20 s after each run.
        """
        self._wait_for_standby()
        wanted = self._edit(changes)
        with self._memory() as memory:
            begun = time.perf_counter()
            run_id = start(self._glue, self._workflow)
            seconds = self._arrival(wanted, changes, begun)
            wait(self._glue, self._workflow, run_id)
        return Sample(seconds, memory.peak())

    def settle(self) -> None:
        """Let the server write what it has to, so that it does not do so while somebody is timed."""
        for database in (SOURCE, WAREHOUSE):
            with contextlib.closing(psycopg2.connect(self.stack.dsn(ADMIN, database))) as connection:
                connection.autocommit = True
                with connection.cursor() as cursor:
                    cursor.execute("VACUUM (ANALYZE)")
                    cursor.execute("CHECKPOINT")

    def fetch_events(self, folder: Path) -> dict[str, str]:
        """Copy what the first batch holds of each source table into `folder/<table>/`; what DuckDB reads it by."""
        manifest = CommitLog(self.target.ingestion, SOURCE).newest()
        if manifest is None:
            raise WrongError("ingest committed nothing of a new totesys")
        found = {}
        for table in load_contracts().source_tables(SOURCE):
            place = folder / table.name
            place.mkdir(parents=True)
            for number, item in enumerate(manifest.objects_of(table.name)):
                body = self.target.clients.s3.get_object(Bucket=self.target.ingestion_bucket, Key=item.staged)["Body"]
                (place / f"{number}.parquet").write_bytes(body.read())
            found[table.name] = f"read_parquet('{place}/*.parquet')"
        return found

    def _wait_for_standby(self) -> None:
        deadline = time.monotonic() + _WARM_WITHIN
        while time.monotonic() < deadline:
            found = standbys(self.stack.glue_endpoint)
            if found and len(found.waiting) == found.most and all(item.warm for item in found.waiting):
                return
            time.sleep(0.2)
        raise WrongError(f"no Spark process was warm within {_WARM_WITHIN:.0f} s")

    def _edit(self, changes: int) -> int:
        """Give the first orders one more unit in one transaction; the sum of their units after it."""
        change = f"""WITH changed AS (
    UPDATE sales_order SET units_sold = units_sold + 1 WHERE sales_order_id <= {changes} RETURNING units_sold
) SELECT count(*), sum(units_sold) FROM changed"""
        owner = contextlib.closing(psycopg2.connect(self.stack.source_admin_dsn(SOURCE)))
        with owner as connection, connection, connection.cursor() as cursor:
            cursor.execute(change)
            ((count, total),) = cursor.fetchall()
        if count != changes:
            raise WrongError(f"{count} orders were changed where {changes} were to be")
        return int(total)

    def _arrival(self, wanted: int, changes: int, begun: float) -> float:
        query = f"SELECT sum(units_sold) FROM star.current_sales_order WHERE sales_order_id <= {changes}"
        with contextlib.closing(psycopg2.connect(self.warehouse_dsn)) as connection:
            connection.autocommit = True
            while (seconds := time.perf_counter() - begun) < _WITHIN:
                with connection.cursor() as cursor:
                    cursor.execute(query)
                    if cursor.fetchall()[0][0] == wanted:
                        return time.perf_counter() - begun
                time.sleep(0.05)
        raise WrongError(f"{changes} changes were not in the warehouse after {seconds:.0f} s")

    def _run(self) -> tuple[RunReport, Any]:
        """One run of the workflow; how it went, and Glue's own record of it."""
        run_id = start(self._glue, self._workflow)
        report = wait(self._glue, self._workflow, run_id)
        return report, self._glue.get_workflow_run(Name=self._workflow, RunId=run_id)["Run"]

    def _ended(self, name: str, run_id: str) -> Any:
        deadline = time.monotonic() + _WITHIN
        while time.monotonic() < deadline:
            run = self._glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
            if run["JobRunState"] == "SUCCEEDED":
                return run
            if run["JobRunState"] in _FINAL:
                raise WrongError(f"{name} ended as {run['JobRunState']}: {run.get('ErrorMessage', 'no message')}")
            time.sleep(0.1)
        raise WrongError(f"{name} has not ended in {_WITHIN:.0f} s")

    def _memory(self) -> Memory:
        """The memory of the jobs: all that localglue starts, not itself."""
        return Memory(self.stack.parts[LOCALGLUE].pid, with_root=False)

    @contextlib.contextmanager
    def _session_opened_first(self) -> Iterator[None]:
        if load_contracts().pipeline["publish"] != _FUSED:
            raise ConfigurationError("the first load is timed in one Spark job; set publish: fused in pipeline.yaml")
        name = f"{self.target.prefix}-build-and-load-{SOURCE}"
        job = self._glue.get_job(JobName=name)["Job"]
        deployed = {key: value for key, value in job.items() if key not in ("Name", "CreatedOn", "LastModifiedOn")}
        self.target.clients.s3.put_object(
            Bucket=self.target.artifacts_bucket, Key="bench/build_and_load.py", Body=_SESSION_UP.encode()
        )
        script = f"s3://{self.target.artifacts_bucket}/bench/build_and_load.py"
        other = {**deployed, "Command": {**deployed["Command"], "ScriptLocation": script}}
        self._glue.update_job(JobName=name, JobUpdate=other)
        try:
            yield
        finally:
            self._glue.update_job(JobName=name, JobUpdate=deployed)


def parts_of(told: str) -> tuple[float, float]:
    """The seconds of build and load, as the job told them in the workflow run. Raises WrongError when it did not."""
    found = _PART.findall(told)
    if len(found) != 2:
        raise WrongError(f"the Spark job told {told!r} where it was to tell how long its two parts took")
    return float(found[0][1]), float(found[1][1])


def _between(start_: datetime, end: datetime) -> float:
    return (end - start_).total_seconds()


@contextlib.contextmanager
def deployed_stack(home: Path, orders: int, seed: int) -> Iterator[Pipeline]:
    """A stack in that folder with a totesys of that many sales orders and the deployed jobs; it ends with the block."""
    stack = lifecycle.start(home, standbys=_STANDBYS)
    try:
        seed_generated(stack.source_admin_dsn(SOURCE), orders=orders, seed=seed, until=_UNTIL)
        pipeline = Pipeline(stack)
        deploying(pipeline.target)
        pipeline.settle()
        yield pipeline
    finally:
        lifecycle.stop(home)
