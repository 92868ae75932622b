"""The bookmark moved by the command line, on a real PostgreSQL: nothing is captured twice, nothing is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.conftest import SOURCE
from tests.integration.capture.clusters import scratch
from tests.integration.capture.conftest import Source, create_tables, insert_designs, state_of
from totelake.capture import ingest
from totelake.capture.detect.moves import BACKFILL, BY_HAND, backfill
from totelake.cli import bookmark as commands
from totelake.cli.app import whole_app
from totelake.lake.keys import Attempt
from totelake.lake.records.batch import Bookmark
from totelake.runtime import open_job

pytestmark = pytest.mark.integration
MOVES = ["set 1", "set 3", "rewind", "rewind --batches 2", "reset"]


def move(source: Source, words: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `totelake bookmark ... --json` on the source's log; its document."""
    target = SimpleNamespace(ingestion=source.store)
    monkeypatch.setattr(commands.Target, "named", lambda kind, home: target)
    result = CliRunner().invoke(whole_app(), ["bookmark", *words.split(), "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def mark(source: Source, table: str) -> None:
    """Ask for a backfill of a table."""
    with open_job(source.arguments()) as job:
        assert backfill(source.log(), table, BY_HAND, job.now()) is not None


@pytest.fixture
def lived(filled: Source) -> Source:
    """Three batches of designs: a copy, inserts and an update, deletions."""
    filled.sql(insert_designs(201, 203), "UPDATE design SET design_name = 'B' WHERE design_id = 7")
    filled.run()
    filled.sql("DELETE FROM design WHERE design_id IN (8, 202)")
    filled.run()
    return filled


@pytest.mark.parametrize("words", MOVES)
def test_after_a_move_nothing_is_captured_again(lived: Source, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert move(lived, words, monkeypatch)["number"] == 4
    manifest = lived.run()
    assert manifest is not None and (manifest.kind, manifest.tables) == ("bookmark", {})
    searched = {state.search for state in Bookmark.of(manifest).tables.values()}
    assert searched == ({"whole"} if words == "reset" else {"window"})
    assert lived.replayed("design") == lived.content("design")
    assert lived.run() is None


@pytest.mark.parametrize("words", MOVES)
def test_after_a_move_what_changed_is_captured_and_nothing_else(
    lived: Source, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived.sql("UPDATE design SET file_name = 'before' WHERE design_id = 1", "DELETE FROM design WHERE design_id = 2")
    move(lived, words, monkeypatch)
    lived.sql("UPDATE design SET file_name = 'after' WHERE design_id = 3", insert_designs(8, 8))
    manifest = lived.run()
    assert lived.changes(manifest, "design") == [("U", 1), ("D", 2), ("U", 3), ("I", 8)]
    assert manifest is not None and list(manifest.tables) == ["design"]
    assert lived.replayed("design") == lived.content("design")
    assert lived.run() is None


@pytest.mark.parametrize("words", ["set 1", "rewind", "reset"])
def test_a_move_while_a_run_is_about_to_commit_loses_nothing(
    lived: Source, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived.sql("UPDATE design SET file_name = 'new' WHERE design_id = 1")
    wait, moves = ingest.wait_durable, iter([words])

    def wait_and_move(*given: Any) -> bool:
        for word in moves:
            move(lived, word, monkeypatch)
        return wait(*given)

    monkeypatch.setattr(ingest, "wait_durable", wait_and_move)
    manifest = lived.run()
    assert manifest is not None and manifest.number == 5
    assert lived.changes(manifest, "design") == [("U", 1)]
    assert lived.replayed("design") == lived.content("design")
    assert lived.run() is None


def test_deletions_that_were_held_back_stay_held_back(filled: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.sql("DELETE FROM design WHERE design_id > 50")
    filled.run()
    for number, words in ((3, "set 1"), (5, "reset")):
        assert move(filled, words, monkeypatch)["number"] == number
        manifest = filled.run()
        assert manifest is not None and not manifest.tables
        assert state_of(manifest).deferred == 150
    allowed = filled.run(allow_deletes="design")
    assert allowed is not None and allowed.tables["design"].deletes == 150


def test_a_backfill_compares_one_table_whole_and_no_other(filled: Source) -> None:
    mark(filled, "design")
    manifest = filled.run()
    assert manifest is not None and not manifest.tables
    states = Bookmark.of(manifest).tables
    assert (states["design"].search, states["design"].why) == ("whole", BACKFILL)
    assert {state.search for name, state in states.items() if name != "design"} == {"nothing"}
    assert filled.run() is None


def test_a_backfill_finds_what_no_window_shows(filled: Source) -> None:
    """A ledger that lacks an edit from before the bookmark's snapshot, as after a state object that was put back."""
    first = Bookmark.of(filled.log().newest()).tables["design"]
    filled.sql("UPDATE design SET file_name = 'new' WHERE design_id = 1")
    assert filled.changes(filled.run(), "design") == [("U", 1)]
    newest = Bookmark.of(filled.log().newest())
    design = replace(newest.tables["design"], ledger=first.ledger)
    forged = replace(newest, tables={**newest.tables, "design": design})
    assert filled.log().commit(forged.moved(Attempt(SOURCE, 3, "forged"), datetime.fromisoformat(newest.captured_at)))
    assert filled.run() is None
    mark(filled, "design")
    assert filled.changes(filled.run(), "design") == [("U", 1)]
    assert filled.run() is None


def test_a_backfill_captures_an_edit_exactly_once(filled: Source) -> None:
    filled.sql("UPDATE design SET file_name = 'before' WHERE design_id = 1")
    mark(filled, "design")
    filled.sql("DELETE FROM design WHERE design_id = 2")
    assert filled.changes(filled.run(), "design") == [("U", 1), ("D", 2)]
    assert filled.run() is None


def test_a_paused_run_leaves_the_mark_in_place(filled: Source) -> None:
    mark(filled, "design")
    assert filled.run(bookmark="pause") is None
    manifest = filled.run()
    assert state_of(manifest).search == "whole"


def test_the_history_tells_every_batch_and_move(lived: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    move(lived, "rewind", monkeypatch)
    found = move(lived, "history", monkeypatch)
    counted = [tuple(item[name] for name in ("number", "kind", "inserts", "updates", "deletes")) for item in found]
    assert counted == [(4, "bookmark", 0, 0, 0), (3, "data", 0, 0, 2), (2, "data", 3, 1, 0), (1, "data", 200, 0, 0)]
    assert found[0]["why"] == "search from batch 2 on"
    assert found[2]["why"] == "design: 4 row versions since the last batch's snapshot, 203 rows where 200 were captured"
    assert found[3]["why"] == "first copy"
    assert found[1]["tables"] == {"design": {"inserts": 0, "updates": 0, "deletes": 2, "quarantined": 0}}


@pytest.fixture
def moved(aws: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """Five designs captured on a server far on in its transactions, then on a new one with the same rows."""
    with scratch(tmp_path_factory.mktemp("servers")) as clusters:
        clusters.need("initdb", "pg_ctl")
        old, new = clusters.new("old"), clusters.new("new")
        source = Source(old)
        source.sql(insert_designs(1, 5), *["SELECT pg_current_xact_id()"] * 300)
        source.run()
        name = source.dsn.rsplit("/", 1)[1]
        new.rows(f"CREATE DATABASE {name}")
        source.move(new)
        create_tables(source.connection.cursor())
        source.sql(insert_designs(1, 5))
        source.run()
        yield source
        source.close()


@pytest.mark.parametrize("words", ["set 1", "rewind"])
def test_a_bookmark_moved_to_another_servers_batch_leaves_out_none_of_this_ones(
    moved: Source, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old server's transaction ids are far ahead: a window that began there would not reach this edit."""
    first, second = (Bookmark.of(moved.log().get(number)) for number in (1, 2))
    assert first.snapshot is not None and second.snapshot is not None
    assert first.snapshot.xmin > second.snapshot.xmin + 100
    moved.sql("UPDATE design SET file_name = 'new' WHERE design_id = 1", *["SELECT pg_current_xact_id()"] * 600)
    move(moved, words, monkeypatch)
    assert moved.changes(moved.run(), "design") == [("U", 1)]
    assert moved.replayed("design") == moved.content("design")
