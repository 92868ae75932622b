"""Databases in other encodings, and bytes that are no text: a row arrives exact, or is quarantined with its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Callable

import pytest

from tests.conftest import SOURCE, Postgres
from tests.integration.capture.conftest import READER, Source, insert_designs
from tests.integration.capture.test_quarantine import quarantined
from totelake.capture.postgres.describe import describe
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import blocked_tables
from totelake.contracts import load_contracts
from totelake.lake.records.batch import Bookmark
from totelake.operate.reconcile.finding import EQUAL, NOT_CAPTURED
from totelake.operate.reconcile.source import compare_source
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress
from totelake.schemas.changes import NOT_CAPTURABLE, TABLE_NEW
from totelake.schemas.live import source_changes

pytestmark = pytest.mark.integration
TABLES = load_contracts().source_tables(SOURCE)
# bytes that the database takes for a text and that have no form in UTF-8
NO_FORM = {
    "SQL_ASCII": b"caf\xe9 \\ 1",
    "EUC_JP": b"\xa9\xa1",
    "EUC_KR": b"\xc9\xa1",
    "EUC_CN": b"\xaa\xa1",
    "WIN1252": b"a\x81b",
}
Open = Callable[[str], Source]


@pytest.fixture
def source_in(postgres: Postgres, aws: str, busy_server: None) -> Iterator[Open]:
    """Makes an empty totesys in an encoding, with a bucket of its own."""
    with ExitStack() as opened:
        yield lambda encoding: opened.enter_context(closing(Source(postgres, encoding)))


def outcomes(source: Source) -> dict[str, str]:
    """How each table's comparison of source and ledger ends."""
    address = PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")
    with connect(address) as connection:
        findings = compare_source(Session(connection), source.store, TABLES, Bookmark.of(source.log().newest()))
    return {item.table: item.outcome for item in findings}


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("LATIN1", "Gr\u00fc\u00dfe \u0080\u009f"),
        ("EUC_JP", "\u65e5\u672c\u8a9e \uff5e\uff71"),
        ("EUC_KR", "\ud55c\uae00"),
        ("SQL_ASCII", "\u65e5\u672c\u8a9e \U0001f600"),
    ],
)
def test_a_text_in_another_encoding_arrives_as_it_is(source_in: Open, encoding: str, text: str) -> None:
    source = source_in(encoding)
    source.sql(insert_designs(1, 2), f'ALTER TABLE design ADD "{text[:2]}" text')
    source.connection.cursor().execute("UPDATE design SET design_name = %s WHERE design_id = 1", (text,))
    source.run()
    assert source.replayed("design") == source.content("design")
    assert source.replayed("design")[1][2] == text


@pytest.mark.parametrize("encoding", NO_FORM)
def test_a_row_whose_bytes_are_no_text_is_quarantined_with_them_and_all_others_arrive(
    source_in: Open, encoding: str
) -> None:
    source, text = source_in(encoding), NO_FORM[encoding]
    source.sql(insert_designs(1, 9), "INSERT INTO currency VALUES (1, 'GBP', now(), now())")
    for key in (3, 4, 9):
        source.raw(b"UPDATE design SET file_name = '" + text + b"' WHERE design_id = %d" % key)
    first = source.run()
    rows = quarantined(source, first, "design")
    assert [row[:4] for row in rows] == [("I", key, "invalid_bytes", "file_name") for key in (3, 4, 9)]
    for *_, value in rows:
        assert bytes(source.rows(f"SELECT decode('{value}', 'escape')")[0][0]) == text
    assert [key for _, key in source.changes(first, "design")] == [1, 2, 5, 6, 7, 8]
    assert source.changes(first, "currency") == [("I", 1)]
    assert source.run() is None
    assert set(outcomes(source).values()) == {EQUAL}
    source.sql("UPDATE design SET file_name = 'mended' WHERE design_id = 4", "DELETE FROM design WHERE design_id = 9")
    source.raw(b"UPDATE design SET file_name = '" + text + b"' WHERE design_id = 5")
    second = source.run()
    assert source.changes(second, "design") == [("U", 4), ("D", 9)]
    assert [row[:2] for row in quarantined(source, second, "design")] == [("U", 5)]


def test_text_that_looks_like_escaped_bytes_is_another_one(source_in: Open) -> None:
    source = source_in("SQL_ASCII")
    source.sql(insert_designs(1, 1))
    source.raw(b"UPDATE design SET file_name = '\xe9', design_name = '\xe9'")
    source.run()
    source.raw(b"UPDATE design SET design_name = '\\351'")
    ((*_, column, value),) = quarantined(source, source.run(), "design")
    assert (column, value) == ("file_name", "\\351")


@pytest.mark.parametrize(
    "statement",
    [
        b'ALTER TABLE payment ADD "caf\xe9" text',
        b"CREATE TYPE label AS ENUM ('a', 'caf\xe9'); ALTER TABLE payment ADD kind label",
        b'CREATE TYPE "caf\xe9" AS ENUM (\'a\'); ALTER TABLE payment ADD kind "caf\xe9"',
        b"ALTER TABLE payment ADD note text DEFAULT 'caf\xe9'",
        b"ALTER TABLE payment ADD note text GENERATED ALWAYS AS ('caf\xe9') STORED",
    ],
    ids=["column", "enum label", "type", "default", "generated"],
)
def test_a_definition_that_is_no_text_blocks_its_table_alone(source_in: Open, statement: bytes) -> None:
    source = source_in("SQL_ASCII")
    source.sql(insert_designs(1, 1), "GRANT SELECT ON ALL TABLES IN SCHEMA public TO totelake_reader")
    source.run()
    source.raw(statement)
    source.raw(b'CREATE TABLE "n\xe9" (id integer PRIMARY KEY)')
    source.sql(insert_designs(2, 2))
    second = source.run()
    assert source.changes(second, "design") == [("I", 2)]
    blocked = Bookmark.of(second).blocked["payment"]
    assert blocked.change.kind == NOT_CAPTURABLE
    assert "in the definition of public.payment is no text in UTF-8" in blocked.why
    assert source.run() is None
    assert {name for name, outcome in outcomes(source).items() if outcome == NOT_CAPTURED} == {"payment"}
    address = PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")
    with connect(address) as connection:
        session = Session(connection)
        found = {name: item.change for name, item in blocked_tables(session, TABLES).items()}
        described = describe(session, ("public",))
    assert {"n\\351"} <= {table.name for table in described if table.problem} <= {"payment", "n\\351"}
    differing = source_changes(TABLES, described, found)
    assert {name: items[0].kind for name, items in differing.items() if items} == {
        "payment": NOT_CAPTURABLE, "n\\351": TABLE_NEW,
    }  # fmt: skip


def test_broken_bytes_in_a_database_of_utf8_are_quarantined(source_in: Open) -> None:
    source = source_in("SQL_ASCII")
    source.sql(insert_designs(1, 3))
    source.raw(b"UPDATE design SET file_name = 'a\xe9' WHERE design_id = 2")
    name = source.dsn.rsplit("/", 1)[1]
    source.postgres.run(f"UPDATE pg_database SET encoding = pg_char_to_encoding('UTF8') WHERE datname = '{name}'")
    first = source.run()
    assert [row[1:] for row in quarantined(source, first, "design")] == [(2, "invalid_bytes", "file_name", "a\\351")]
    assert [key for _, key in source.changes(first, "design")] == [1, 3]


def test_every_control_character_arrives(source: Source) -> None:
    texts = [chr(code) for code in (*range(1, 32), *range(127, 160), 0xFEFF, 0x2028, 0xFFFE, 0x10FFFF)]
    source.sql(insert_designs(1, len(texts)))
    for key, text in enumerate(texts, 1):
        cursor = source.connection.cursor()
        cursor.execute("UPDATE design SET file_name = %s WHERE design_id = %s", (f"{text}a{text}", key))
    source.sql("""UPDATE design SET design_name = '{"a": "\\u0000"}'""")
    first = source.run()
    assert first is not None and first.tables["design"].quarantined == 0
    assert source.replayed("design") == source.content("design")
