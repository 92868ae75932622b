"""A look of `watch` starts a refresh when there is work and none runs, and always reports what failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.jobs import NOON, ZONES, MemoryJob, node, run
from totelake.errors import SourceError
from totelake.operate import watch as watching
from totelake.operate.watch import Work, watch
from totelake.runtime.job_arguments import WatchArguments

LOST = "localglue was ended during this run; resume it, or start the workflow again"
ARGUMENTS = WatchArguments(source=SOURCE, source_secret="secret", prefix="shop", **ZONES)
WORKFLOW = f"shop-refresh-{SOURCE}"


class Busy(Exception):  # noqa: N818
    """Glue's ConcurrentRunsExceededException."""


class RecordedGlue:
    """A client with one newest run, which starts another one."""

    exceptions = SimpleNamespace(ConcurrentRunsExceededException=Busy, EntityNotFoundException=KeyError)

    def __init__(self, newest: dict[str, Any] | None, is_busy: bool = False, before: Sequence[Any] = ()) -> None:
        self.newest, self.is_busy, self.before = newest, is_busy, before
        self.started: list[str] = []

    def get_workflow_runs(self, Name: str, MaxResults: int, IncludeGraph: bool = False) -> dict[str, Any]:  # noqa: N803
        assert Name == WORKFLOW
        return {"Runs": [*([self.newest] if self.newest else []), *self.before][:MaxResults]}

    def get_workflow_run(self, Name: str, RunId: str, IncludeGraph: bool) -> dict[str, Any]:  # noqa: N803
        assert (Name, RunId, IncludeGraph) == (WORKFLOW, "wr_1", True)
        return {"Run": self.newest}

    def start_workflow_run(self, Name: str) -> dict[str, str]:  # noqa: N803
        if self.is_busy:
            raise Busy
        self.started.append(Name)
        return {"RunId": "wr_2"}


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str | None, MemoryJob[WatchArguments]]]:
    """A run of watch whose look finds these changes and what is pending, or fails; failed runs are scanned for whatever
    comes of it."""

    def looked(glue: RecordedGlue, *changes: str, pending: Sequence[str] = (), error: Exception | None = None) -> Any:
        scanned: list[Any] = []

        def look(_: Any) -> Work:
            if error:
                raise error
            return Work(pending, changes)

        monkeypatch.setattr(watching, "_work", look)
        monkeypatch.setattr(watching, "scan_failures", scanned.append)
        job = MemoryJob(ARGUMENTS, glue)
        try:
            return watch(job), job
        finally:
            assert scanned == [job]

    return looked


GOOD, BAD = run("COMPLETED", node("a", "SUCCEEDED")), run("COMPLETED", node("a", "FAILED"))


@pytest.mark.parametrize(
    ("newest", "reasons", "is_busy", "is_started", "failed"),
    [
        (None, (), False, False, 0),
        (None, ("staff: 2 row versions",), False, True, 0),
        (GOOD, (), False, False, 0),
        (GOOD, ("staff: 2 row versions",), True, False, 0),
        (BAD, (), False, True, 1),
        (run("RUNNING"), ("staff: 2 row versions",), False, False, 0),
        (run("STOPPING"), ("staff: 2 row versions",), False, False, 0),
    ],
    ids=["nothing yet", "the first work", "no work", "another was faster", "failed before", "running", "stopping"],
)
def test_the_refresh_of_the_source_is_started_when_there_is_work_and_none_runs(
    looked: Callable[..., tuple[str | None, MemoryJob[WatchArguments]]],
    newest: dict[str, Any] | None,
    reasons: tuple[str, ...],
    is_busy: bool,
    is_started: bool,
    failed: int,
) -> None:
    glue = RecordedGlue(newest, is_busy)
    found, job = looked(glue, *reasons)
    assert (found, glue.started) == (("wr_2", [WORKFLOW]) if is_started else (None, []))
    assert job.metrics == [("WorkflowFailed", failed, {"Workflow": WORKFLOW})]


@pytest.mark.parametrize(
    ("changes", "pending", "is_started"),
    [
        ((), (), False),
        ((), ("fact_payment is built to batch 3 of 4",), False),
        (("staff: 2 row versions",), (), True),
        (("staff: 2 row versions",), ("fact_payment is built to batch 3 of 4",), True),
    ],
)
def test_a_run_that_somebody_stopped_did_not_fail_and_is_not_started_again_for_what_it_left(
    looked: Callable[..., tuple[str | None, MemoryJob[WatchArguments]]],
    changes: Sequence[str],
    pending: Sequence[str],
    is_started: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    glue = RecordedGlue(run("STOPPED", node("a", "SUCCEEDED"), node("b", "STOPPED")))
    found, job = looked(glue, *changes, pending=pending)
    assert (found is not None) == is_started
    assert job.metrics == [("WorkflowFailed", 0, {"Workflow": WORKFLOW})]
    told = [record.getMessage() for record in caplog.records if "somebody stopped" in record.getMessage()]
    assert len(told) == (1 if pending and not changes else 0)
    assert ("no work" in caplog.text) == (not pending and not changes)


@pytest.mark.parametrize(
    ("failed", "changes", "is_started"),
    [
        ("load-warehouse", ("staff: 2 row versions",), True),
        ("check-schemas", ("staff: 2 row versions",), True),
        ("load-warehouse", (), False),
        ("ingest", ("staff: 2 row versions",), False),
    ],
)
def test_no_pause_keeps_new_changes_from_the_lake_when_a_step_after_the_capture_fails(
    looked: Callable[..., tuple[str | None, MemoryJob[WatchArguments]]],
    failed: str,
    changes: Sequence[str],
    is_started: bool,
) -> None:
    steps = [node(f"shop-{name}-{SOURCE}", "SUCCEEDED") for name in ("ingest", "load-warehouse") if name != failed]
    newest = refused(5, f"shop-{failed}-{SOURCE}")
    newest["Graph"]["Nodes"] += steps
    glue = RecordedGlue(newest)
    found, _ = looked(glue, *changes, pending=["fact_payment is loaded to commit 3 of 4"])
    assert (found is not None, bool(glue.started)) == (is_started, is_started)


def refused(minutes_ago: int, name: str = "load") -> dict[str, Any]:
    """A run that ended so long ago because the warehouse refused the password."""
    ended = NOON - timedelta(minutes=minutes_ago)
    step = node(name, "FAILED")
    step["JobDetails"]["JobRuns"][0]["ErrorMessage"] = "WarehouseError: it refuses the role totelake_loader"
    return run("COMPLETED", step, StartedOn=ended - timedelta(minutes=3), CompletedOn=ended)


# the last one ended while the clock was a year ahead
@pytest.mark.parametrize(
    ("ended", "is_started"),
    [((20,), False), ((31,), True), ((31, 70), False), ((61, 100), True), ((-60 * 24 * 365,), True)],
)
def test_a_run_that_somebody_has_to_mend_is_started_again_ever_more_rarely(
    looked: Callable[..., tuple[str | None, MemoryJob[WatchArguments]]],
    ended: tuple[int, ...],
    is_started: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    newest, *before = map(refused, ended)
    glue = RecordedGlue(newest, before=before)
    found, job = looked(glue, "staff: 2 row versions")
    assert (found is not None, bool(glue.started)) == (is_started, is_started)
    assert ("WorkflowFailed", 1, {"Workflow": WORKFLOW}) in job.metrics
    told = [record.getMessage() for record in caplog.records if "is started again after" in record.getMessage()]
    assert len(told) == (0 if is_started else 1)
    for sentence in told:
        assert f"failed {len(ended)} times for this reason and somebody has to correct it" in sentence
        assert "`totelake run` starts it at once" in sentence


def test_failures_are_reported_when_the_source_cannot_be_reached(
    looked: Callable[..., tuple[str | None, MemoryJob[WatchArguments]]],
) -> None:
    with pytest.raises(SourceError, match="it is down"):
        looked(RecordedGlue(GOOD), error=SourceError("it is down"))
