"""All tables of a run plan by the verdicts of its first look, each of which is read once."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.conftest import SOURCE
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.records.verdict import LOG, AcceptedObject, JudgedBatch, Release, SourceVerdict, Verdict
from totelake.ports.memory import MemoryStore
from totelake.star.batches import JudgedBatches

NOW = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
EVENTS = AcceptedObject("payment", 1, 1, 0, 0, "f")


class CountingLog(CommitLog):
    """A log that notes which manifests are read."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(), LOG)
        self.read: list[int] = []

    def get(self, number: int) -> Manifest:
        self.read.append(number)
        return super().get(number)

    def judge(self, batch: int, *released: int, held: bool = False, source: str = SOURCE) -> None:
        """A verdict over a batch, which also releases held ones."""
        side = {"tables": {}, "held": {"payment": EVENTS}} if held else {"tables": {"payment": EVENTS}}
        judged = JudgedBatch(batch, "then", 0, **side)
        said = SourceVerdict(batch, batches=[judged], released=[Release(item, "payment", EVENTS) for item in released])
        attempt = self.attempt(self.newest(), "run")
        assert self.commit(Verdict(sources={source: said}).manifest(attempt, NOW))
        self.read.clear()


@pytest.fixture
def log() -> CountingLog:
    """Verdicts over the batches 1 to 4, one each."""
    found = CountingLog()
    for batch in (1, 2, 3, 4):
        found.judge(batch)
    return found


def numbers(batches: list[JudgedBatch]) -> list[int]:
    return [batch.batch for batch in batches]


def test_a_table_that_stands_behind_gets_more_and_no_verdict_is_read_twice(log: CountingLog) -> None:
    batches = JudgedBatches(log, SOURCE)
    assert numbers(batches.since(2)) == [3, 4]
    assert numbers(batches.since(1)) == [2, 3, 4]
    assert numbers(batches.since(3)) == [2, 3, 4]
    assert log.read == [3, 4, 2]


def test_what_is_judged_after_the_first_look_is_left_to_the_next_run(log: CountingLog) -> None:
    batches = JudgedBatches(log, SOURCE)
    assert numbers(batches.since(4)) == []
    log.judge(5)
    assert numbers(batches.since(4)) == []
    assert numbers(batches.since(2)) == [3, 4]


def test_a_later_verdict_releases_what_an_earlier_one_held(log: CountingLog) -> None:
    log.judge(5, held=True)
    log.judge(6, 5)
    assert [(batch.batch, bool(batch.held)) for batch in JudgedBatches(log, SOURCE).since(4)] == [
        (5, False),
        (6, False),
    ]


def test_another_sources_batches_are_none_of_it(log: CountingLog) -> None:
    log.judge(5, source="other")
    assert numbers(JudgedBatches(log, SOURCE).since(3)) == [4]
