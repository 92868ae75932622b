"""A run that has more to take than it can: it commits what it took, and the next runs take the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.feeds.conftest import Files, target
from tests.integration.feeds.test_unreadable_files import ARCHIVED, alerts, bad, put_first, two_tables
from totelake.capture.detect import moves
from totelake.feeds.files import ingest as module
from totelake.feeds.files.bucket import SourceBucket
from totelake.runtime import moments

__all__ = ["alerts", "bad"]


def runs_of(files: Files) -> Iterator[Any]:
    """Runs until nothing is new."""
    for _ in range(20):
        found = files.run()
        if found is None:
            return
        yield found
    raise AssertionError("it never ends")


@pytest.mark.parametrize(("name", "value"), [("_MOST_SECONDS", 0), ("_MOST_BYTES", 1)])
def test_what_a_run_does_not_reach_is_taken_by_the_next(
    files: Files, monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    two_tables(monkeypatch)
    monkeypatch.setattr(module, name, value)
    for number in range(1, 4):
        put_first(files, f"{number}.json")
        files.put(f"{number}.json", [target(1, number), target(number + 1)])
    found = list(runs_of(files))
    assert [files.amounts(item) for item in found] == [
        {1: ("I", "1.00"), 2: ("I", "100.00")},
        {1: ("U", "2.00"), 3: ("I", "100.00")},
        {1: ("U", "3.00"), 4: ("I", "100.00")},
    ]
    moves.reset(files.log, "by-hand", moments.now())
    assert [files.amounts(item) for item in runs_of(files)][-1] == {1: ("U", "3.00")}
    assert files.look().news == ""


def test_of_very_many_files_that_cannot_be_read_a_run_tries_some_and_forgets_none(
    files: Files, bad: dict[str, str], alerts: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        files.put(f"{number}.json", [target(number + 1)])
    bad[".json"] = ARCHIVED
    files.run()
    monkeypatch.setattr(module, "_MOST_AGAIN", 2)
    read, tried = SourceBucket.read, list[str]()
    monkeypatch.setattr(SourceBucket, "read", lambda self, item: tried.append(item.key) or read(self, item))
    assert files.run() is None and len(tried) == 2 and len(alerts) == 1
    bad.clear()
    assert len(files.amounts(files.run())) == 2
    monkeypatch.undo()
    assert len(files.amounts(files.run())) == 3
