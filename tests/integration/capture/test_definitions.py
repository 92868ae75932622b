"""Tables that are emptied, rewritten, divided or hidden, while a run reads them or between two looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.capture.clusters import wait_until
from tests.integration.capture.conftest import READER, Source, insert_designs
from totelake.capture import captures
from totelake.lake.records.batch import Bookmark

pytestmark = pytest.mark.integration


def _agrees(source: Source) -> None:
    """The events add up to the source, row for row, and the next look finds nothing."""
    assert source.replayed("design") == source.content("design")
    assert source.run() is None


@pytest.fixture
def meanwhile(filled: Source, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Statements that another session begins when the run has its snapshot and has not read a row; the run goes on
    when the first of them waits for it."""
    statements: list[str] = []
    other = filled.connect()
    capture_table, begun = captures.capture_table, threading.Event()

    def execute() -> None:
        for statement in statements:
            other.cursor().execute(statement)

    thread = threading.Thread(target=execute)

    def interrupted(*arguments: Any) -> Any:
        if not begun.is_set():
            begun.set()
            thread.start()
            waiting = f"SELECT FROM pg_locks WHERE NOT granted AND pid = {other.get_backend_pid()}"
            wait_until(lambda: filled.rows(waiting))
        return capture_table(*arguments)

    monkeypatch.setattr(captures, "capture_table", interrupted)
    yield statements
    assert begun.is_set()
    other.close()
    assert not thread.is_alive()


def test_a_truncate_waits_for_the_run_that_reads(filled: Source, meanwhile: list[str]) -> None:
    meanwhile += ["TRUNCATE design", insert_designs(1, 150)]
    filled.sql(insert_designs(201, 202), "INSERT INTO currency VALUES (1, 'GBP', now(), now())")
    assert filled.changes(filled.run(), "design") == [("I", 201), ("I", 202)]
    wait_until(lambda: filled.rows("SELECT FROM design HAVING count(*) = 150"))
    assert filled.changes(filled.run(), "design") == [("D", key) for key in range(151, 203)]
    _agrees(filled)


def test_a_rewriting_alter_waits_for_the_run_that_reads(filled: Source, meanwhile: list[str]) -> None:
    meanwhile += ["ALTER TABLE design ALTER COLUMN design_name TYPE text USING design_name || '!'"]
    filled.sql(insert_designs(201, 201), "DELETE FROM design WHERE design_id = 1")
    assert filled.changes(filled.run(), "design") == [("D", 1), ("I", 201)]
    wait_until(lambda: filled.rows("SELECT FROM design WHERE design_name = 'Wooden!' LIMIT 1"))
    assert filled.changes(filled.run(), "design") == [("U", key) for key in range(2, 202)]
    _agrees(filled)


def test_a_table_that_is_emptied_and_filled_again_is_its_differences(filled: Source) -> None:
    filled.sql(
        f"BEGIN; TRUNCATE design; {insert_designs(1, 199)}",
        "UPDATE design SET design_name = 'B' WHERE design_id = 7; COMMIT",
    )
    assert filled.changes(filled.run(), "design") == [("U", 7), ("D", 200)]
    _agrees(filled)


def test_of_a_transaction_only_what_its_savepoints_kept_is_captured(filled: Source) -> None:
    other = filled.connect(autocommit=False)
    cursor = other.cursor()
    cursor.execute(insert_designs(210, 210))
    cursor.execute("SAVEPOINT a")
    cursor.execute(insert_designs(211, 211) + "; DELETE FROM design WHERE design_id = 1")
    filled.sql(insert_designs(220, 220))
    assert filled.changes(filled.run(), "design") == [("I", 220)]
    cursor.execute("ROLLBACK TO a; SAVEPOINT b")
    cursor.execute(insert_designs(212, 212) + "; DELETE FROM design WHERE design_id = 2")
    cursor.execute("RELEASE b")
    other.commit()
    other.close()
    assert filled.changes(filled.run(), "design") == [("D", 2), ("I", 210), ("I", 212)]
    _agrees(filled)


@pytest.fixture
def divided(source: Source) -> Source:
    """Designs in partitions of fifty, of which the reader was granted the whole alone; captured."""
    source.sql(
        "ALTER TABLE design RENAME TO plain",
        "CREATE TABLE design (LIKE plain) PARTITION BY RANGE (design_id)",
        "ALTER TABLE design ADD PRIMARY KEY (design_id)",
        *(f"CREATE TABLE part{n} PARTITION OF design FOR VALUES FROM ({50 * n}) TO ({50 * n + 50})" for n in range(4)),
        f"GRANT SELECT ON design TO {READER}",
        insert_designs(1, 120),
    )
    source.run()
    return source


def test_a_partition_that_is_detached_goes_and_comes_back_as_it_then_is(divided: Source) -> None:
    divided.sql("ALTER TABLE design DETACH PARTITION part0")
    assert divided.changes(divided.run(), "design") == [("D", key) for key in range(1, 50)]
    assert divided.replayed("design") == divided.content("design")
    divided.sql("UPDATE part0 SET design_name = 'Apart' WHERE design_id = 3", "DELETE FROM part0 WHERE design_id = 4",
                insert_designs(130, 130))  # fmt: skip
    assert divided.changes(divided.run(), "design") == [("I", 130)]
    divided.sql("ALTER TABLE design ATTACH PARTITION part0 FOR VALUES FROM (0) TO (50)")
    expected = [("I", key) for key in range(1, 50) if key != 4]
    assert divided.changes(divided.run(), "design") == expected
    _agrees(divided)


def test_a_partition_that_is_detached_and_attached_between_two_looks_is_what_changed_in_it(divided: Source) -> None:
    divided.sql(
        "ALTER TABLE design DETACH PARTITION part0",
        "UPDATE part0 SET design_name = 'Apart' WHERE design_id = 3",
        "DELETE FROM part0 WHERE design_id = 4",
        "ALTER TABLE design ATTACH PARTITION part0 FOR VALUES FROM (0) TO (50)",
        "UPDATE design SET design_id = 160 WHERE design_id = 5",
    )
    assert divided.changes(divided.run(), "design") == [("U", 3), ("D", 4), ("D", 5), ("I", 160)]
    _agrees(divided)


def test_a_partition_made_beforehand_that_takes_the_place_of_another_is_its_differences(divided: Source) -> None:
    """Its rows were all written before the last look, and there are as many."""
    divided.sql(
        "CREATE TABLE spare (LIKE design INCLUDING ALL)",
        "INSERT INTO spare SELECT * FROM part0",
        "UPDATE spare SET design_name = 'Spare' WHERE design_id = 3",
        "UPDATE design SET design_name = 'Here' WHERE design_id = 110",
    )
    assert divided.changes(divided.run(), "design") == [("U", 110)]
    divided.sql(
        "ALTER TABLE design DETACH PARTITION part0",
        "ALTER TABLE design ATTACH PARTITION spare FOR VALUES FROM (0) TO (50)",
    )
    assert divided.changes(divided.run(), "design") == [("U", 3)]
    _agrees(divided)


def test_a_table_made_beforehand_that_takes_the_place_of_another_is_its_differences(filled: Source) -> None:
    filled.sql(
        "CREATE TABLE other (LIKE design INCLUDING ALL)",
        "INSERT INTO other SELECT * FROM design",
        "UPDATE other SET design_name = 'Other' WHERE design_id = 8",
        f"GRANT SELECT ON other TO {READER}",
        insert_designs(201, 201),
        insert_designs(201, 201).replace("INTO design", "INTO other"),
    )
    assert filled.changes(filled.run(), "design") == [("I", 201)]
    filled.sql("BEGIN; ALTER TABLE design RENAME TO old; ALTER TABLE other RENAME TO design; COMMIT")
    assert filled.changes(filled.run(), "design") == [("U", 8)]
    _agrees(filled)


def test_a_table_with_a_policy_is_blocked_until_the_reader_is_exempt(filled: Source) -> None:
    filled.sql("ALTER TABLE design ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON design USING (design_id > 5)",
               "DELETE FROM design WHERE design_id = 9")  # fmt: skip
    found = filled.run()
    assert found is not None and (found.tables, list(Bookmark.of(found).blocked)) == ({}, ["design"])
    filled.sql(f"ALTER ROLE {READER} BYPASSRLS")
    try:
        assert filled.changes(filled.run(), "design") == [("D", 9)]
        _agrees(filled)
    finally:
        filled.sql(f"ALTER ROLE {READER} NOBYPASSRLS")
