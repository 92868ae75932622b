"""What the server cannot send, or hardly: a damaged row is quarantined, a table without its file is blocked alone."""

from __future__ import annotations

import hashlib

import pytest

from tests.integration.capture.conftest import Source, insert_designs
from tests.integration.capture.test_encodings import outcomes
from tests.integration.capture.test_quarantine import quarantined
from totelake.lake.records.batch import Bookmark
from totelake.operate.reconcile.finding import EQUAL, NOT_CAPTURED

pytestmark = pytest.mark.integration
COLUMNS = 1600
# PostgreSQL's own limit, less the six columns that design has
MANY = ", ".join(f"ADD c{place} boolean DEFAULT true" for place in range(COLUMNS - 6))


def test_a_damaged_row_is_quarantined_and_those_around_it_arrive(source: Source) -> None:
    source.sql(
        insert_designs(1, 9),
        "ALTER TABLE design ALTER file_name SET STORAGE EXTERNAL",
        "UPDATE design SET file_name = repeat(design_id::text, 5000)",
        "SET allow_system_table_mods = on",
    )
    ((toast,),) = source.rows("SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'design'::regclass")
    # the key of a row's parts is its value's number, which only the row knows; parts lie in the order of the rows
    ((number,),) = source.rows(f"SELECT chunk_id FROM {toast} GROUP BY 1 ORDER BY 1 LIMIT 1 OFFSET 4")
    source.sql(
        f"UPDATE pg_class SET relkind = 'r' WHERE oid = '{toast}'::regclass",
        f"DELETE FROM {toast} WHERE chunk_id = {number}",
        f"UPDATE pg_class SET relkind = 't' WHERE oid = '{toast}'::regclass",
        f"VACUUM {toast}",
    )
    first = source.run()
    ((operation, key, rule, column, said),) = quarantined(source, first, "design")
    assert (operation, key, rule, column) == ("I", 5, "not_sent", "design_id")
    assert "missing chunk" in said
    assert [key for _, key in source.changes(first, "design")] == [1, 2, 3, 4, 6, 7, 8, 9]
    assert source.run() is None
    assert set(outcomes(source).values()) == {EQUAL}
    source.sql("UPDATE design SET file_name = 'mended' WHERE design_id = 5")
    assert source.changes(source.run(), "design") == [("U", 5)]


def test_a_table_without_its_file_is_blocked_alone_and_compared_when_it_is_back(paid: Source) -> None:
    ((file,),) = paid.rows("SELECT relfilenode FROM pg_class WHERE oid = 'payment'::regclass")
    paid.sql("UPDATE pg_class SET relfilenode = 4000000000 WHERE oid = 'payment'::regclass", insert_designs(2, 2))
    second = paid.run()
    assert paid.changes(second, "design") == [("I", 2)]
    why = Bookmark.of(second).blocked["payment"].why
    assert why.startswith("public.payment cannot be read: could not open file")
    assert paid.run() is None
    assert {name for name, outcome in outcomes(paid).items() if outcome == NOT_CAPTURED} == {"payment"}
    paid.sql(f"UPDATE pg_class SET relfilenode = {file} WHERE oid = 'payment'::regclass")
    assert paid.run() is not None
    assert (paid.bookmark().blocked, paid.replayed("payment")) == ({}, paid.content("payment"))


def test_a_table_whose_index_is_damaged_is_blocked_alone(paid: Source) -> None:
    ((index,),) = paid.rows("SELECT relfilenode FROM pg_class WHERE relname = 'payment_pkey'")
    paid.sql(
        "UPDATE payment SET paid = false WHERE payment_id = 3",
        "UPDATE pg_class SET relfilenode = 4000000000 WHERE relname = 'payment_pkey'",
        insert_designs(2, 2),
    )
    second = paid.run()
    assert paid.changes(second, "design") == [("I", 2)]
    assert "public.payment cannot be read" in Bookmark.of(second).blocked["payment"].why
    assert paid.run() is None
    paid.sql(f"UPDATE pg_class SET relfilenode = {index} WHERE relname = 'payment_pkey'")
    assert paid.changes(paid.run(), "payment") == [("U", 3)]


def test_a_table_of_1600_columns_arrives_and_a_bad_value_in_it_is_found(source: Source) -> None:
    source.sql(
        f"ALTER TABLE design {MANY}",
        insert_designs(1, 3),
        "UPDATE design SET c1593 = false WHERE design_id = 1",
        "ALTER TABLE design ALTER c1500 DROP DEFAULT, ALTER c1500 TYPE timestamp USING now()",
        "UPDATE design SET c1500 = 'infinity' WHERE design_id = 2",
    )
    first = source.run()
    assert [row[1:4] for row in quarantined(source, first, "design")] == [(2, "unreadable", "c1500")]
    events = {event["design_id"]: event for event in source.events(first, "design")}
    assert list(events) == [1, 3]
    assert (events[1]["c1593"], events[3]["c1593"], events[1]["c1592"]) == (False, True, True)
    source.sql("UPDATE design SET c1593 = NULL WHERE design_id = 3")
    assert source.changes(source.run(), "design") == [("U", 3)]


def test_a_text_of_100_mb_arrives(source: Source) -> None:
    source.sql(insert_designs(1, 3), "UPDATE design SET file_name = repeat('\"\u00fc', 33333333) WHERE design_id = 2")
    first = source.run()
    assert first is not None and first.tables["design"].quarantined == 0
    events = {event["design_id"]: event["file_name"] for event in source.events(first, "design")}
    ((length, digest),) = source.rows("SELECT octet_length(file_name), md5(file_name) FROM design WHERE design_id = 2")
    body = events[2].encode()
    assert (len(events), len(body), hashlib.md5(body, usedforsecurity=False).hexdigest()) == (3, length, digest)
