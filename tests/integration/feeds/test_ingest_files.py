"""Files become batches: each is taken once, the later one counts, and nothing that does not fit is lost."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.integration.feeds.conftest import SOURCE, TABLE, Files, target
from totelake.capture.detect import moves
from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError
from totelake.feeds import batch
from totelake.feeds.looks import Place
from totelake.lake.records.batch import Batch, Bookmark
from totelake.operate.reconcile.compare import look_of_feed, reconcile
from totelake.ports.memory import MemoryStore
from totelake.runtime import moments


def test_a_file_is_taken_once_and_what_it_changes_is_an_update(files: Files) -> None:
    files.put("a.json", [target(1, 100), target(2, 200.5)])
    first = files.run()
    assert files.amounts(first) == {1: ("I", "100.00"), 2: ("I", "200.50")}
    assert files.run() is None and files.look().news == ""
    files.put("b.json", [target(2, 300), target(3, 50), target(1, "100.00")])
    assert "b.json" in files.look().news
    second = files.run()
    assert files.amounts(second) == {2: ("U", "300.00"), 3: ("I", "50.00")}
    assert second is not None and Batch.of(second).bookmark.tables[TABLE].keys == 3


def test_records_that_do_not_fit_wait_and_a_corrected_file_brings_them(files: Files) -> None:
    lines = [target(1), target(2, "much"), 7, target(3)]
    files.put("a.json", json.dumps(lines, indent=0).encode())
    first = files.run()
    assert sorted(files.amounts(first)) == [1, 3]
    found = files.refused(first)
    assert [rule for _, rule, _ in found] == ["invalid_value", "no_record"]
    assert found[0][2] == "amount: much is no number" and found[1][2] == "it is no JSON object"
    assert [int(line) for line, _, _ in found] == [8, 14]
    files.put("a.json", [target(1), target(2, 20), target(3)])
    assert files.amounts(files.run()) == {2: ("I", "20.00")}


def test_a_frozen_dataset_takes_a_name_without_a_value_and_refuses_one_with(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    (known,) = load_contracts().source_tables(SOURCE)
    monkeypatch.setattr(type(load_contracts()), "source_tables", lambda *_: (replace(known, policy="freeze"),))
    files.put("a.json", [{**target(1), "note": None}, {**target(2), "note": "x"}, target(3)])
    found = files.run()
    assert sorted(files.amounts(found)) == [1, 3]
    why = "note: its contract, which is frozen, names no such column"
    assert [(rule, said) for _, rule, said in files.refused(found)] == [("invalid_value", why)]


def test_what_is_asked_for_again_is_read_again_and_brings_nothing_that_is_known(files: Files) -> None:
    files.put("a.json", [target(1)])
    files.run()
    again = files.run(bookmark="disable")
    assert again is None
    moves.reset(files.log, "by-hand", moments.now())
    moved = files.run()
    assert moved is not None and (moved.kind, files.amounts(moved)) == ("bookmark", {})
    assert not Bookmark.of(moved).is_move and files.look().news == ""
    with pytest.raises(ConfigurationError, match="has no snapshot to search from"):
        moves.rewind(files.log, 1, "by-hand", moments.now())
    assert files.run(bookmark="pause") is None
    files.put("b.json", [target(2)])
    assert files.run(bookmark="pause") is None and files.look().news != ""
    assert files.amounts(files.run()) == {2: ("I", "100.00")}


def test_a_file_that_goes_away_deletes_nothing_and_one_that_is_none_stops_no_other(files: Files) -> None:
    files.put("a.json", [target(1)])
    files.run()
    files.s3.delete_object(Bucket=files.bucket, Key=f"{TABLE}/a.json")
    files.put("b.json", b'[{"month": "2026-02-01"')
    files.put("c.json", [target(3)])
    files.put("_SUCCESS", b"")
    found = files.run()
    assert files.amounts(found) == {3: ("I", "100.00")}
    assert [(line, rule) for line, rule, _ in files.refused(found)] == [("0", "no_record")]
    assert found is not None and Bookmark.of(found).tables[TABLE].keys == 2
    assert files.run() is None


def test_a_reconciliation_compares_the_listing_and_tells_what_is_not_taken(files: Files) -> None:
    def outcomes() -> list[tuple[str, str]]:
        source = load_contracts().source(SOURCE)
        look = look_of_feed(Place(files.clients, files.log.store, files.prefix, moments.now()), source)
        found = reconcile(files.log.store, MemoryStore(), load_contracts(), SOURCE, look, None)
        return [(item.check, item.outcome) for item in found if item.check in ("source = taken", "ledger = events")]

    assert outcomes() == [("source = taken", "equal")]
    files.put("a.json", [target(1), target(2, "many")])
    assert outcomes() == []
    files.run()
    assert outcomes() == [("source = taken", "equal"), ("ledger = events", "equal")]
    files.put("b.json", [target(3)])
    assert outcomes() == [("source = taken", "in progress"), ("ledger = events", "equal")]


def test_records_without_a_star_table_that_do_not_fit_are_told(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    files.put("a.json", [target(1), target(2, "much")])
    files.run()
    assert files.due() == []
    without = replace(load_contracts(), stars={})
    monkeypatch.setattr(batch, "load_contracts", lambda: without)
    files.put("b.json", [target(3, "many"), target(4, "some")])
    files.run()
    (told,) = files.due()
    assert "2 rows of targets.sales_target in quarantine" in told
    assert f"s3://{files.ingestion}/dead_letters/rows/targets/sales_target/" in told


def test_records_without_a_key_on_one_line_each_have_a_place_of_their_own(files: Files) -> None:
    files.put("a.json", [target(1), *({**target(2), "month": None, "amount": n} for n in range(5)), {}, 7, 8])
    found = files.rows(files.run(), "quarantine")
    assert len({row["source_key"] for row in found}) == len(found) == 8
