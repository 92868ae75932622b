"""Keys that change, timestamps that say nothing, cascades, and transactions that stay open."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.integration.capture.conftest import Source, insert_designs
from totelake.capture import ingest as module
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import Bookmark
from totelake.runtime.job import Job

pytestmark = pytest.mark.integration


def test_a_transaction_that_stays_open_is_reported_until_it_ends(
    filled: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    idle, reported = filled.connect(autocommit=False), []
    idle.cursor().execute(insert_designs(210, 210))
    for number in (220, 221, 222):
        if number == 222:
            idle.rollback()
            idle.close()
        filled.sql(insert_designs(number, number))
        filled.run()
        reported.append("is open since before batch" in capsys.readouterr().out)
    assert reported == [False, True, False]


def test_equal_and_missing_timestamps_hide_nothing(filled: Source) -> None:
    filled.sql("ALTER TABLE design ALTER last_updated DROP NOT NULL")
    filled.run()
    filled.sql("UPDATE design SET file_name = 'a' WHERE design_id = 1", insert_designs(201, 202))
    assert filled.changes(filled.run(), "design") == [("U", 1), ("I", 201), ("I", 202)]
    filled.sql("UPDATE design SET last_updated = NULL WHERE design_id = 2")
    assert filled.changes(filled.run(), "design") == [("U", 2)]
    filled.sql("UPDATE design SET file_name = 'b' WHERE design_id = 2")
    assert filled.changes(filled.run(), "design") == [("U", 2)]
    assert filled.replayed("design") == filled.content("design")


def test_a_key_that_is_changed_is_a_deletion_and_an_insert(filled: Source) -> None:
    filled.sql("UPDATE design SET design_id = 300 WHERE design_id = 7")
    assert filled.changes(filled.run(), "design") == [("D", 7), ("I", 300)]
    filled.sql(
        "UPDATE design SET design_id = 1000 WHERE design_id = 1",
        "UPDATE design SET design_id = 1 WHERE design_id = 2",
        "UPDATE design SET design_id = 2 WHERE design_id = 1000",
    )
    assert filled.changes(filled.run(), "design") == [("U", 1), ("U", 2)], "two keys that were exchanged"
    assert filled.replayed("design") == filled.content("design")


def test_what_a_cascade_deletes_and_clears_is_captured(filled: Source) -> None:
    filled.sql(
        "ALTER TABLE address ADD FOREIGN KEY (address_id) REFERENCES design ON DELETE CASCADE",
        "ALTER TABLE design ADD COLUMN next integer REFERENCES design ON DELETE SET NULL",
        "INSERT INTO address SELECT i, 'line', NULL, NULL, 'city', 'code', 'country', 'phone', '2024-01-01', "
        "'2024-01-01' FROM generate_series(1, 3) AS i",
        "UPDATE design SET next = 2 WHERE design_id = 9",
    )
    filled.run()
    filled.sql("DELETE FROM design WHERE design_id = 2")
    manifest = filled.run()
    assert filled.changes(manifest, "address") == [("D", 2)]
    assert filled.changes(manifest, "design") == [("D", 2), ("U", 9)]


def test_batches_are_captured_at_whole_milliseconds_each_later_than_the_one_before(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = datetime(2026, 11, 24, 23, 59, 59, 998_400, timezone.utc)
    clocks = [older, older, older - timedelta(days=400), older + timedelta(microseconds=1300)]

    def captured(number: int) -> datetime:
        monkeypatch.setattr(Job, "now", lambda _: clocks[number])
        source.sql(insert_designs(number + 1, number + 1))
        manifest = source.run()
        assert isinstance(manifest, Manifest)
        found = datetime.fromisoformat(Bookmark.of(manifest).captured_at)
        (item,) = manifest.objects_of("design")
        assert item.partition == {"ingested_on": found.date().isoformat()}
        assert [event["_captured_at"] for event in source.events(manifest, "design")] == [found.replace(tzinfo=None)]
        return found

    with monkeypatch.context() as earlier:  # a lake of an earlier release has microseconds
        earlier.setattr(module, "captured_next", lambda _, clock: clock)
        assert captured(0) == older
    whole = older.replace(microsecond=999_000)
    step = timedelta(milliseconds=1)
    assert [captured(number) for number in (1, 2, 3)] == [whole, whole + step, whole + 2 * step]
