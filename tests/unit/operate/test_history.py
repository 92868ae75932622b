"""The batches as one reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.batches import bookmark, captured
from totelake.capture.detect.search import WHOLE, WINDOW
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import Manifest, TableCommit
from totelake.lake.records.batch import Batch, BlockedTable, Bookmark, TableState
from totelake.operate.history import describe, read
from totelake.ports.memory import MemoryStore
from totelake.schemas.changes import missing_table

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
QUIET = captured()
COPIED = captured(search=WHOLE, why="first copy")
EDITED = captured(search=WINDOW, why="2 row versions since the last batch's snapshot")
GONE = "there is no table public.staff; restore it"


def commit(found: Bookmark, **tables: TableCommit) -> Manifest:
    """The commit of a batch."""
    return Batch(found, tables).manifest(Attempt(SOURCE, found.batch, f"run-{found.batch}"), NOON)


def described(tables: Mapping[str, TableState], **more: Any) -> str:
    """Why the third batch was made."""
    return describe(commit(bookmark(3, tables, **more))).why


@pytest.mark.parametrize(
    ("tables", "more", "why"),
    [
        ({"staff": COPIED, "design": COPIED}, {}, "first copy"),
        ({"staff": EDITED, "design": QUIET}, {}, f"staff: {EDITED.why}"),
        ({"staff": EDITED, "design": COPIED}, {}, f"staff: {EDITED.why}; design: first copy"),
        ({"staff": EDITED}, {"since": 1}, "search from batch 1 on"),
        (
            {"staff": replace(EDITED, compare="backfill asked for")},
            {"since": 1, "compare": "reset"},
            "search from batch 1 on, compare every table whole (reset), compare staff whole (backfill asked for)",
        ),
    ],
    ids=["the same for all", "one table", "each its own", "a move", "several moves"],
)
def test_why_a_batch_was_made(tables: Mapping[str, TableState], more: dict[str, Any], why: str) -> None:
    assert described(tables, **more) == why


@pytest.mark.parametrize(
    ("since", "why"),
    [(3, f"design: first copy; staff: not captured any more, {GONE}"), (2, "first copy")],
    ids=["since this batch", "for longer"],
)
def test_a_table_that_is_blocked_is_named_once(since: int, why: str) -> None:
    blocked = {"staff": BlockedTable(missing_table("staff"), GONE, since)}
    assert described({"staff": EDITED, "design": COPIED}, blocked=blocked) == why


def test_a_batch_adds_up_its_tables() -> None:
    staff = TableCommit(rows=3, inserts=1, updates=2)
    design = TableCommit(rows=4, updates=1, deletes=3, quarantined=5)
    found = describe(commit(bookmark(3, {"staff": EDITED, "design": EDITED}), staff=staff, design=design))
    assert (found.number, found.kind, found.committed_at) == (3, "data", "2026-11-24T12:00:00+00:00")
    assert (found.inserts, found.updates, found.deletes, found.quarantined) == (1, 3, 3, 5)
    assert found.tables["design"] == {"inserts": 0, "updates": 1, "deletes": 3, "quarantined": 5}
    assert found.document()["tables"] == found.tables


def filled(*numbers: int) -> CommitLog:
    """A log with these batches."""
    log = CommitLog(MemoryStore(), SOURCE)
    for number in numbers:
        assert log.commit(commit(bookmark(number, {"staff": EDITED})))
    return log


@pytest.mark.parametrize(
    ("limit", "numbers"), [(1, [4]), (3, [4, 3, 2]), (10, [4, 3, 2, 1])], ids=["one", "some", "more than there are"]
)
def test_the_newest_come_first(limit: int, numbers: list[int]) -> None:
    assert [batch.number for batch in read(filled(1, 2, 3, 4), limit)] == numbers


def test_before_the_first_run_there_are_none() -> None:
    assert read(filled(), 10) == []
