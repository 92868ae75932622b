"""Garbage goes, a day later; nothing else ever does."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.operate.maintain.nights import INGESTION, NIGHT, PROCESSED, Buckets, night
from totelake.errors import LakeError
from totelake.lake.manifest import BOOKMARK, DATA, LakeObject, Manifest, TableCommit

# in quarters of an hour, which dates and floats both hold exactly
AGES = st.integers(0, 4 * 60).map(lambda quarters: quarters / 4)
PLACES = ((INGESTION, "files"), (PROCESSED, "fact_old"))
Place = tuple[str, str]


class History:
    """Logs that grow, and by hand what of them is garbage: all that the expectation needs, kept beside the buckets."""

    def __init__(self) -> None:
        self.buckets = Buckets()
        self.lost: dict[Place, list[list[tuple[str, float]]]] = {place: [] for place in PLACES}
        self.state: dict[Place, dict[str, float]] = {place: {} for place in PLACES}
        self.named: dict[Place, list[tuple[float, set[str]]]] = {place: [] for place in PLACES}
        self.open: dict[Place, list[list[tuple[str, float]]]] = {place: [] for place in PLACES}
        self.clock = 0.0
        self.runs = count()

    def pass_time(self, hours: float) -> None:
        self.clock += hours
        self.buckets.now = NIGHT + timedelta(hours=self.clock)

    def attempt(self, place: Place, objects: int, age: float) -> str:
        """An attempt at the next number that has not committed, with in-flight objects and one of state."""
        bucket, log = place
        number, name = len(self.named[place]) + 1, f"run-{next(self.runs)}"
        keys = [f"_inflight/{log}/{number:012d}/{name}/staff/{index}.parquet" for index in range(objects)]
        for key in keys:
            self.buckets.store(bucket, key, age)
        state = self.buckets.store(bucket, f"_state/{log}/staff/{number:012d}-{name}.parquet", age)
        self.state[place][state] = self.clock - age
        self.open[place].append([(key, self.clock - age) for key in keys])
        return name

    def commit(self, place: Place, objects: int, keep: bool, age: float) -> None:
        """An attempt commits; those that were open at its number have lost."""
        bucket, log = place
        name, number = self.attempt(place, objects, age), len(self.named[place]) + 1
        won = self.open[place].pop()
        self.lost[place] += self.open[place]
        self.open[place] = []
        items = tuple(LakeObject(key, f"{log}/{number}-{index}", 1, 1) for index, (key, _) in enumerate(won))
        for item in items:
            self.buckets.store(bucket, item.key, 0)
        before = self.named[place][-1][1] if keep and self.named[place] else set()
        named = {*before, f"_state/{log}/staff/{number:012d}-{name}.parquet"}
        state = {"tables": {"staff": {"ledger": {"base": None, "deltas": [{"key": key} for key in sorted(named)]}}}}
        tables = {"staff": TableCommit(items, len(items))} if items else {}
        kind = DATA if items else BOOKMARK
        self.buckets.commit(bucket, Manifest(log, number, name, kind, self.buckets.now.isoformat(), tables, state))
        self.named[place].append((self.clock, named))

    def garbage(self) -> set[tuple[str, str]]:
        """By the rule, in other words than the code's."""
        found: set[tuple[str, str]] = set()
        limit = self.clock - 24
        for place in PLACES:
            for attempt in self.lost[place]:
                if all(at < limit for _, at in attempt):
                    found |= {(place[0], key) for key, _ in attempt}
            needed: set[str] = set()
            for index, (at, named) in enumerate(self.named[place]):
                ended = self.named[place][index + 1][0] if index + 1 < len(self.named[place]) else float("inf")
                if at <= self.clock and ended > limit:
                    needed |= named
            for key, at in self.state[place].items():
                is_committed = int(key.split("/")[3][:12]) <= len(self.named[place])
                if is_committed and at < limit and key not in needed:
                    found.add((place[0], key))
        return found & self.buckets.objects().keys()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("attempt"), st.sampled_from(PLACES), st.integers(1, 3), AGES),
        st.tuples(st.just("commit"), st.sampled_from(PLACES), st.integers(0, 3), st.booleans(), AGES),
        st.tuples(st.just("pass"), st.sampled_from([1.0, 9.0, 24.5, 50.0])),
        st.tuples(st.just("night")),
    ),
    max_size=25,
)


@settings(max_examples=200)
@given(STEPS)
def test_exactly_the_garbage_goes_whatever_happened_before(steps: list[tuple]) -> None:
    history = History()
    for kind, *values in [*steps, ("pass", 12.0), ("night",), ("pass", 30.0), ("night",)]:
        if kind == "attempt":
            history.attempt(*values)
        elif kind == "commit":
            history.commit(*values)
        elif kind == "pass":
            history.pass_time(*values)
        else:
            check_night(history)


def check_night(history: History) -> None:
    """A dry run changes nothing and names what the run after it deletes; nothing else is deleted or amended."""
    buckets, garbage = history.buckets, history.garbage()
    before = buckets.objects()
    foretold = night(buckets, dry_run=True)
    assert buckets.objects() == before
    report = night(buckets)
    after = buckets.objects()
    ours = {(bucket, key) for bucket, key in after if key.startswith("_commits/maintenance/")}
    assert {place: after[place] for place in after.keys() - ours} == {
        place: found for place, found in before.items() if place not in garbage | ours
    }
    assert sorted(key for keys in report.expired.values() for key in keys) == sorted(key for _, key in garbage)
    assert foretold.expired == report.expired and foretold.bytes == report.bytes == len(garbage)


def lost_attempt(age: float) -> tuple[History, Place]:
    history, place = History(), PLACES[0]
    history.pass_time(100)
    history.attempt(place, 2, age)
    history.commit(place, 1, False, 0)
    return history, place


def test_an_attempt_that_lost_is_kept_for_a_day_and_then_deleted() -> None:
    history, place = lost_attempt(age=0)
    history.pass_time(23.9)
    night(history.buckets)
    assert len([key for key in history.buckets.keys(place[0]) if key.startswith("_inflight/")]) == 3
    history.pass_time(0.2)
    assert len(night(history.buckets).expired["ingestion/files"]) == 3
    assert len([key for key in history.buckets.keys(place[0]) if key.startswith("_inflight/")]) == 1


def test_an_attempt_whose_number_nobody_committed_is_kept_for_ever() -> None:
    history = History()
    history.attempt(PLACES[0], 2, 0)
    history.pass_time(10_000)
    assert night(history.buckets).expired == {}


def test_nothing_is_deleted_outside_of_what_attempts_and_state_may_leave() -> None:
    history, _ = lost_attempt(age=90)
    strange = [
        "_inflight/files/000000000001",
        "_inflight/files/readme.txt",
        "_inflight/other/000000000001/run/staff/0.parquet",
        "_state/files/notes.txt",
        "_state/other/staff/000000000001-run.parquet",
        "files/staff/ingested_on=2026-11-24/000000000009.parquet",
        "_schemas/files/staff/abc.json",
        "dead_letters/rows/star/dim_staff/000000000001-0.parquet",
    ]
    for key in strange:
        history.buckets.store(INGESTION, key, age=1000)
    night(history.buckets)
    assert set(strange) <= history.buckets.keys(INGESTION)


def test_a_night_without_work_writes_and_lists_only_what_is_new() -> None:
    history, place = lost_attempt(age=90)
    history.pass_time(48)
    night(history.buckets)
    before = history.buckets.objects()
    history.buckets.stores[INGESTION].read_keys.clear()
    history.pass_time(0.5)
    night(history.buckets)
    read = [key for key in history.buckets.stores[INGESTION].read_keys if "/files/" in key]
    assert read == ["_commits/files/000000000001.json"]
    assert history.buckets.objects() == before


def test_the_whole_history_is_looked_at_again_when_asked_for() -> None:
    history, place = lost_attempt(age=90)
    history.pass_time(48)
    night(history.buckets)
    late = history.buckets.store(INGESTION, "_inflight/files/000000000001/zombie/staff/0.parquet", age=30)
    assert night(history.buckets).expired == {}
    assert night(history.buckets, whole_history=True).expired == {"ingestion/files": [late]}


def test_a_refused_deletion_fails_the_run_after_the_other_logs_and_is_tried_again() -> None:
    history = History()
    for place in PLACES:
        history.attempt(place, 1, 30)
        history.commit(place, 1, False, 0)
    refused = next(key for key in sorted(history.buckets.keys(INGESTION)) if key.startswith("_inflight/files"))
    history.buckets.stores[INGESTION].refused = {refused}
    history.pass_time(48)
    with pytest.raises(LakeError, match=f"s3://ingestion/{refused} could not be deleted: not you"):
        night(history.buckets)
    assert len([key for key in history.buckets.keys(PROCESSED) if key.startswith("_inflight/")]) == 1
    history.buckets.stores[INGESTION].refused = set()
    assert night(history.buckets).expired == {"ingestion/files": [refused]}


def test_a_log_is_not_done_with_before_what_a_slow_attempt_wrote_late_has_expired() -> None:
    history, place = lost_attempt(age=0)
    history.pass_time(23)
    late = history.buckets.store(place[0], "_inflight/files/000000000001/slow/staff/0.parquet", age=0)
    history.pass_time(2)
    assert late not in night(history.buckets).expired["ingestion/files"]
    history.pass_time(23)
    assert night(history.buckets).expired == {"ingestion/files": [late]}
