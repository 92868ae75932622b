"""A single job run, started and followed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from totelake.errors import ConfigurationError, LakeError, RetriableError
from totelake.operate import job_runs


class NotFound(Exception):
    """Glue's EntityNotFoundException."""


class Busy(Exception):
    """Glue's ConcurrentRunsExceededException."""


def glue(*states: str, refuses: type[Exception] | None = None) -> Any:
    """A client whose one run goes through these states."""
    left = iter(states)

    def start(**_: Any) -> dict[str, str]:
        if refuses:
            raise refuses
        return {"JobRunId": "jr_1"}

    def get(**_: Any) -> dict[str, Any]:
        state = next(left)
        message = {"ErrorMessage": "LakeError: no"} if state == "FAILED" else {}
        return {"JobRun": {"JobRunState": state, "ExecutionTime": 7, **message}}

    exceptions = SimpleNamespace(EntityNotFoundException=NotFound, ConcurrentRunsExceededException=Busy)
    return SimpleNamespace(start_job_run=start, get_job_run=get, exceptions=exceptions)


def test_a_run_is_followed_to_its_end() -> None:
    waits: list[float] = []
    client = glue("STARTING", "RUNNING", "SUCCEEDED")
    found = job_runs.wait(client, "job", job_runs.start(client, "job", {}), sleep=waits.append)
    assert (found.document(), len(waits)) == (
        {"job": "job", "id": "jr_1", "state": "SUCCEEDED", "seconds": 7, "message": ""}, 2,
    )  # fmt: skip


def test_a_failed_run_is_reported_in_the_jobs_own_words() -> None:
    with pytest.raises(LakeError, match="job FAILED: LakeError: no; see `totelake logs jr_1`"):
        job_runs.wait(glue("FAILED"), "job", "jr_1")


def test_a_run_that_does_not_end_is_left() -> None:
    with pytest.raises(RetriableError, match="has not ended in 0 s"):
        job_runs.wait(glue("RUNNING", "RUNNING"), "job", "jr_1", within=0.0, sleep=lambda _: None)


@pytest.mark.parametrize(
    ("refusal", "error", "says"),
    [
        (NotFound, ConfigurationError, "there is no job job; run `totelake deploy`"),
        (Busy, RetriableError, "running already"),
    ],
)
def test_a_job_that_cannot_start_is_reported(refusal: type[Exception], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        job_runs.start(glue(refuses=refusal), "job", {})
