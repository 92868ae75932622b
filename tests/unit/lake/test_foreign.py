"""Which keys are ours, and which objects Athena passes over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SOURCE
from totelake.lake.commits import CommitLog
from totelake.lake.foreign import is_ours, is_passed_over
from totelake.lake.keys import commit_key, ingested_key, is_commit, quarantined_key, star_prefix
from totelake.lake.manifest import Manifest
from totelake.ports.memory import MemoryStore

NUMBERS = st.integers(0, 10**12 - 1)
WORDS = st.text(st.sampled_from("ab_.-0=é"), min_size=1, max_size=8)


@given(number=NUMBERS, part=st.integers(0, 99))
def test_every_key_that_jobs_give_is_ours(number: int, part: int) -> None:
    assert is_ours(ingested_key("s", "t", "2026-11-24", number).removeprefix("s/t/"), is_partitioned=True)
    assert is_ours(quarantined_key("star", "t", number, part).rsplit("/", 1)[1])
    for folder in ("", "month=2026-11"):
        prefix = star_prefix("t", folder, number)
        assert is_ours(f"{prefix}{number:012d}-{part}.parquet".removeprefix(prefix))
    assert is_commit(commit_key("log", number).rsplit("/", 1)[1])


@given(name=WORDS, number=NUMBERS)
def test_no_other_key_is_ours(name: str, number: int) -> None:
    ours = f"{number:012d}.parquet"
    for key in (name, f"{name}.parquet", f"{name}{ours}", f"{ours}{name}", f"{name}/{ours}", f"k=v/{name}/{ours}", ""):
        assert not is_ours(key)
        assert not is_ours(key, is_partitioned=True) or key == f"{name}/{ours}"


@given(parts=st.lists(WORDS, min_size=1, max_size=4), size=st.integers(0, 3))
def test_empty_and_hidden_objects_are_passed_over(parts: list[str], size: int) -> None:
    hidden = any(part[0] in "_." for part in parts)
    assert is_passed_over("/".join(parts), size) == (hidden or size == 0)


@pytest.mark.parametrize("many", [3, 2500])
def test_a_log_follows_its_own_commits_whatever_else_lies_there(many: int) -> None:
    store = MemoryStore()
    log = CommitLog(store, SOURCE)
    commits = [Manifest(SOURCE, number, "a", "data", "2026-11-24T00:00:00Z", {}) for number in (1, 2)]
    for commit in commits:
        for index in range(many):
            store.put(f"_commits/{SOURCE}/{commit.number:012d}.json.{index:05d}", b"")
        assert log.commit(commit)
    store.put(f"_commits/{SOURCE}/notes.txt", b"words")
    assert log.newest() == commits[1]
    assert list(log.since(0)) == commits
    assert log.newest(after=2) is None
