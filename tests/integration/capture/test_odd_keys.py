"""Keys whose types order, compare or convert in ways of their own: captured, or blocked alone, and never twice."""

from __future__ import annotations

import pytest

from tests.integration.capture.conftest import Source
from tests.integration.capture.keyed import Keyed, contracts_of, table_of
from totelake.capture import ingest
from totelake.operate.reconcile.finding import EQUAL

pytestmark = pytest.mark.integration
CAST = (
    "CREATE FUNCTION other(e) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT CASE $1 WHEN 'a' THEN 'z' ELSE 'b' END$$",
    "CREATE CAST (e AS text) WITH FUNCTION other(e)",
)
RAISING = (
    "CREATE FUNCTION never(e) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'not by me'; END$$",
    "CREATE CAST (e AS text) WITH FUNCTION never(e)",
)


@pytest.mark.parametrize(
    ("kind", "made", "values"),
    [
        ('"char"', (), ("'b'", "'a'", "''")),
        ('"e"', ("CREATE TYPE e AS ENUM ()",), ()),
        ('"e"', ("CREATE TYPE e AS ENUM ('b', 'a')", *CAST), ("'a'", "'b'")),
        ('"e"', ("CREATE TYPE e AS ENUM ('b', 'a')", *RAISING), ("'a'", "'b'")),
    ],
    ids=["char", "no labels", "a cast", "a cast that raises"],
)
def test_a_key_is_ordered_by_what_the_copy_has_of_it(
    source: Source, monkeypatch: pytest.MonkeyPatch, kind: str, made: tuple[str, ...], values: tuple[str, ...]
) -> None:
    table = Keyed(source, monkeypatch, table_of({"k": kind, "v": "integer"}, ["k"]))
    source.sql(*made)
    table.create(f"k {kind} PRIMARY KEY, v integer")
    source.sql(*(f"INSERT INTO thing VALUES ({value}, 1)" for value in values))
    table.run()
    assert table.lake() == table.rows() and len(table.rows()) == len(values)
    source.sql("UPDATE thing SET v = 2")
    table.run()
    assert table.lake() == table.rows()
    assert [outcome for outcome, _ in table.outcomes()] == [EQUAL, EQUAL]


def test_numbers_that_are_equal_and_written_otherwise_are_in_the_order_of_the_rest_of_the_key(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Keyed(source, monkeypatch, table_of({"a": "numeric", "b": "integer", "v": "text"}, ["a", "b"]))
    table.create("a numeric, b integer, v text, PRIMARY KEY (a, b)")
    source.sql("INSERT INTO thing VALUES (1.50, 1, 'x'), (1.5, 2, 'y'), ('NaN', 2, 'n'), ('NaN', 1, 'm'), (2, 0, 'z')")
    table.run()
    source.sql("INSERT INTO thing VALUES (1.50, 0, 'w')", "UPDATE thing SET v = 'new' WHERE a = 1.5")
    table.run()
    source.sql("DELETE FROM thing WHERE b = 2")
    table.run()
    expected = source.rows("SELECT a::text, b, v FROM thing")
    assert sorted(table.lake().values()) == sorted(map(tuple, expected)) and len(expected) == 4
    assert {under for _, under in table.places()} == {1}


def test_keys_that_a_narrower_column_has_no_room_for_go_into_quarantine(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Keyed(source, monkeypatch, table_of({"k": "bigint", "v": "integer"}, ["k"]))
    table.create("k bigint PRIMARY KEY, v integer")
    source.sql("INSERT INTO thing SELECT i, i FROM generate_series(1, 20) AS i", "INSERT INTO thing VALUES (3e9, 1)")
    table.run()
    source.sql("DELETE FROM thing WHERE k IN (3, 3e9)", "ALTER TABLE thing ALTER k TYPE integer")
    assert table.run() == [("D", (3,))]
    (gone,) = table.quarantined()
    assert (gone["_op"], gone["source_key"], gone["column_name"]) == ("D", 3_000_000_000, "k")
    assert [outcome for outcome, _ in table.outcomes()] == [EQUAL, EQUAL]
    assert source.run() is None


def test_a_table_that_is_blocked_for_rows_that_are_there_twice_is_work_once(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = table_of({"k": "integer"}, ["k"], name="other")
    table = Keyed(source, monkeypatch, table_of({"k": "integer", "v": "integer"}, ["k"]))
    monkeypatch.setattr(ingest, "load_contracts", contracts_of(table.table, healthy))
    table.create("k integer PRIMARY KEY, v integer")
    source.sql("CREATE TABLE other (k integer PRIMARY KEY)", "GRANT SELECT ON other TO totelake_reader")
    source.sql("INSERT INTO thing VALUES (1, 1)", "INSERT INTO other VALUES (1)")
    source.run()
    source.sql(
        "UPDATE pg_index SET indisready = false, indisvalid = false WHERE indexrelid = 'thing_pkey'::regclass",
        "INSERT INTO thing VALUES (1, 2)",
    )
    assert source.run() is not None and "rows with the same k" in table.blocked()
    assert [source.run() for _ in range(3)] == [None] * 3
    source.sql("DELETE FROM thing WHERE v = 2", "REINDEX TABLE thing")
    assert source.run() is not None and table.lake() == table.rows()
