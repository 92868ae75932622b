"""What a look decides by: which runs did not succeed, and which commits the next step has not taken."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.lake.test_commits import FakeS3
from totelake.contracts import catalog
from totelake.lake import loaded, verdicts
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import DATA, Manifest
from totelake.operate.watch import failed_actions, pending_commits

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
LOST = "localglue was ended during this run; resume it, or start the workflow again"
ARGUMENTS: Any = SimpleNamespace(ingestion_bucket="ingestion", processed_bucket="processed")


def node(name: str, *states: str) -> dict[str, Any]:
    """A job's node, its attempts newest first."""
    attempts = [
        {"Id": f"jr_{at}", "JobRunState": state, "StartedOn": NOON + timedelta(minutes=at), "ErrorMessage": "it broke"}
        for at, state in enumerate(states)
    ]
    return {"Type": "JOB", "Name": name, "JobDetails": {"JobRuns": attempts[::-1]}}


def run(status: str, *nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A workflow run as Glue tells it."""
    return {"WorkflowRunId": "wr_1", "Name": "refresh", "Status": status, "Graph": {"Nodes": list(nodes)}, **more}


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (run("COMPLETED", node("a", "SUCCEEDED"), node("b", "SUCCEEDED")), []),
        (run("COMPLETED", node("a", "FAILED", "SUCCEEDED")), []),
        (run("RUNNING", node("a", "FAILED"), node("b")), []),
        (run("COMPLETED", node("a", "FAILED"), node("b")), ["a FAILED: it broke"]),
        (run("COMPLETED", node("a", "SUCCEEDED", "TIMEOUT")), ["a TIMEOUT: it broke"]),
        (run("COMPLETED", node("a", "SUCCEEDED"), node("b")), ["COMPLETED, b did not run"]),
        (run("COMPLETED", node("a", "SUCCEEDED"), node("b"), ErrorMessage=LOST), ["COMPLETED, b did not run", LOST]),
        (run("COMPLETED", node("a", "SUCCEEDED"), ErrorMessage=LOST), ["COMPLETED", LOST]),
        (run("STOPPED", node("a", "SUCCEEDED")), ["STOPPED"]),
        (run("ERROR"), ["ERROR"]),
    ],
)
def test_what_did_not_succeed_in_a_run(told: dict[str, Any], says: list[str]) -> None:
    assert failed_actions(told) == says


class Lake:
    """Both buckets as the logs see them."""

    def __init__(self) -> None:
        self.s3 = FakeS3()
        self.runtime: Any = SimpleNamespace(clients=SimpleNamespace(s3=self.s3))

    def commit(self, log: str, number: int, batch: int) -> None:
        """A commit that takes the source to a batch."""
        manifest = Manifest(log, number, f"run-{number}", DATA, NOON.isoformat(), state={"through": {"totesys": batch}})
        assert CommitLog(self.s3, "any", log).commit(manifest)

    def build(self, number: int, batch: int) -> None:
        """A commit of every star table."""
        for table in catalog().warehouse_tables():
            self.commit(table.name, number, batch)

    def load(self, number: int) -> None:
        """What a load of every table's commits up to a number notes."""
        commits = {table.name: number for table in catalog().warehouse_tables()}
        loaded.remember(CommitLog(self.s3, "processed", loaded.LOG), commits, "jr", NOON)

    def pending(self, newest: int) -> list[str]:
        """What a look finds when the newest batch is this."""
        return pending_commits(self.runtime, ARGUMENTS, newest)


@pytest.fixture
def lake() -> Lake:
    """One batch, judged, built and loaded."""
    found = Lake()
    found.commit(verdicts.LOG, 1, 1)
    found.build(1, 1)
    found.load(1)
    return found


def test_an_empty_lake_has_nothing_pending() -> None:
    assert Lake().pending(0) == []


def test_a_loaded_batch_is_not_pending(lake: Lake) -> None:
    assert lake.pending(1) == []


def test_a_batch_without_verdict_is_pending(lake: Lake) -> None:
    assert lake.pending(3) == ["batches 2 to 3 await their verdict"]


def test_a_verdict_that_is_not_built_is_pending(lake: Lake) -> None:
    lake.commit(verdicts.LOG, 2, 2)
    names = [table.name for table in catalog().warehouse_tables()]
    assert lake.pending(2) == [f"{name} is built to batch 1 of 2" for name in names]


def test_star_commits_that_no_load_has_taken_are_pending_until_one_has(lake: Lake) -> None:
    lake.commit(verdicts.LOG, 2, 2)
    lake.build(2, 2)
    names = [table.name for table in catalog().warehouse_tables()]
    assert lake.pending(2) == [f"{name} is loaded to commit 1 of 2" for name in names]
    lake.load(2)
    assert lake.pending(2) == []


def test_rows_that_left_the_quarantine_are_pending_until_a_load_has_taken_them(lake: Lake) -> None:
    lake.commit("fact_payment", 2, 1)
    assert lake.pending(1) == ["fact_payment is loaded to commit 1 of 2"]
