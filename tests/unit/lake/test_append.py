"""The optimistic loop: a commit is decided over the newest one, and anew when another run was faster."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faulty import BUSY, LOST, FaultyStore, failing, unanswered
from totelake.errors import RetriableError
from totelake.lake import keys
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import DATA, Manifest
from totelake.ports.memory import MemoryStore

NOW = datetime(2026, 11, 24, 6, tzinfo=timezone.utc)


class Run:
    """A run that appends the numbers of the commits that it decided over."""

    def __init__(self, log: CommitLog, name: str = "mine") -> None:
        self.log, self.name = log, name
        self.seen: list[int] = []

    def decide(self, newest: Manifest | None) -> Manifest | None:
        """The next commit; its state says how many there were."""
        self.seen.append(newest.number if newest else 0)
        return Manifest.of_attempt(self.log.attempt(newest, self.name), DATA, NOW, {"over": self.seen[-1]})


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore()


@pytest.fixture
def log(store: FaultyStore) -> CommitLog:
    return CommitLog(store, "totesys", sleep=lambda _: None)


def others_first(store: FaultyStore, times: int) -> None:
    """Let another run commit just before each of that many creations."""

    def commit(key: str, body: bytes) -> None:
        other = CommitLog(store, "totesys")
        rest, store.faults = store.faults, []
        other.append(Run(other, "other").decide)
        store.faults = rest

    store.faults = [commit] * times


def owners(log: CommitLog) -> Sequence[str]:
    return [manifest.attempt.split("-")[0] for manifest in log.since(0)]


def test_the_first_commit_is_number_one_and_the_next_follows(log: CommitLog) -> None:
    run = Run(log)
    first, second = log.append(run.decide), log.append(run.decide)
    assert first is not None and second is not None
    assert ((first.number, second.number), run.seen, log.newest()) == ((1, 2), [0, 1], second)


def test_a_decision_for_nothing_leaves_the_log_as_it_is(log: CommitLog, store: FaultyStore) -> None:
    assert log.append(lambda newest: None) is None
    assert list(store.list("")) == []


def test_when_another_run_is_faster_the_decision_is_made_anew_over_its_commit(
    log: CommitLog, store: FaultyStore
) -> None:
    others_first(store, 2)
    run = Run(log)
    made = log.append(run.decide)
    assert made is not None and (made.number, made.state["over"]) == (3, 2)
    assert (run.seen, owners(log)) == ([0, 1, 2], ["other", "other", "mine"])


def test_who_sees_after_a_lost_race_that_all_is_done_leaves_it(log: CommitLog, store: FaultyStore) -> None:
    others_first(store, 1)
    run = Run(log)
    assert log.append(lambda newest: None if newest else run.decide(newest)) is None
    assert owners(log) == ["other"]


@pytest.mark.parametrize("tries", [1, 3])
def test_who_always_comes_second_gives_up_after_its_tries(log: CommitLog, store: FaultyStore, tries: int) -> None:
    others_first(store, 9)
    run = Run(log)
    with pytest.raises(RetriableError) as raised:
        log.append(run.decide, tries)
    assert str(raised.value) == (
        f"other runs committed to the log totesys first, {tries} times; run the job again when they have ended"
    )
    assert (len(run.seen), owners(log)) == (tries, ["other"] * tries)


def test_a_commit_whose_answer_was_lost_is_not_made_twice(log: CommitLog, store: FaultyStore) -> None:
    store.faults = [unanswered(store)]
    assert log.append(Run(log).decide) is not None
    assert owners(log) == ["mine"]


def test_a_store_that_is_away_is_no_other_run(log: CommitLog, store: FaultyStore) -> None:
    store.faults = [failing(LOST)] * 9
    run = Run(log)
    with pytest.raises(RetriableError, match="_commits/totesys/000000000001.json could not be written"):
        log.append(run.decide)
    assert run.seen == [0]


def test_an_attempt_is_at_the_number_after_the_newest_and_is_like_no_other(log: CommitLog) -> None:
    first, second = log.attempt(None, "jr"), log.attempt(None, "jr")
    assert first.number == second.number == 1 and first.prefix != second.prefix
    assert log.attempt(log.append(Run(log).decide), "jr").number == 2
    assert first.prefix.startswith(f"{keys.INFLIGHT}/totesys/000000000001/jr-")


# of what happens to a creation: nothing, no answer although it took place, no answer, busy, another run comes first
FAULTS = st.lists(st.sampled_from(["", "unanswered", "lost", "busy", "beaten"]), max_size=16)


def is_chain(log: CommitLog) -> bool:
    """Whether each commit was decided over the one before it, and none is there twice."""
    found = list(log.since(0))
    over = [(manifest.number, manifest.state["over"]) for manifest in found]
    return over == [(number, number - 1) for number in range(1, len(found) + 1)]


@settings(max_examples=200)
@given(FAULTS, st.integers(0, 3))
def test_whatever_happens_to_writes_each_number_is_committed_once_and_over_the_one_before(
    faults: list[str], reads: int
) -> None:
    store = FaultyStore()
    log = CommitLog(store, "totesys", sleep=lambda _: None)
    script = list(faults)

    def fault(key: str, body: bytes) -> None:
        store.faults, kind = [], script.pop(0) if script else ""
        try:
            if kind == "beaten":
                other = CommitLog(store, "totesys")
                other.append(Run(other, "other").decide)
            elif kind == "unanswered" and MemoryStore.find(store, key) is None:
                store.read_faults = [LOST] * reads
                unanswered(store)(key, body)
            elif kind in ("unanswered", "lost"):
                raise LOST
            elif kind == "busy":
                raise BUSY
        finally:
            store.faults = [fault]

    store.faults = [fault]
    made = 0
    for number in range(5):
        store.read_faults = []
        try:
            committed = log.append(Run(log, f"mine{number}").decide)
        except RetriableError as error:
            assert str(error).endswith("run the job again" + (" when they have ended" if "first" in str(error) else ""))
        else:
            made += 1
            assert committed is not None
            store.read_faults = []
            assert log.get(committed.number) == committed
    store.read_faults = []
    assert is_chain(log)
    mine = [owner for owner in owners(log) if owner != "other"]
    # a run that was told of a failure has committed once at most
    assert len(mine) == len(set(mine)) >= made


def test_of_many_runs_at_once_each_commits_once() -> None:
    log = CommitLog(MemoryStore("lake"), "totesys", sleep=lambda _: None)
    runs = [Run(log, f"run{number}") for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(lambda run: log.append(run.decide, tries=len(runs)), runs))
    assert sorted(manifest.number for manifest in made if manifest) == list(range(1, len(runs) + 1))
    assert is_chain(log) and sorted(owners(log)) == sorted(run.name for run in runs)
    for run, manifest in zip(runs, made):
        assert manifest is not None and run.seen[-1] == manifest.number - 1 and run.seen == sorted(set(run.seen))
