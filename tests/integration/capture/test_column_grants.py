"""A role that may read columns only sees no xmin: content is compared, which is said, and nothing is missed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.capture.conftest import READER, Source, insert_designs, state_of
from tests.integration.capture.keyed import Keyed, table_of
from totelake.capture.postgres import snapshot as snapshot_module
from totelake.capture.postgres.column_grants import WHY
from totelake.capture.postgres.session import Name
from totelake.contracts import load_contracts

pytestmark = pytest.mark.integration


GRANT = f"GRANT SELECT ({', '.join(load_contracts().find('design').column_names)}) ON design TO {READER}"


def grant_columns(source: Source) -> None:
    """Take the table's right away and give that of its columns."""
    source.sql(f"REVOKE SELECT ON design FROM {READER}", GRANT)


def test_without_xmin_the_content_is_compared_and_the_log_says_so(filled: Source) -> None:
    grant_columns(filled)
    manifest = filled.run()
    assert manifest is not None and state_of(manifest).why == WHY and not manifest.tables
    assert filled.run() is None
    filled.sql(
        "UPDATE design SET file_name = 'silent' WHERE design_id = 1",
        "UPDATE design SET file_name = file_name WHERE design_id = 4",
        "DELETE FROM design WHERE design_id = 2",
        insert_designs(201, 201),
    )
    assert filled.changes(filled.run(), "design") == [("U", 1), ("D", 2), ("I", 201)]
    assert filled.run() is None
    filled.sql(f"GRANT SELECT ON design TO {READER}", "UPDATE design SET file_name = 'back' WHERE design_id = 3")
    assert filled.changes(filled.run(), "design") == [("U", 3)]
    assert filled.replayed("design") == filled.content("design")


SAID = "CREATE FUNCTION said(thing) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'alike'$$"


@pytest.mark.parametrize(
    "more", [(), (SAID, "CREATE CAST (thing AS text) WITH FUNCTION said(thing)")], ids=["a column", "a cast"]
)
def test_neither_a_column_nor_a_cast_passes_for_the_content(
    source: Source, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    table = Keyed(source, monkeypatch, table_of({"a": "integer", "t": "text", "v": "integer"}, ["a"]))
    source.sql(
        "CREATE TABLE thing (a integer PRIMARY KEY, t text, v integer)",
        f"GRANT SELECT (a, t, v) ON thing TO {READER}",
        "INSERT INTO thing VALUES (1, 'x', 1), (2, NULL, 2)",
        *more,
    )
    assert table.run() == [("I", (1,)), ("I", (2,))]
    source.sql("UPDATE thing SET v = 99 WHERE a = 2")
    assert table.run() == [("U", (2,))]
    source.sql("DELETE FROM thing WHERE a = 2", "INSERT INTO thing VALUES (3, NULL, 1)")
    assert sorted(table.run()) == [("D", (2,)), ("I", (3,))]


def test_a_transaction_that_was_open_at_the_last_look_is_captured_without_xmin(filled: Source) -> None:
    grant_columns(filled)
    late = filled.connect(autocommit=False)
    late.cursor().execute("UPDATE design SET file_name = 'late' WHERE design_id = 5")
    filled.run()
    late.commit()
    late.close()
    assert filled.changes(filled.run(), "design") == [("U", 5)]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE design ALTER design_id TYPE bigint",
        "TRUNCATE design",
        f"ALTER TABLE design RENAME TO former; CREATE TABLE design (LIKE former INCLUDING ALL); {GRANT}",
    ],
    ids=["rewritten", "emptied", "swapped"],
)
def test_a_table_that_is_replaced_between_snapshot_and_lock_captures_nothing(
    filled: Source, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    grant_columns(filled)
    filled.run()
    batch, lock = filled.log().newest_number(), snapshot_module.lock_by_reading

    def late(*arguments: Any) -> dict[Name, str]:
        filled.sql(change)
        return lock(*arguments)

    monkeypatch.setattr(snapshot_module, "lock_by_reading", late)
    with pytest.raises(SystemExit, match="RetriableError: .*run the job again"):
        filled.run()
    assert filled.log().newest_number() == batch
