"""The batches as one reads them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.capture.detect.test_decisions import STATE
from tests.unit.capture.detect.test_rewind import capture, captured, filled
from totelake.capture.detect.bookmark import Bookmark
from totelake.capture.detect.search import WHOLE, WINDOW
from totelake.lake.manifest import TableCommit
from totelake.operate.history import describe, read

COPIED = replace(STATE, search=WHOLE, why="first copy")
EDITED = replace(STATE, search=WINDOW, why="2 row versions since the last batch's snapshot")


@pytest.mark.parametrize(
    ("bookmark", "why"),
    [
        (captured(3, tables={"staff": COPIED, "design": COPIED}), "first copy"),
        (captured(3, tables={"staff": EDITED, "design": STATE}), f"staff: {EDITED.why}"),
        (captured(3, tables={"staff": EDITED, "design": COPIED}), f"staff: {EDITED.why}; design: first copy"),
        (captured(3, tables={"staff": EDITED}, since=1), "search from batch 1 on"),
        (
            captured(3, tables={"staff": replace(EDITED, compare="backfill asked for")}, since=1, compare="reset"),
            "search from batch 1 on, compare every table whole (reset), compare staff whole (backfill asked for)",
        ),
    ],
    ids=["the same for all", "one table", "each its own", "a move", "several moves"],
)
def test_why_a_batch_was_made(bookmark: Bookmark, why: str) -> None:
    assert describe(replace(capture(3), state=bookmark.state())).why == why


def test_a_batch_adds_up_its_tables() -> None:
    tables = {
        "staff": TableCommit(rows=3, inserts=1, updates=2),
        "design": TableCommit(rows=4, updates=1, deletes=3, quarantined=5),
    }
    found = describe(replace(capture(3), tables=tables))
    assert (found.inserts, found.updates, found.deletes, found.quarantined) == (1, 3, 3, 5)
    assert found.tables["design"] == {"inserts": 0, "updates": 1, "deletes": 3, "quarantined": 5}


@pytest.mark.parametrize(
    ("limit", "numbers"), [(1, [4]), (3, [4, 3, 2]), (10, [4, 3, 2, 1])], ids=["one", "some", "more than there are"]
)
def test_the_newest_come_first(limit: int, numbers: list[int]) -> None:
    assert [batch.number for batch in read(filled(1, 2, 3, 4)[1], limit)] == numbers


def test_before_the_first_run_there_are_none() -> None:
    assert read(filled()[1], 10) == []
