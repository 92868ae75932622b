"""Moving the bookmark: what the commit says, whoever wins the number, and from where it can be moved at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.capture.detect.test_decisions import BOOKMARK, IDENTITY, SHAPE, STATE
from totelake.capture.detect.moves import BACKFILL, backfill, batch_before, comparing, reset, rewind, searching_from
from totelake.capture.detect.search import WHOLE, Look, choose
from totelake.errors import ConfigurationError, RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import Manifest, TableCommit, to_json
from totelake.lake.records.batch import Batch, Bookmark, Snapshot, Window
from totelake.ports.memory import MemoryStore

NOW = datetime(2026, 11, 24, 6, tzinfo=timezone.utc)


def captured(number: int, **changes: Any) -> Bookmark:
    """The bookmark of a capture; its snapshot begins at a hundred times its number."""
    snapshot = Snapshot.parse(f"{number}00:{number}05:")
    return replace(BOOKMARK, **{"batch": number, "snapshot": snapshot, **changes})


def capture(number: int, **changes: Any) -> Manifest:
    """A capture of one new and one quarantined row of staff."""
    batch = Batch(captured(number, **changes), {"staff": TableCommit(rows=1, inserts=1, quarantined=1)})
    return batch.manifest(Attempt(SOURCE, number, f"run-{number}"), NOW)


class ContestedStore(MemoryStore):
    """A store in which others write first: each rival is put where the next object is to be created."""

    def __init__(self) -> None:
        super().__init__()
        self.rivals: list[Manifest] = []

    def create(self, key: str, body: bytes) -> bool:
        """Create an object, unless a rival is faster."""
        if self.rivals:
            assert super().create(key, to_json(self.rivals.pop(0)))
        return super().create(key, body)


def filled(*numbers: int) -> tuple[ContestedStore, CommitLog]:
    """A log with these captures."""
    store = ContestedStore()
    log = CommitLog(store, SOURCE)
    for number in numbers:
        assert log.commit(capture(number))
    return store, log


def newest(log: CommitLog) -> Bookmark:
    """The newest bookmark."""
    return Bookmark.of(log.newest())


def test_a_rewind_is_the_newest_bookmark_with_an_earlier_snapshot_and_no_object() -> None:
    _, log = filled(1, 2, 3)
    made = rewind(log, 1, "by-hand", NOW)
    found = newest(log)
    assert (made.number, made.kind, made.tables) == (4, "bookmark", {})
    assert (found.batch, found.since, found.snapshot) == (4, 1, Snapshot.parse("100:105:"))
    assert found.tables["staff"] == replace(STATE, window=Window(-1, ""))
    assert found.captured_at == BOOKMARK.captured_at


def test_a_move_back_to_a_move_goes_where_that_one_went() -> None:
    _, log = filled(1, 2, 3)
    rewind(log, 1, "by-hand", NOW)
    rewind(log, 3, "by-hand", NOW)
    rewind(log, 4, "by-hand", NOW)
    assert (newest(log).since, newest(log).snapshot) == (1, Snapshot.parse("100:105:"))


def test_batches_are_counted_from_where_the_bookmark_is_and_moves_do_not_count() -> None:
    _, log = filled(1, 2, 3)
    assert batch_before(log, 1) == 2
    reset(log, "by-hand", NOW)
    assert batch_before(log, 1) == 2
    rewind(log, 2, "by-hand", NOW)
    assert batch_before(log, 1) == 1
    with pytest.raises(ConfigurationError) as error:
        batch_before(log, 2)
    assert str(error.value) == (
        "the log totesys has 1 batches before the one that is searched from, not 2; "
        "name fewer, or use `totelake bookmark reset`"
    )


def test_a_reset_is_kept_by_a_move_after_it_and_the_other_way_round() -> None:
    for moves in (("rewind", "reset", "backfill"), ("backfill", "reset", "rewind"), ("backfill", "rewind", "reset")):
        _, log = filled(1, 2)
        for move in moves:
            if move == "rewind":
                rewind(log, 1, "by-hand", NOW)
            elif move == "reset":
                reset(log, "by-hand", NOW)
            else:
                backfill(log, "staff", "by-hand", NOW)
        assert (newest(log).since, newest(log).compare) == (1, "bookmark reset")


@pytest.mark.parametrize("to", [0, 4])
def test_a_batch_that_is_not_there_is_named_with_those_that_are(to: int) -> None:
    _, log = filled(1, 2, 3)
    with pytest.raises(ConfigurationError) as error:
        rewind(log, to, "by-hand", NOW)
    assert str(error.value) == f"the log totesys has batches 1 to 3, not {to}; name one of them"
    assert log.newest_number() == 3


@pytest.mark.parametrize(
    "move",
    [
        lambda log: rewind(log, 1, "by-hand", NOW),
        lambda log: reset(log, "by-hand", NOW),
        lambda log: backfill(log, "staff", "by-hand", NOW),
        lambda log: batch_before(log, 1),
    ],
    ids=["rewind", "reset", "backfill", "batches before"],
)
def test_without_a_batch_there_is_nothing_to_move(move: Callable[[CommitLog], object]) -> None:
    _, log = filled()
    with pytest.raises(ConfigurationError) as error:
        move(log)
    message = "the log totesys has no batch yet, so there is no bookmark to move; run it first"
    assert str(error.value) == message


@pytest.mark.parametrize("move", ["rewind", "reset", "backfill"])
def test_a_run_that_commits_first_is_not_undone(move: str) -> None:
    store, log = filled(1, 2)
    store.rivals.append(capture(3, tables={"staff": replace(STATE, keys=11)}))
    made = {
        "rewind": lambda: rewind(log, 1, "by-hand", NOW),
        "reset": lambda: reset(log, "by-hand", NOW),
        "backfill": lambda: backfill(log, "staff", "by-hand", NOW),
    }[move]()
    assert made is not None and made.number == 4
    assert newest(log).tables["staff"].keys == 11
    assert newest(log).is_move


def test_a_move_that_never_wins_says_so_and_commits_nothing() -> None:
    store, log = filled(1)
    store.rivals += [capture(number) for number in range(2, 7)]
    with pytest.raises(RetriableError) as error:
        reset(log, "by-hand", NOW)
    assert str(error.value) == (
        "other runs committed to the log totesys first, 5 times; run the job again when they have ended"
    )
    assert not any(Bookmark.of(manifest).is_move for manifest in log.since(0))


def test_a_backfill_marks_its_table_alone_and_once() -> None:
    _, log = filled(1)
    log.commit(capture(2, tables={"staff": STATE, "design": STATE}))
    made = backfill(log, "staff", "by-hand", NOW)
    assert made is not None and made.number == 3
    assert {name: state.compare for name, state in newest(log).tables.items()} == {"staff": BACKFILL, "design": ""}
    assert backfill(log, "staff", "by-hand", NOW) is None
    assert log.newest_number() == 3


def test_a_table_that_is_compared_whole_anyway_needs_no_mark() -> None:
    _, log = filled(1)
    assert backfill(log, "design", "by-hand", NOW) is None
    reset(log, "by-hand", NOW)
    assert backfill(log, "staff", "by-hand", NOW) is None


def test_a_marked_table_is_compared_whole_though_nothing_changed() -> None:
    marked = comparing(BOOKMARK, "staff").tables["staff"]
    search = choose(marked, SHAPE, Look(9, STATE.window, STATE.window), "")
    assert (search.kind, search.why) == (WHOLE, "backfill asked for")


OTHER = replace(IDENTITY, system="2")


@pytest.mark.parametrize(
    ("newest", "earlier", "snapshot", "compare"),
    [
        (captured(3), captured(2), "200:205:", ""),
        (captured(3, snapshot=Snapshot.parse("100:105:"), since=1), captured(2), "200:205:", ""),
        (captured(3), captured(2, identity=OTHER), "200:205:", ""),
        (
            captured(3),
            captured(2, identity=OTHER, snapshot=Snapshot.parse("900:905:")),
            "300:305:",
            "batch 2 came from another server, or from before a restart",
        ),
        (
            captured(3, compare="bookmark reset"),
            captured(2, identity=OTHER, snapshot=Snapshot.parse("900:905:")),
            "300:305:",
            "bookmark reset",
        ),
    ],
    ids=["back", "forward again", "another server, lower", "another server, higher", "another server, after a reset"],
)
def test_no_transaction_since_either_snapshot_is_left_out(
    newest: Bookmark, earlier: Bookmark, snapshot: str, compare: str
) -> None:
    moved = searching_from(newest, earlier)
    assert (moved.snapshot, moved.compare, moved.since) == (Snapshot.parse(snapshot), compare, 2)
