"""The order of keys is the ledger's, whatever the database's collation and encoding, and so is what a key is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Callable

import pytest

from tests.conftest import Postgres
from tests.integration.capture.conftest import Source
from tests.integration.capture.keyed import Keyed, table_of
from totelake.capture.postgres import row_by_row
from totelake.lake.quarantine import escaped
from totelake.operate.reconcile.finding import EQUAL
from totelake.runtime.job_arguments import DISABLE

pytestmark = pytest.mark.integration
Open = Callable[[str], Source]
CASELESS = "CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
ENGLISH = "CREATE COLLATION english (provider = icu, locale = 'en-US')"
# which collations and encodings put in other places than the bytes of UTF-8
WORDS = ("a", "B", "b", "A", "Z", "_", "a-b", "ab", "a b", "é", "f", "e", "ß", "ss", "zz", "1", "10", "9")


@pytest.fixture
def source_in(postgres: Postgres, aws: str, busy_server: None) -> Iterator[Open]:
    """Makes a source in an encoding, with a bucket of its own."""
    with ExitStack() as opened:
        yield lambda encoding: opened.enter_context(closing(Source(postgres, encoding)))


def changed(table: Keyed, words: tuple[str, ...]) -> None:
    """Rows of these keys come, change, go and get other keys; the lake has what the source has after each run."""
    kept = [word.replace("'", "''") for word in words]
    table.source.sql(*(f"INSERT INTO thing VALUES ('{word}', {place})" for place, word in enumerate(kept)))
    assert sorted(table.run()) == sorted(("I", (word,)) for word in words)
    table.source.sql(f"UPDATE thing SET v = -1 WHERE k = '{kept[0]}'", f"DELETE FROM thing WHERE k = '{kept[1]}'")
    assert sorted(table.run()) == [("D", (words[1],)), ("U", (words[0],))]
    table.source.sql(f"UPDATE thing SET k = '{kept[1]}' WHERE k = '{kept[2]}'")
    assert sorted(table.run()) == [("D", (words[2],)), ("I", (words[1],))]
    assert (table.run(bookmark=DISABLE), table.lake()) == ([], table.rows())
    assert [outcome for outcome, _ in table.outcomes()] == [EQUAL, EQUAL]


@pytest.mark.parametrize("collation", ["english", '"en-US-x-icu"', '"C"', '"sv-x-icu"'])
@pytest.mark.parametrize("kind", ["text", "character varying(9)", "character(3)"])
def test_a_collation_changes_nothing(
    source: Source, monkeypatch: pytest.MonkeyPatch, collation: str, kind: str
) -> None:
    table = Keyed(source, monkeypatch, table_of({"k": kind, "v": "integer"}, ["k"]))
    source.sql(ENGLISH)
    table.create(f"k {kind} COLLATE {collation} PRIMARY KEY, v integer")
    words = tuple(word.ljust(3) for word in WORDS) if kind == "character(3)" else WORDS
    changed(table, words)
    assert table.places() == [(place, 1) for place in range(len(table.rows()))]


def test_under_a_collation_that_ignores_case_a_key_that_changes_its_case_is_another_one(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Keyed(source, monkeypatch, table_of({"k": "text", "v": "integer"}, ["k"]))
    source.sql(CASELESS)
    table.create("k text COLLATE caseless PRIMARY KEY, v integer")
    changed(table, ("B", "a", "C", "ä", "Zz", "_"))
    source.sql("UPDATE thing SET k = 'b' WHERE k = 'B'")
    assert sorted(table.run()) == [("D", ("B",)), ("I", ("b",))]
    assert (table.lake(), [outcome for outcome, _ in table.outcomes()]) == (table.rows(), [EQUAL, EQUAL])


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("LATIN1", (*WORDS, "\u00e0", "\u00ff", "\u00d7")),
        # of each the bytes are in another order than those of UTF-8
        ("EUC_JP", ("a", "\uff71", "\u65e5", "\u672c", "\u8a9e", "\uff5e", "Z", "\u3042", "\u4e9c")),
        ("WIN1252", ("a", "\u20ac", "\u0178", "\u00e9", "\u2122", "Z")),
        ("SQL_ASCII", ("a", "\u65e5", "\u00e9", "Z", "\U0001f600", "\uff71")),
    ],
)
def test_an_encoding_changes_nothing(
    source_in: Open, monkeypatch: pytest.MonkeyPatch, encoding: str, words: tuple[str, ...]
) -> None:
    source = source_in(encoding)
    table = Keyed(source, monkeypatch, table_of({"k": "text", "v": "integer"}, ["k"]))
    table.create("k text PRIMARY KEY, v integer")
    changed(table, words)
    assert table.places() == [(place, 1) for place in range(len(table.rows()))]


def test_a_key_that_is_no_text_is_quarantined_whole_and_its_deletion_too(
    source_in: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_in("SQL_ASCII")
    table = Keyed(source, monkeypatch, table_of({"k": "text", "v": "integer"}, ["k"]))
    table.create("k text PRIMARY KEY, v integer")
    source.sql("INSERT INTO thing VALUES ('a', 1), ('z', 2)")
    source.raw(b"INSERT INTO thing VALUES ('caf\xe9 \\', 3)")
    assert table.run() == [("I", ("a",)), ("I", ("z",))]
    (row,) = table.quarantined()
    assert (row["source_key"], row["key_values"], row["rule"]) == (
        None,
        '{"k": "caf\\\\351 \\\\\\\\"}',
        "invalid_bytes",
    )
    assert (table.run(), table.run(bookmark=DISABLE)) == ([], [])
    assert [outcome for outcome, _ in table.outcomes()] == [EQUAL, EQUAL]
    source.raw(b"DELETE FROM thing WHERE k = 'caf\xe9 \\'")
    assert (table.run(), table.quarantined()[-1]["_op"]) == ([], "D")
    assert [outcome for outcome, _ in table.outcomes()] == [EQUAL, EQUAL]


def test_rows_that_the_server_cannot_send_are_found_by_a_key_of_several_columns(
    source_in: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_by_row, "_PAGE_ROWS", 2)
    source = source_in("EUC_JP")
    table = Keyed(source, monkeypatch, table_of({"k": "text", "n": "integer", "note": "text"}, ["k", "n"]))
    table.create("k text, n integer, note text, PRIMARY KEY (k, n)")
    words = ("a", "\u65e5", "\uff71")
    source.sql(*(f"INSERT INTO thing VALUES ('{word}', {number}, 'x')" for word in words for number in range(-2, 3)))
    source.raw(b"UPDATE thing SET note = '\xa9\xa1' WHERE n IN (-2, 1)")
    assert len(table.run()) == 9
    rows = table.quarantined()
    assert {row["rule"] for row in rows} == {"invalid_bytes"}
    keys = [json.loads(row["key_values"]) for row in rows]
    assert sorted((key["k"], int(key["n"])) for key in keys) == sorted(
        (escaped(word.encode()), number) for word in words for number in (-2, 1)
    )
    source.sql("DELETE FROM thing WHERE n = 1", "UPDATE thing SET note = 'y' WHERE n = -2")
    assert sorted(operation for operation, _ in table.run()) == ["D"] * 3 + ["U"] * 3
    assert (table.run(bookmark=DISABLE), [outcome for outcome, _ in table.outcomes()]) == ([], [EQUAL, EQUAL])


def test_a_key_without_a_form_in_utf_8_blocks_its_table(source_in: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_in("EUC_JP")
    others = Keyed(source, monkeypatch, table_of({"k": "text", "v": "integer"}, ["k"]))
    others.create("k text PRIMARY KEY, v integer")
    source.sql("INSERT INTO thing VALUES ('a', 1)")
    assert others.run() == [("I", ("a",))]
    source.raw(b"INSERT INTO thing VALUES ('\xa9\xa1', 3)")
    with pytest.raises(SystemExit, match="public.thing cannot be read: character with byte sequence 0xa9 0xa1"):
        others.run()
    source.raw(b"DELETE FROM thing WHERE v = 3")
    source.sql("INSERT INTO thing VALUES ('b', 2)")
    assert others.run() == [("I", ("b",))]
