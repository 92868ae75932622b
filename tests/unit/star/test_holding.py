"""What a run could not build or load is recorded and told once, and so is its release, whenever the run dies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.jobs import ZONES, MemoryJob
from totelake.alerts.store import ROOT
from totelake.contracts import load_contracts
from totelake.errors import RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.records.holds import BUILD, LOAD, LOG, Holds
from totelake.lake.records.judged import AcceptedObject, JudgedBatch
from totelake.runtime.job_arguments import BuildArguments
from totelake.star import holding
from totelake.star.holding import Failure, record_holds

DESIGN, STAFF = load_contracts().star("dim_design"), load_contracts().star("dim_staff")
TABLES = load_contracts().dimensions(SOURCE)
BATCHES = [
    JudgedBatch(number, f"t{number}", number, {"design": AcceptedObject("key", rows, rows, 0, 0, "")})
    for number, rows in ((1, 4), (2, 1), (3, 2))
]


@pytest.fixture
def job() -> MemoryJob[BuildArguments]:
    """A builder over empty buckets."""
    return MemoryJob(BuildArguments(source=SOURCE, **ZONES))


def failure(reason: str = "it could not be parsed", batches: int = 2) -> Failure:
    return Failure(DESIGN, 1, reason, BATCHES[:batches])


def told(job: MemoryJob[Any]) -> list[dict[str, Any]]:
    """The alerts that are noted."""
    return [json.loads(job.ingestion.get(item.key)) for item in job.ingestion.list(f"{ROOT}/incidents/")]


def held(job: MemoryJob[Any], step: str = BUILD) -> dict[str, Any]:
    return dict(Holds.of(CommitLog(job.processed, LOG).newest()).of_step(step))


def test_a_hold_is_recorded_and_told_with_what_waits(job: MemoryJob[BuildArguments]) -> None:
    record_holds(job, BUILD, TABLES, [failure()])
    [hold] = held(job).values()
    assert (hold.since, hold.events, hold.reason) == (2, 1, "it could not be parsed")
    [alert] = told(job)
    assert alert["subject"] == "dim_design is held: it could not be built from batch 2 on"
    assert "1 event waits: it could not be parsed; rows of fact_sales_order that need" in alert["body"]
    assert job.metrics == [("TablesHeld", 1, {"Source": SOURCE, "Table": "dim_design"})]


def test_it_is_told_once_while_it_repeats_itself_and_written_when_more_waits(job: MemoryJob[BuildArguments]) -> None:
    for batches in (2, 2, 3, 3):
        record_holds(job, BUILD, TABLES, [failure(batches=batches)])
    assert (len(told(job)), len(job.metrics)) == (1, 1)
    assert (CommitLog(job.processed, LOG).newest_number(), held(job)["dim_design"].events) == (2, 3)


def test_another_reason_is_told_and_not_again_when_it_returns(job: MemoryJob[BuildArguments]) -> None:
    for reason in ("one", "two", "one", "two"):
        record_holds(job, BUILD, TABLES, [failure(reason)])
    assert len(told(job)) == 2


def test_a_release_is_told_once_and_leaves_nothing_held(job: MemoryJob[BuildArguments]) -> None:
    record_holds(job, BUILD, TABLES, [failure()])
    for _ in range(2):
        record_holds(job, BUILD, TABLES, [])
    subjects = sorted(alert["subject"] for alert in told(job))
    assert subjects[1:] == ["dim_design is released: it could be built again"] and len(subjects) == 2
    assert (held(job), job.metrics[1:]) == ({}, [("TablesReleased", 1, {"Source": SOURCE, "Table": "dim_design"})])


def test_what_another_step_holds_or_was_not_tried_stays_held(job: MemoryJob[BuildArguments]) -> None:
    record_holds(job, LOAD, [DESIGN], [failure()])
    record_holds(job, BUILD, [DESIGN], [failure()])
    record_holds(job, BUILD, [STAFF], [])
    assert [set(held(job, step)) for step in (BUILD, LOAD)] == [{"dim_design"}] * 2


def test_nothing_held_and_nothing_failed_writes_nothing(job: MemoryJob[BuildArguments]) -> None:
    record_holds(job, BUILD, TABLES, [])
    assert [*job.processed.list("")] == [*job.ingestion.list("")] == []


@pytest.mark.parametrize("place", ["note", "append"])
@pytest.mark.parametrize("releasing", [False, True])
def test_a_run_that_dies_leaves_nothing_untold_and_nothing_told_twice(
    job: MemoryJob[BuildArguments], monkeypatch: pytest.MonkeyPatch, place: str, releasing: bool
) -> None:
    if releasing:
        record_holds(job, BUILD, TABLES, [failure()])
    before, failures = len(told(job)), [] if releasing else [failure()]

    def dies(*_: object) -> None:
        raise RetriableError("here")

    with monkeypatch.context() as patched:
        patched.setattr(*((holding, "note") if place == "note" else (CommitLog, "append")), dies)
        with pytest.raises(RetriableError):
            record_holds(job, BUILD, TABLES, failures)
    for _ in range(2):
        record_holds(job, BUILD, TABLES, failures)
    assert len(told(job)) == before + 1
    assert bool(held(job)) is not releasing
