"""Milestones: the end of a log is found by listing a few keys, however long the log is, and rightly without them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

import pytest

from totelake.lake import keys
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import BOOKMARK, Manifest
from totelake.ports.memory import MemoryStore
from totelake.ports.object_store import Listed

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


class ListingStore(MemoryStore):
    """Counts the keys that listings give, and the listings."""

    listed = requests = 0

    def page(self, prefix: str, after: str = "") -> tuple[Sequence[Listed], bool]:
        """A page of them."""
        found, is_more = super().page(prefix, after)
        self.listed, self.requests = self.listed + len(found), self.requests + 1
        return found, is_more

    def first(self, prefix: str) -> str | None:
        """One of them."""
        self.listed, self.requests = self.listed + 1, self.requests + 1
        return super().first(prefix)


def grown(store: ListingStore, commits: int, log: str = "log") -> None:
    """Commit so many more, each by a run of its own."""
    for _ in range(commits):
        run = CommitLog(store, log)
        number = (run.newest_number() or 0) + 1
        assert run.commit(Manifest.of_attempt(Attempt.new(log, number, "jr"), BOOKMARK, NOON, {}))


def look(store: ListingStore) -> tuple[int | None, int, int]:
    """The newest number, the listings that it took and the keys in them."""
    store.listed = store.requests = 0
    found = CommitLog(store, "log").newest_number()
    return found, store.requests, store.listed


@pytest.mark.parametrize("commits", [0, 1, 63, 64, 65, 500])
def test_the_end_of_a_log_is_found_by_two_listings_of_few_keys(commits: int) -> None:
    store = ListingStore()
    grown(store, commits)
    newest, requests, listed = look(store)
    assert (newest, requests) == (commits or None, 2)
    assert listed <= 65


def test_a_log_without_milestones_gets_one_with_its_next_commit() -> None:
    store = ListingStore()
    grown(store, 200)
    store.delete([item.key for item in store.list(keys.milestones_prefix("log"))])
    assert look(store)[0] == 200
    grown(store, 1)
    newest, requests, listed = look(store)
    assert (newest, requests) == (201, 2) and listed <= 65


def test_a_run_that_dies_before_its_milestone_leaves_it_to_the_next_commit() -> None:
    store = ListingStore()
    grown(store, 64)
    store.delete([keys.milestone_key("log", 64)])
    grown(store, 3)
    assert store.first(keys.milestones_prefix("log")) == keys.milestone_key("log", 65)


@pytest.mark.parametrize("name", ["copy", "000000000000", f"{10**12 - 1 - 400:012d}", "1"], ids=str)
def test_a_milestone_that_nothing_stands_beside_changes_nothing(name: str) -> None:
    store = ListingStore()
    grown(store, 100)
    store.put(f"{keys.milestones_prefix('log')}{name}", b"")
    assert look(store)[0] == 100
    grown(store, 1)
    assert look(store)[0] == 101
    assert [item.number for item in CommitLog(store, "log").since(98)] == [99, 100, 101]


def test_logs_do_not_take_each_others_milestones() -> None:
    store = ListingStore()
    grown(store, 100, "log-2")
    grown(store, 3)
    assert look(store)[0] == 3
    assert CommitLog(store, "log-2").newest_number() == 100
