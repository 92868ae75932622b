"""What a run decides from a look alone: which tables it searches, how, and whether it trusts the server."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone

import pytest

from tests.conftest import SOURCE
from totelake.capture.detect.breaker import holds_back, needs_approval
from totelake.capture.detect.search import MOST_XIDS, NOTHING, WHOLE, WINDOW, Look, choose, reason_for_everything
from totelake.capture.ledger.keys import Key
from totelake.capture.postgres.server import BEHIND, CHANGED, SAME, end_of_log, judge
from totelake.capture.postgres.shape import Shape
from totelake.contracts.key_kinds import INTEGER, TEXT
from totelake.lake.keys import Attempt
from totelake.lake.records.batch import Batch, Bookmark, LedgerFiles, ServerIdentity, Snapshot, TableState, Window

IDENTITY = ServerIdentity("1", 2, in_recovery=False, lsn=1000, version=150018, dbname="source", started="09:00")
NOW = datetime(2026, 11, 24, 5, 0, 1, tzinfo=timezone.utc)
SNAPSHOT = Snapshot.parse("500:510:500,503")
QUIET = Window(2, "77")
STATE = TableState(keys=10, deferred=1, fingerprint="f", window=QUIET, ledger=LedgerFiles(), search=NOTHING, why="")
BOOKMARK = Bookmark(3, IDENTITY, SNAPSHOT, "2026-11-24T05:00:00+00:00", tables={"staff": STATE})
SHAPE = Shape("public", "staff", (), Key(("staff_id",), (INTEGER,)), "f")


def test_a_snapshot_is_read_from_its_text() -> None:
    assert (SNAPSHOT.xmin, SNAPSHOT.xmax, SNAPSHOT.text) == (500, 510, "500:510:500,503")


def test_a_bookmark_survives_its_manifest() -> None:
    attempt = Attempt(SOURCE, 3, "a")
    assert Bookmark.of(Batch(BOOKMARK).manifest(attempt, NOW)) == Bookmark.of(BOOKMARK.moved(attempt, NOW)) == BOOKMARK
    assert Bookmark.of(None) == Bookmark()
    with pytest.raises(ValueError, match="without identity"):
        _ = Bookmark().document


@pytest.mark.parametrize(
    ("previous", "look", "fingerprint", "everything", "kind", "why"),
    [
        (None, Look(9, QUIET, QUIET), "f", "", WHOLE, "first copy"),
        (STATE, Look(9, QUIET, Window(0, "0")), "f", "", NOTHING, ""),
        (STATE, Look(9, Window(2, "78"), QUIET), "f", "", WINDOW, "2 row versions since the last batch's snapshot"),
        (STATE, Look(8, QUIET, QUIET), "f", "", WINDOW, "8 rows where 9 were captured"),
        (STATE, Look(10, QUIET, QUIET), "f", "", WINDOW, "10 rows where 9 were captured"),
        (STATE, Look(9, QUIET, QUIET), "g", "", WHOLE, "the table's definition changed"),
        (STATE, Look(9, QUIET, QUIET), "f", "restored", WHOLE, "restored"),
    ],
)
def test_a_tables_search(
    previous: TableState | None, look: Look, fingerprint: str, everything: str, kind: str, why: str
) -> None:
    search = choose(previous, dataclasses.replace(SHAPE, fingerprint=fingerprint), look, everything)
    assert (search.kind, search.why) == (kind, why)


@pytest.mark.parametrize(("kinds", "kind"), [((INTEGER,), WINDOW), ((INTEGER, INTEGER), WHOLE), ((TEXT,), WHOLE)])
def test_more_changes_than_memory_has_room_for_keys_of_bytes_are_compared_whole(
    kinds: tuple[str, ...], kind: str
) -> None:
    shape = dataclasses.replace(SHAPE, key=Key(("a", "b")[: len(kinds)], kinds))
    many = Window(250_001, "78")
    assert choose(STATE, shape, Look(9, many, QUIET), "").kind == kind
    assert choose(STATE, shape, Look(9, Window(250_000, "78"), QUIET), "").kind == WINDOW


@pytest.mark.parametrize(
    ("bookmark", "identity", "snapshot", "disabled", "why"),
    [
        (Bookmark(), IDENTITY, SNAPSHOT, False, "first copy"),
        (BOOKMARK, IDENTITY, "500:520:", False, ""),
        (BOOKMARK, IDENTITY, "500:520:", True, "bookmark disabled"),
        (dataclasses.replace(BOOKMARK, durable=False), IDENTITY, "500:520:", False, "durable"),
        (dataclasses.replace(BOOKMARK, compare="bookmark reset"), IDENTITY, "500:520:", False, "bookmark reset"),
        (BOOKMARK, dataclasses.replace(IDENTITY, system="2"), "500:520:", False, "system identifier"),
        (BOOKMARK, dataclasses.replace(IDENTITY, timeline=1), "500:520:", False, "timeline"),
        (BOOKMARK, dataclasses.replace(IDENTITY, started="10:00"), "500:520:", False, "started"),
        (BOOKMARK, dataclasses.replace(IDENTITY, dbname="copy"), "500:520:", False, "database"),
        (BOOKMARK, dataclasses.replace(IDENTITY, lsn=999), "500:520:", False, "went back"),
        (BOOKMARK, IDENTITY, f"500:{500 + MOST_XIDS}:", False, "too many transactions"),
        (BOOKMARK, IDENTITY, f"500:{499 + MOST_XIDS}:", False, ""),
        (BOOKMARK, IDENTITY, "400:499:", False, "too many transactions"),
    ],
)
def test_when_everything_is_compared(
    bookmark: Bookmark, identity: ServerIdentity, snapshot: Snapshot | str, disabled: bool, why: str
) -> None:
    now = Snapshot.parse(snapshot) if isinstance(snapshot, str) else snapshot
    found = reason_for_everything(bookmark, identity, now, disabled)
    assert why in found and bool(why) == bool(found)


def test_a_standby_behind_the_last_batch_is_waited_for() -> None:
    standby = dataclasses.replace(IDENTITY, in_recovery=True)
    assert judge(standby, dataclasses.replace(standby, lsn=1001)).kind == SAME
    assert judge(standby, dataclasses.replace(standby, lsn=999)).kind == BEHIND
    assert judge(IDENTITY, dataclasses.replace(standby, lsn=900)).kind == BEHIND
    assert judge(IDENTITY, dataclasses.replace(IDENTITY, lsn=900)).kind == CHANGED


def test_a_standby_of_an_older_timeline_is_waited_for_and_one_of_a_newer_is_not() -> None:
    standby = dataclasses.replace(IDENTITY, in_recovery=True, lsn=2000)
    assert judge(IDENTITY, dataclasses.replace(standby, timeline=1)).kind == BEHIND
    assert judge(IDENTITY, dataclasses.replace(standby, timeline=3)).kind == CHANGED


def test_only_two_primaries_are_told_apart_by_their_start() -> None:
    standby = dataclasses.replace(IDENTITY, in_recovery=True, started="10:00")
    assert judge(IDENTITY, standby).kind == SAME
    assert judge(standby, IDENTITY).kind == SAME


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (8192 + 24, 8192),
        (8192 + 40, 8192 + 40),
        (8192 + 32, 8192 + 32),
        (2**24 + 40, 2**24),
        (2**24 + 24, 2**24 + 24),
        (3 * 2**24 + 8192 + 24, 3 * 2**24 + 8192),
        (5000, 5000),
    ],
)
def test_the_log_ends_before_the_header_of_an_empty_page(begins: int, ends: int) -> None:
    assert end_of_log(begins, 8192, 2**24) == ends


@pytest.mark.parametrize(
    ("gone", "known", "waits"),
    [(0, 0, False), (1, 5, False), (5, 5, True), (100, 500, False), (101, 500, True), (101, 2000, False)],
)
def test_the_circuit_breaker(gone: int, known: int, waits: bool) -> None:
    assert needs_approval(gone, known) is waits


@pytest.mark.parametrize(
    ("gone", "deferred", "is_allowed", "waits"),
    [
        (0, 0, False, False),
        (1, 0, False, False),
        (50, 0, False, True),
        (50, 0, True, False),
        (1, 7, False, True),
        (1, 7, True, False),
        (0, 7, False, False),
    ],
)
def test_deletions_wait_that_need_approval_or_come_beside_some_that_wait(
    gone: int, deferred: int, is_allowed: bool, waits: bool
) -> None:
    assert holds_back(gone, 50, deferred, is_allowed) is waits
