"""A run that has more to take than it can: it commits what it took, and the next runs take the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.feeds.conftest import Files, target
from tests.integration.feeds.test_unreadable_files import ARCHIVED, alerts, bad, put_first, two_tables
from totelake.capture.detect import moves
from totelake.feeds.files import formats
from totelake.feeds.files import ingest as module
from totelake.feeds.files.bucket import SourceBucket
from totelake.lake.records.batch import Bookmark
from totelake.runtime import moments

__all__ = ["alerts", "bad"]


def line(month: int, amount: Any = 100) -> bytes:
    """A record in a line of its own."""
    return json.dumps(target(month, amount)).encode() + b"\n"


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


JUNK = b"2026-01-01,Sales,GBP,5\n"


@pytest.mark.parametrize(
    ("lines", "limits", "why", "amounts"),
    [
        # without any record, with the first one behind the limit, and with one before it
        ([JUNK] * 30, {"_MOST_LINES": 10}, "none of its first 10 lines is a record", {}),
        ([*[JUNK] * 20, line(1)], {"_MOST_LINES": 10}, "none of its first 10 lines is a record", {}),
        ([*[JUNK] * 3, line(1), *[JUNK] * 20], {"_MOST_LINES": 10}, "it is no JSON", {1: ("I", "100.00")}),
        ([line(1), *[JUNK] * 30], {"_MOST_REFUSED": 1000}, "of its first", {}),
        ([line(1), *[line(2, "many")] * 30], {"_MOST_REFUSED": 1000}, "of its first", {}),
    ],
)
def test_a_file_of_which_too_much_does_not_fit_is_in_quarantine_as_a_whole(
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[bytes],
    limits: dict[str, int],
    why: str,
    amounts: dict[int, tuple[str, str]],
) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(formats, "read_json_array", formats.read_json_lines)
    files.put("a.json", b"".join(lines))
    found = files.run()
    refused = files.refused(found)
    assert files.amounts(found) == amounts and why in refused[0][2]
    assert len(refused) == (23 if amounts else 1)
    assert files.run() is None


def test_what_does_not_fit_is_counted_as_what_is_read(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    # twice as much as the records of one file, less than what the quarantine keeps of it
    monkeypatch.setattr(module, "_MOST_BYTES", 10_000)
    for number in range(3):
        files.put(f"{number}.json", [target(month, "many") for month in range(1, 13)] * 4)
    assert [len(files.refused(found)) for found in runs_of(files)] == [48, 48, 48]


def test_of_very_many_files_that_cannot_be_read_a_run_tries_some_and_forgets_none(
    files: Files, bad: dict[str, str], alerts: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        files.put(f"{number}.json", [target(number + 1)])
    bad[".json"] = ARCHIVED
    files.run()
    monkeypatch.setattr(module, "_MOST_AGAIN", 2)
    read, tried = SourceBucket.read, list[str]()
    monkeypatch.setattr(SourceBucket, "read", lambda self, item: tried.append(item.key[-6]) or read(self, item))
    # at whatever times it runs
    for wanted in ("01", "23", "04", "12", "34"):
        tried.clear()
        assert files.run() is not None and "".join(tried) == wanted and len(alerts) == 1
    bad.clear()
    assert [len(files.amounts(found)) for found in runs_of(files)] == [2, 2, 1]
    assert "tried" not in Bookmark.of(files.log.newest()).position  # type: ignore[operator]
