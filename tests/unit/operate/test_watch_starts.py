"""A look of `watch` starts a refresh when there is work and none runs, and always reports what failed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.jobs import ZONES, MemoryJob, node, run
from totelake.errors import SourceError
from totelake.operate import watch as watching
from totelake.operate.watch import watch
from totelake.runtime.job_arguments import WatchArguments

LOST = "localglue was ended during this run; resume it, or start the workflow again"
ARGUMENTS = WatchArguments(source=SOURCE, source_secret="secret", prefix="shop", **ZONES)
WORKFLOW = f"shop-refresh-{SOURCE}"


class Busy(Exception):  # noqa: N818
    """Glue's ConcurrentRunsExceededException."""


class RecordedGlue:
    """A client with one newest run, which starts another one."""

    exceptions = SimpleNamespace(ConcurrentRunsExceededException=Busy)

    def __init__(self, newest: dict[str, Any] | None, is_busy: bool = False) -> None:
        self.newest, self.is_busy = newest, is_busy
        self.started: list[str] = []

    def get_workflow_runs(self, Name: str, MaxResults: int) -> dict[str, Any]:  # noqa: N803
        assert (Name, MaxResults) == (WORKFLOW, 1)
        return {"Runs": [self.newest] if self.newest else []}

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
    """A run of watch whose look finds these reasons, or fails; failed runs are scanned for whatever comes of it."""

    def looked(glue: RecordedGlue, *reasons: str, error: Exception | None = None) -> Any:
        scanned: list[Any] = []

        def look(_: Any) -> list[str]:
            if error:
                raise error
            return list(reasons)

        monkeypatch.setattr(watching, "_reasons", look)
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


def test_failures_are_reported_when_the_source_cannot_be_reached(
    looked: Callable[..., tuple[str | None, MemoryJob[WatchArguments]]],
) -> None:
    with pytest.raises(SourceError, match="it is down"):
        looked(RecordedGlue(GOOD), error=SourceError("it is down"))
