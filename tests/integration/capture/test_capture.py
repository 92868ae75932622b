"""Which changes become events: each hazard on a real PostgreSQL, by the ingestion job as it is deployed."""

from __future__ import annotations

import random
import threading
from typing import Any

import psycopg2
import pytest

from tests.integration.capture.conftest import Source, insert_designs, state_of
from totelake.capture.detect.moves import reset, rewind
from totelake.runtime import open_job
from totelake.runtime.job_arguments import IngestArguments

pytestmark = pytest.mark.integration


def test_the_first_run_copies_everything_and_the_second_finds_nothing(source: Source) -> None:
    source.sql(
        insert_designs(1, 3),
        "INSERT INTO address VALUES (1, '1 O''Keefe St, (a)', NULL, '', 'Leds', '01138', 'UK', '0\"1', now(), now())",
    )
    first = source.run()
    assert first is not None
    assert {name: table.rows for name, table in first.tables.items()} == {"design": 3, "address": 1}
    assert source.replayed("address") == source.content("address")
    assert source.replayed("design") == source.content("design")
    assert source.run() is None
    assert source.log().newest_number() == 1


def test_an_update_that_leaves_last_updated_alone_is_one_event(filled: Source) -> None:
    filled.sql("UPDATE design SET file_location = '/new' WHERE design_id = 7")
    events = filled.events(filled.run(), "design")
    assert [(event["_op"], event["design_id"], event["file_location"]) for event in events] == [("U", 7, "/new")]


def test_an_update_that_changes_nothing_is_no_event(filled: Source) -> None:
    filled.sql("UPDATE design SET file_location = file_location")
    manifest = filled.run()
    assert manifest is not None and manifest.kind == "bookmark" and not manifest.tables
    assert filled.run() is None


def test_a_value_that_changes_and_changes_back_between_two_looks_is_no_event(filled: Source) -> None:
    filled.sql("UPDATE design SET design_name = 'B' WHERE design_id = 1", "UPDATE design SET design_name = 'Wooden'")
    assert filled.changes(filled.run(), "design") == []


def test_a_value_that_changes_and_changes_back_over_two_looks_is_two_events(filled: Source) -> None:
    filled.sql("UPDATE design SET design_name = 'B' WHERE design_id = 1")
    assert filled.changes(filled.run(), "design") == [("U", 1)]
    filled.sql("UPDATE design SET design_name = 'Wooden' WHERE design_id = 1")
    assert filled.changes(filled.run(), "design") == [("U", 1)]


def test_deletes_are_tombstones_with_the_key_alone(filled: Source) -> None:
    filled.sql("DELETE FROM design WHERE design_id IN (3, 200)")
    events = filled.events(filled.run(), "design")
    assert sorted(event["design_id"] for event in events) == [3, 200]
    for event in events:
        assert {name for name, value in event.items() if value is not None} == {
            "design_id", "_op", "_batch", "_captured_at",
        }  # fmt: skip
    assert filled.run() is None


def test_a_delete_beside_an_insert_and_an_update_of_a_key(filled: Source) -> None:
    filled.sql("DELETE FROM design WHERE design_id = 5", insert_designs(201, 201), "UPDATE design SET design_id = 300 "
               "WHERE design_id = 6")  # fmt: skip
    assert filled.changes(filled.run(), "design") == [("D", 5), ("D", 6), ("I", 201), ("I", 300)]


def test_a_key_that_was_deleted_can_come_back(filled: Source) -> None:
    filled.sql("DELETE FROM design WHERE design_id = 5")
    assert filled.changes(filled.run(), "design") == [("D", 5)]
    filled.sql(insert_designs(5, 5))
    assert filled.changes(filled.run(), "design") == [("I", 5)]


def test_a_key_that_is_deleted_and_inserted_between_two_looks_is_an_update(filled: Source) -> None:
    filled.sql("DELETE FROM design WHERE design_id = 5", insert_designs(5, 5), "DELETE FROM design WHERE design_id = 6",
               insert_designs(6, 6), "UPDATE design SET design_name = 'New' WHERE design_id = 6")  # fmt: skip
    assert filled.changes(filled.run(), "design") == [("U", 6)]


def test_commits_that_come_late_are_captured(filled: Source) -> None:
    """capture.md 1.1: rows of transactions and savepoints that were in flight while later ones were captured."""
    late = filled.connect(autocommit=False)
    cursor = late.cursor()
    cursor.execute(insert_designs(210, 210))
    cursor.execute("SAVEPOINT s")
    cursor.execute(insert_designs(211, 211))
    filled.sql(insert_designs(220, 220), insert_designs(221, 221))
    assert filled.changes(filled.run(), "design") == [("I", 220), ("I", 221)]
    late.commit()
    late.close()
    assert filled.changes(filled.run(), "design") == [("I", 210), ("I", 211)]
    assert filled.run() is None


def test_a_prepared_transaction_is_captured_when_it_commits(filled: Source) -> None:
    other = filled.connect(autocommit=False)
    other.cursor().execute(insert_designs(210, 210))
    other.cursor().execute("PREPARE TRANSACTION 'late'")
    filled.sql(insert_designs(220, 220))
    assert filled.changes(filled.run(), "design") == [("I", 220)]
    filled.sql("COMMIT PREPARED 'late'")
    other.close()
    assert filled.changes(filled.run(), "design") == [("I", 210)]


def test_what_is_rolled_back_is_no_event(filled: Source) -> None:
    other = filled.connect(autocommit=False)
    other.cursor().execute(insert_designs(210, 210))
    other.cursor().execute("DELETE FROM design WHERE design_id = 1")
    other.rollback()
    other.close()
    assert filled.run() is None


def test_an_idle_transaction_elsewhere_only_widens_the_window(filled: Source) -> None:
    idle = filled.connect(autocommit=False)
    idle.cursor().execute(insert_designs(210, 210))
    for number in (220, 221, 222):
        filled.sql(insert_designs(number, number))
        assert filled.changes(filled.run(), "design") == [("I", number)]
    assert filled.run() is None
    idle.rollback()
    idle.close()
    assert filled.changes(filled.run(), "design") == []


def test_a_column_added_with_a_default_is_an_update_of_every_row(filled: Source) -> None:
    filled.sql("ALTER TABLE design ADD COLUMN extra integer DEFAULT 7")
    manifest = filled.run()
    assert manifest is not None and manifest.tables["design"].updates == 200
    assert {event["extra"] for event in filled.events(manifest, "design")} == {7}


def test_a_column_added_without_values_is_no_event(filled: Source) -> None:
    filled.sql("ALTER TABLE design ADD COLUMN extra integer")
    manifest = filled.run()
    assert manifest is not None and not manifest.tables
    assert state_of(manifest).why == "the table's definition changed"
    assert filled.run() is None


def test_an_enum_label_that_is_renamed_is_an_update_of_its_rows(source: Source) -> None:
    source.sql("INSERT INTO payment_type VALUES (1, 'SALES_RECEIPT', now(), now()), (2, 'SALES_REFUND', now(), now())")
    source.run()
    source.sql("ALTER TYPE \"PaymentTypeName\" RENAME VALUE 'SALES_REFUND' TO 'SALES_RETURN'")
    events = source.events(source.run(), "payment_type")
    assert [(event["payment_type_id"], event["payment_type_name"]) for event in events] == [(2, "SALES_RETURN")]


def test_a_column_that_is_dropped_and_added_again_loses_its_values(filled: Source) -> None:
    filled.sql(
        "ALTER TABLE design DROP COLUMN file_name", "ALTER TABLE design ADD COLUMN file_name text NOT NULL DEFAULT ''"
    )
    manifest = filled.run()
    assert manifest is not None and manifest.tables["design"].updates == 200


def test_a_table_that_takes_the_place_of_another_is_compared_by_content(filled: Source) -> None:
    filled.sql(
        "CREATE TABLE other (LIKE design INCLUDING ALL)",
        "INSERT INTO other SELECT * FROM design WHERE design_id <> 9",
        "UPDATE other SET design_name = 'Other' WHERE design_id = 8",
        "GRANT SELECT ON other TO totelake_reader",
        "ALTER TABLE design RENAME TO old",
        "ALTER TABLE other RENAME TO design",
    )
    assert filled.changes(filled.run(), "design") == [("U", 8), ("D", 9)]


def test_a_paused_bookmark_commits_nothing(filled: Source) -> None:
    filled.sql(insert_designs(201, 201))
    objects = filled.s3.list_objects_v2(Bucket=filled.bucket)["KeyCount"]
    assert filled.run(bookmark="pause") is None
    assert filled.s3.list_objects_v2(Bucket=filled.bucket)["KeyCount"] == objects
    assert filled.changes(filled.run(), "design") == [("I", 201)]


def test_a_disabled_bookmark_compares_everything_and_captures_nothing_twice(filled: Source) -> None:
    filled.sql(insert_designs(201, 201))
    manifest = filled.run(bookmark="disable")
    assert filled.changes(manifest, "design") == [("I", 201)]
    assert state_of(manifest, "staff").search == "whole"
    assert filled.run() is None


@pytest.mark.parametrize("back", ["rewind", "reset"])
def test_a_bookmark_that_is_set_back_captures_nothing_twice(filled: Source, back: str) -> None:
    filled.sql(insert_designs(201, 201), "DELETE FROM design WHERE design_id = 1")
    filled.run()
    with open_job(filled.arguments()) as job:
        if back == "rewind":
            rewind(filled.log(), 1, "by-hand", job.now())
        else:
            reset(filled.log(), "by-hand", job.now())
    filled.sql("DELETE FROM design WHERE design_id = 2", insert_designs(1, 1))
    assert filled.changes(filled.run(), "design") == [("I", 1), ("D", 2)]
    assert filled.run() is None
    assert filled.replayed("design") == filled.content("design")


def test_of_two_runs_at_once_one_takes_the_changes(filled: Source) -> None:
    filled.sql(insert_designs(201, 230))
    barrier, found = threading.Barrier(2), []

    def one() -> None:
        barrier.wait()
        found.append(filled.run())

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(filled.events(manifest, "design")) for manifest in found) == [0, 30]
    assert filled.replayed("design") == filled.content("design")


def test_a_definition_that_is_being_changed_is_waited_for(filled: Source) -> None:
    """Without the lock before the snapshot, a table that is rewritten meanwhile would read as empty."""
    changing = filled.connect(autocommit=False)
    changing.cursor().execute("ALTER TABLE design ALTER COLUMN design_id TYPE bigint")
    timer = threading.Timer(3, changing.commit)
    timer.start()
    manifest = filled.run()
    timer.join()
    changing.close()
    assert manifest is not None and filled.changes(manifest, "design") == []
    assert state_of(manifest).why == "the table's definition changed"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_writers_do_the_events_add_up_to_the_source(source: Source, seed: int) -> None:
    """Random inserts, updates, deletes, rollbacks and late commits by four sessions, with runs in between."""
    dice = random.Random(seed)
    source.sql(insert_designs(1, 60))
    sessions: list[Any] = [source.connect(autocommit=False) for _ in range(4)]
    for session in sessions:
        session.cursor().execute("SET lock_timeout = '50ms'")
    for _ in range(250):
        _one_step(dice, source, dice.choice(sessions))
    for session in sessions:
        session.commit()
        session.close()
    source.run(allow_deletes="design")
    assert source.replayed("design") == source.content("design")
    assert source.run() is None


def _one_step(dice: random.Random, source: Source, session: Any) -> None:
    key, roll = dice.randint(1, 90), dice.random()
    try:
        cursor = session.cursor()
        if roll < 0.15:
            source.run(allow_deletes="design")
        elif roll < 0.40:
            session.commit()
        elif roll < 0.45:
            session.rollback()
        elif roll < 0.55:
            cursor.execute("SAVEPOINT s")
        elif roll < 0.70:
            cursor.execute("DELETE FROM design WHERE design_id = %s", (key,))
        elif roll < 0.85:
            cursor.execute("UPDATE design SET design_name = %s WHERE design_id = %s", (dice.choice("AB"), key))
        else:
            cursor.execute(insert_designs(key, key) + " ON CONFLICT DO NOTHING")
    except psycopg2.Error:
        session.rollback()


def test_arguments_are_those_of_the_deployed_job(filled: Source) -> None:
    assert isinstance(filled.arguments(), IngestArguments)
