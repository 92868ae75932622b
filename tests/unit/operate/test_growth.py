"""What runs every few minutes asks for as much after 500 batches as after 10: no step reads or lists them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.batches import bookmark, captured
from tests.unit.operate.jobs import NOON, ZONES, MemoryJob
from totelake.alerts.model import Alert
from totelake.alerts.scan import scan_failures
from totelake.alerts.store import note
from totelake.contracts import load_contracts
from totelake.contracts.model import inputs_of
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import Manifest, TableCommit
from totelake.lake.records.batch import Batch, Bookmark
from totelake.lake.records.marks import LOADED, LoadMark
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import (
    LOG,
    AcceptedObject,
    HeldEvents,
    JudgedBatch,
    SourceVerdict,
    TableStanding,
    Verdict,
)
from totelake.operate.watch import pending_commits
from totelake.ports.memory import MemoryStore
from totelake.ports.object_store import Listed
from totelake.registry.check import check_schemas
from totelake.runtime.job_arguments import BuildArguments, CheckArguments, WatchArguments
from totelake.schemas.changes import COLUMN_REMOVED, Change
from totelake.star.job import build_star

FEW, MANY = 10, 500
# a listing gives so many keys at most, whatever the number of batches
MOST_LISTED = 70
HELD, HELD_FROM = "design", 3
CHANGE = Change(HELD, "file_name", COLUMN_REMOVED, "text", "")
STARS = load_contracts().star_tables(SOURCE)
WAITING = {star.name for star in STARS if HELD in {table.name for table in inputs_of(star)}}


class CountingStore(MemoryStore):
    """Counts requests by kind, and the keys of the largest listing; safe for threads, which positions are read by."""

    def __init__(self, bucket: str) -> None:
        super().__init__(bucket, lambda: NOON)
        self._asked, self._counting = Counter[str](), Lock()
        self.most_listed = 0

    def _count(self, kind: str, requests: int = 1, listed: int = 0) -> None:
        with self._counting:
            self._asked[kind] += requests
            self.most_listed = max(self.most_listed, listed)

    def taken(self) -> Counter[str]:
        """The requests since the last call."""
        with self._counting:
            asked, self._asked = self._asked, Counter()
            return asked

    def find(self, key: str) -> bytes | None:
        self._count("get")
        return super().find(key)

    def create(self, key: str, body: bytes) -> bool:
        self._count("put")
        return super().create(key, body)

    def list(self, prefix: str, after: str = "") -> Iterator[Listed]:
        found = [*super().list(prefix, after)]
        self._count("list", 1 + len(found) // 1000, len(found))
        return iter(found)

    def first(self, prefix: str) -> str | None:
        self._count("list")
        return next((item.key for item in super().list(prefix)), None)


def log_of(store: MemoryStore, name: str, manifests: Sequence[Callable[[Attempt], Manifest]]) -> None:
    """Commit one manifest after the other."""
    log = CommitLog(store, name)
    for number, manifest in enumerate(manifests, 1):
        assert log.commit(manifest(Attempt.new(name, number, "jr")))


class Lake:
    """So many batches of which none is pending; with `held` a table is held since an early one."""

    def __init__(self, batches: int, held: bool) -> None:
        self.stores = CountingStore("ingestion"), CountingStore("processed")
        ingestion, processed = self.stores
        numbers = range(1, batches + 1)
        log_of(ingestion, SOURCE, [partial_batch(number) for number in numbers])
        log_of(ingestion, LOG, [partial_verdict(number, held) for number in numbers])
        for star in STARS:
            reached = HELD_FROM - 1 if held and star.name in WAITING else batches
            log_of(processed, star.name, [partial_star(star, number) for number in range(1, reached + 1)])
        built = {star.name: HELD_FROM - 1 if held and star.name in WAITING else batches for star in STARS}
        marks = [{name: min(number, commit) for name, commit in built.items()} for number in numbers]
        log_of(processed, LOADED, [lambda attempt, at=at: LoadMark(at).manifest(attempt, NOON) for at in marks])
        self.batches = batches
        self._alert(batches)

    def job(self, kind: type[Any], **more: Any) -> MemoryJob[Any]:
        """A job over these buckets."""
        glue = SimpleNamespace(
            get_workflow_runs=lambda **_: {"Runs": []},
            get_job_runs=lambda **_: {"JobRuns": []},
            meta=SimpleNamespace(region_name="eu-west-2"),
        )
        job = MemoryJob[Any](kind(source=SOURCE, **ZONES, **more), glue)
        job.ingestion, job.processed = self.stores
        job.clients.sns = SimpleNamespace(publish=lambda **_: None)  # type: ignore[misc]
        job.clients.endpoints = {}  # type: ignore[misc]
        return job

    def _alert(self, count: int) -> None:
        """Alerts of as many days that were noted and sent."""
        job = self.job(WatchArguments, prefix="lake", alert_topic="topic")
        for number in range(count):
            job.at = NOON - timedelta(days=count - number)
            note(job, Alert("job", "it broke", "body", str(number)))
            scan_failures(job)

    def measured(self, step: Callable[[Lake], object]) -> tuple[list[Counter[str]], int]:
        """The requests of a step to both buckets, and the keys of its largest listing."""
        for store in self.stores:
            store.taken()
            store.most_listed = 0
        step(self)
        return [store.taken() for store in self.stores], max(store.most_listed for store in self.stores)


def partial_batch(number: int) -> Callable[[Attempt], Manifest]:
    batch = Batch(bookmark(number, {"staff": captured()}), {"staff": TableCommit(rows=1)})
    return lambda attempt: batch.manifest(attempt, NOON)


def partial_verdict(number: int, held: bool) -> Callable[[Attempt], Manifest]:
    events = AcceptedObject("key", 1, 1, 0, 0, "f")
    is_held = held and number >= HELD_FROM
    judged = JudgedBatch(number, NOON.isoformat(), number, {"staff": events}, {HELD: events} if is_held else {})
    # what a table has held grows with every batch, and is read with the newest verdict alone
    waits = {at: HeldEvents(at, NOON.isoformat(), 1) for at in range(HELD_FROM, number + 1)} if is_held else {}
    standings = {HELD: TableStanding("f", 1, "f", changes=(CHANGE,), held=waits)} if is_held else {}
    verdict = Verdict(sources={SOURCE: SourceVerdict(number, standings, [judged])})
    return lambda attempt: verdict.manifest(attempt, NOON)


def partial_star(star: Any, number: int) -> Callable[[Attempt], Manifest]:
    commit = replace(StarCommit.of(star, None), through=number, verdict=number)
    return lambda attempt: commit.manifest(attempt, NOON)


def look(lake: Lake) -> None:
    """What watch reads of the lake, and its alerts."""
    job = lake.job(WatchArguments, prefix="lake", alert_topic="topic")
    found = Bookmark.of(CommitLog(job.ingestion, SOURCE).newest())
    assert pending_commits(job, found.batch) == []
    scan_failures(job)


def check(lake: Lake) -> None:
    """check_schemas with nothing to judge."""
    job = lake.job(CheckArguments, crawler="crawler")
    job.crawler = lambda _: SimpleNamespace(name="crawler")  # type: ignore[method-assign, assignment, return-value]
    assert check_schemas(job) is None


def build(lake: Lake) -> None:
    """The builders with nothing to build."""
    build_star(lake.job(BuildArguments))


def note_and_send(lake: Lake) -> None:
    """An alert, noted and sent."""
    job = lake.job(WatchArguments, prefix="lake", alert_topic="topic")
    assert note(job, Alert("job", "it broke again", "body", "new"))
    scan_failures(job)


@pytest.fixture(scope="module", params=[False, True], ids=["", "a table is held"])
def lakes(request: pytest.FixtureRequest) -> tuple[Lake, Lake]:
    """A young lake and an old one."""
    return Lake(FEW, request.param), Lake(MANY, request.param)


@pytest.mark.parametrize("step", [look, check, build, note_and_send])
def test_a_run_asks_for_as_much_after_500_batches_as_after_10(
    lakes: tuple[Lake, Lake], step: Callable[[Lake], None]
) -> None:
    (young, few_keys), (old, many_keys) = (lake.measured(step) for lake in lakes)
    assert young == old and sum(sum(found.values()) for found in old) > 0
    assert max(few_keys, many_keys) <= MOST_LISTED
