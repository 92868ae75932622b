"""A stack of its own with the deployed pipeline, as a test plays with it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.conftest import SOURCE
from tests.e2e import lake
from totelake.cli.main import main
from totelake.contracts import load_contracts
from totelake.contracts.model import FACT, Table
from totelake.contracts.types import is_time
from totelake.stack import lifecycle
from totelake.stack.lifecycle import client
from totelake.stack.model import Stack

ORACLE = Path(__file__).parent / "oracle"
WORKFLOW = f"totelake-refresh-{SOURCE}"
_WITHIN = 600.0
_FINAL = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR")
Rows = Counter[tuple[Any, ...]]


class Pipeline:
    """The stack, its clients, the `totelake` command and both databases."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.s3, self.glue = client(stack, "s3"), client(stack, "glue")
        self.logs, self.secrets = client(stack, "logs"), client(stack, "secretsmanager")

    def command(self, *words: str) -> Any:
        """Run `totelake ... --json`; its document. Fails the test with the command's own words."""
        status, out, err = self.attempt(*words, "--json")
        assert status == 0, err
        return json.loads(out)

    def attempt(self, *words: str) -> tuple[int, str, str]:
        """Run `totelake ...`; exit status, stdout, stderr."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(words)
        return status, out.getvalue(), err.getvalue()

    def source(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Play the source's business: one statement as its owner; the rows it gives."""
        return query(self.stack.source_admin_dsn(SOURCE), statement, *values)

    def warehouse(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        return query(self.stack.warehouse_dsn, statement, *values)

    def job(self, name: str, **arguments: str) -> Any:
        """Run one job, retries included; its last attempt."""
        given = {f"--{key}": value for key, value in arguments.items()}
        run_id = self.glue.start_job_run(JobName=name, Arguments=given)["JobRunId"]
        most = self.glue.get_job(JobName=name)["Job"].get("MaxRetries", 0)
        for _ in waiting():
            runs = self.glue.get_job_runs(JobName=name, MaxResults=10)["JobRuns"]
            last = max((run for run in runs if run["Id"].startswith(run_id)), key=lambda run: run["Attempt"])
            state = last["JobRunState"]
            if state in _FINAL and (state == "SUCCEEDED" or last["Attempt"] == most):
                return last

    def workflow_runs(self) -> list[str]:
        """The ids of all runs of the workflow."""
        return [run["WorkflowRunId"] for run in self.glue.get_workflow_runs(Name=WORKFLOW)["Runs"]]

    def keys(self) -> set[str]:
        """Every object of both zones."""
        pages = self.s3.get_paginator("list_objects_v2")
        buckets = (self.stack.ingestion_bucket, self.stack.processed_bucket)
        return {
            f"{bucket}/{item['Key']}"
            for bucket in buckets
            for page in pages.paginate(Bucket=bucket)
            for item in page.get("Contents", ())
        }

    def expected(self, table: Table) -> Rows:
        """The table's rows as the hand-written SQL derives them from the source."""
        return Counter(self.source((ORACLE / f"{table.name}.sql").read_text(encoding="utf-8")))

    def loaded(self, table: Table, relation: str = "") -> Rows:
        """The table's rows in the warehouse, without the serial number."""
        columns = ", ".join(f'"{column.name}"' for column in table.lake_columns)
        return Counter(self.warehouse(f"SELECT {columns} FROM {relation or table.name}"))

    def in_lake(self, table: Table) -> Rows:
        """The table's rows in the lake, read through the catalogue's view, typed as the warehouse types them."""
        columns = ", ".join(
            f'CAST("{column.name}" AS time)' if is_time(column.type) else f'"{column.name}"'
            for column in table.lake_columns
        )
        return Counter(lake.select(self.glue, self.s3, table.name, columns, Path(self.stack.home) / "lake"))

    def loaded_now(self, table: Table) -> Rows:
        """The current rows: of a fact its latest versions, without what was deleted."""
        return self.loaded(table, f"current_{table.short_name}" if table.kind == FACT else "")


def query(dsn: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """One statement in a transaction of its own; the rows it gives."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def waiting() -> Iterator[None]:
    """Look again and again, for a limited time."""
    deadline = time.monotonic() + _WITHIN
    while time.monotonic() < deadline:
        yield
        time.sleep(0.2)
    raise AssertionError(f"it did not happen within {_WITHIN} s")


def difference(expected: Rows, actual: Rows) -> dict[str, Any]:
    """Rows that are missing and rows that are too many; empty when all are equal."""
    missing, extra = expected - actual, actual - expected
    if not missing and not extra:
        return {}
    return {
        "missing": (missing.total(), sorted(missing, key=repr)[:3]),
        "extra": (extra.total(), sorted(extra, key=repr)[:3]),
    }


def warehouse_tables() -> tuple[Table, ...]:
    """The eleven tables of totesys."""
    return load_contracts().star_tables(SOURCE)


@contextlib.contextmanager
def running(home: Path) -> Iterator[Pipeline]:
    """A stack in that folder, found by the command line, ended with the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOTELAKE_HOME", str(home))
        patch.setenv("COLUMNS", "200")
        stack = lifecycle.start(home)
        try:
            yield Pipeline(stack)
        finally:
            lifecycle.stop(home)
            keep = os.environ.get("TOTELAKE_KEEP_LOGS")
            if keep:
                shutil.copytree(home / "logs", Path(keep) / home.name, dirs_exist_ok=True)
