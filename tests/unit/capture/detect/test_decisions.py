"""What a run decides from a look alone: which tables it searches, how, and whether it trusts the server."""

from __future__ import annotations

import dataclasses

import pytest

from totelake.capture.detect.bookmark import Bookmark, TableState, Window
from totelake.capture.detect.search import MOST_XIDS, NOTHING, WHOLE, WINDOW, Look, choose, reason_for_everything
from totelake.capture.postgres.server import BEHIND, CHANGED, SAME, Identity, end_of_log, judge
from totelake.capture.postgres.session import Snapshot
from totelake.capture.postgres.shape import Shape
from totelake.capture.table import is_suspicious
from totelake.lake.manifest import Manifest

IDENTITY = Identity("1", timeline=2, in_recovery=False, lsn=1000, version=150018, dbname="totesys", started="09:00")
SNAPSHOT = Snapshot.parse("500:510:500,503")
QUIET = Window(2, "77")
STATE = TableState(
    keys=10, deferred=1, fingerprint="f", window=QUIET, ledger={"base": None, "deltas": []}, search=NOTHING, why=""
)
BOOKMARK = Bookmark(3, IDENTITY, SNAPSHOT, "2026-11-24T05:00:00+00:00", tables={"staff": STATE})
SHAPE = Shape("public", "staff", (), "staff_id", "f")


def test_a_snapshot_is_read_from_its_text() -> None:
    assert (SNAPSHOT.xmin, SNAPSHOT.xmax, SNAPSHOT.text) == (500, 510, "500:510:500,503")


def test_a_bookmark_survives_its_manifest() -> None:
    manifest = Manifest("totesys", 3, "a", "data", "2026-11-24T05:00:01+00:00", {}, BOOKMARK.state())
    assert Bookmark.of(manifest) == BOOKMARK
    assert Bookmark.of(None) == Bookmark()
    with pytest.raises(ValueError, match="without identity"):
        Bookmark().state()


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
    bookmark: Bookmark, identity: Identity, snapshot: Snapshot | str, disabled: bool, why: str
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
    ("gone", "known", "suspicious"),
    [(0, 0, False), (1, 5, False), (5, 5, True), (100, 500, False), (101, 500, True), (101, 2000, False)],
)
def test_the_circuit_breaker(gone: int, known: int, suspicious: bool) -> None:
    assert is_suspicious(gone, known) is suspicious
