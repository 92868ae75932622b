"""`totelake query --on warehouse`: PostgreSQL's values exactly, one statement, and nothing that changes anything."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import psycopg2
import pytest

from tests.conftest import Postgres
from totelake.errors import ConfigurationError, WarehouseError
from totelake.query.warehouse import ask

pytestmark = pytest.mark.integration
SEVERAL = "^the query is empty, or several statements; ask one query at a time, with SELECT or WITH$"
NO_QUESTION = "^the query is no question; ask one query at a time, with SELECT or WITH$"
READ_ONLY = "^the query was refused: .*(read-only transaction|must be set before any query).*; correct it$"
OUT = "CREATE TABLE star.pwned (a int)"


@pytest.fixture(scope="module")
def dsn(postgres: Postgres) -> str:
    """A warehouse of one table, whose owner asks, as the loader does; settings of the database are in the way."""
    found = postgres.new_database("totelake_loader")
    settings = {
        "default_transaction_read_only": "off",
        "TimeZone": "Asia/Tokyo",
        "DateStyle": "German",
        "IntervalStyle": "iso_8601",
        "bytea_output": "escape",
        "extra_float_digits": "-10",
        "client_encoding": "latin1",
    }
    name = found.rsplit("/", 1)[1]
    for setting, value in settings.items():
        postgres.run(f"ALTER DATABASE {name} SET {setting} = '{value}'")
    with closing(psycopg2.connect(found, client_encoding="utf8")) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA star")
        cursor.execute("CREATE TABLE star.t AS SELECT 1 AS a, 'Zoë 東京'::text AS b")
        cursor.execute(
            "CREATE FUNCTION star.change() RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO star.t VALUES (2); "
            "RETURN 1; END'"
        )
        cursor.execute("CREATE PROCEDURE star.change_more() LANGUAGE sql AS 'INSERT INTO star.t VALUES (3)'")
        connection.commit()
    return found


def state(dsn: str) -> Any:
    """What a query could have changed."""
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('star.pwned'), (SELECT count(*) FROM star.t)")
        (found,) = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM pg_largeobject_metadata")
        return found, cursor.fetchone()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (f"COMMIT; SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; BEGIN; {OUT}; COMMIT; SELECT 1", SEVERAL),
        (f"ROLLBACK; BEGIN READ WRITE; {OUT}; COMMIT; SELECT 1", SEVERAL),
        (f"SELECT 1; COMMIT; BEGIN READ WRITE; {OUT}; COMMIT", SEVERAL),
        (f"SELECT 1 $$ ; COMMIT; {OUT}", "^the query was refused: "),
        (f"SELECT '\\'; COMMIT; BEGIN READ WRITE; {OUT}; COMMIT; --'", SEVERAL),
        (f"SELECT 1; END $$; COMMIT; {OUT}; DO $$ BEGIN", "^the query was refused: syntax error"),
        (f"SELECT 1' ; COMMIT; {OUT}; SELECT '", "^the query was refused: "),
        ("COMMIT", NO_QUESTION),
        ("ROLLBACK", NO_QUESTION),
        ("SET default_transaction_read_only = off", NO_QUESTION),
        ("SET TRANSACTION READ WRITE", NO_QUESTION),
        (OUT, NO_QUESTION),
        ("CREATE TEMP TABLE pwned (a int)", NO_QUESTION),
        ("INSERT INTO t VALUES (2)", NO_QUESTION),
        ("DO $$ BEGIN COMMIT; END $$", NO_QUESTION),
        ("CALL change_more()", NO_QUESTION),
        ("COPY t TO '/tmp/x'", NO_QUESTION),
        ("LOCK t", NO_QUESTION),
        ("INSERT INTO t VALUES (2) RETURNING a", READ_ONLY),
        ("WITH n AS (DELETE FROM t RETURNING a) SELECT * FROM n", READ_ONLY),
        ("SELECT a FROM t FOR UPDATE", READ_ONLY),
        ("SELECT change()", READ_ONLY),
        ("SELECT set_config('transaction_read_only', 'off', false), change()", READ_ONLY),
        ("EXPLAIN ANALYZE DELETE FROM t", READ_ONLY),
        ("SELECT lo_from_bytea(0, 'x')", None),
        ("SELECT set_config('default_transaction_read_only', 'off', false)", None),
    ],
)
def test_no_text_of_a_query_changes_anything(dsn: str, sql: str, words: str | None) -> None:
    before = state(dsn)
    if words is None:
        try_it(dsn, sql)
    else:
        with pytest.raises((ConfigurationError, WarehouseError), match=words):
            ask(dsn, sql)
    assert state(dsn) == before


def try_it(dsn: str, sql: str) -> None:
    """Ask what one version of the server answers and another refuses."""
    try:
        ask(dsn, sql)
    except WarehouseError as error:
        assert "read-only transaction" in str(error)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("timestamptz '2024-01-01 12:00:00.000001Z'", datetime(2024, 1, 1, 12, 0, 0, 1, timezone.utc)),
        ("timestamp '2024-01-01 12:00:00.000001'", datetime(2024, 1, 1, 12, 0, 0, 1)),
        ("timestamptz 'infinity'", "infinity"),
        ("date '0044-03-15 BC'", "0044-03-15 BC"),
        ("date '20000-01-01'", "20000-01-01"),
        ("ARRAY[timestamp '-infinity', NULL]", ["-infinity", None]),
        ("time '24:00:00'", "24:00:00"),
        ("interval '1 mon 2 days 00:00:00.000001'", "1 mon 2 days 00:00:00.000001"),
        ("ARRAY[interval '1 year']", ["1 year"]),
        ("int4range(1, NULL)", "[1,)"),
        ('json \'{"n": 0.1234567890123456789, "n": 1e400}\'', '{"n": 0.1234567890123456789, "n": 1e400}'),
        ("jsonb '[12345678901234567890.10]'", "[12345678901234567890.10]"),
        ("12345678901234567890.10", Decimal("12345678901234567890.10")),
        ("9223372036854775807", 2**63 - 1),
        ("1.0::float8 / 3", 1.0 / 3),
        ("0.1::float4", 0.1),
        ("NULL::date", None),
        ("true", True),
        ("(SELECT b FROM t)", "Zoë 東京"),
    ],
)
def test_a_value_is_exact_whatever_role_and_database_set(dsn: str, sql: str, value: Any) -> None:
    assert ask(dsn, f"-- a comment\nSELECT {sql} AS n, 1 AS n;").rows == [(value, 1)]


def test_bytes_and_numbers_that_are_none(dsn: str) -> None:
    answer = ask(dsn, r"SELECT 'NaN'::numeric, bytea '\x00ff', 'NaN'::float8")
    ((number, content, real),) = answer.rows
    assert (number.is_nan(), bytes(content), real != real) == (True, b"\x00\xff", True)


@pytest.mark.parametrize("sql", ["VALUES (1)", "TABLE t", "SHOW search_path", "EXPLAIN SELECT 1", "(SELECT 1);"])
def test_any_question_will_do(dsn: str, sql: str) -> None:
    assert len(ask(dsn, sql).rows) == 1


@pytest.mark.parametrize(
    ("sql", "error", "words"),
    [
        (
            "SELECT 1\nFROM moon",
            WarehouseError,
            'the query was refused: relation "moon" does not exist, in line 2, column 6; correct it',
        ),
        (
            "SELECT a b c",
            WarehouseError,
            'the query was refused: syntax error at or near "c", in line 1, column 12; correct it',
        ),
        ("SELECT 1/0", WarehouseError, "the query was refused: division by zero; correct it"),
        (
            "SELECT A_ FROM t",
            WarehouseError,
            'the query was refused: column "a_" does not exist; Perhaps you meant to reference the column "t.a", '
            "in line 1, column 8; correct it",
        ),
        ("SELECT '\0'", ConfigurationError, "the query holds a zero byte, which PostgreSQL has not; leave it out"),
        *(
            (sql, ConfigurationError, SEVERAL.strip("^$"))
            for sql in ("", "-- a comment", "/* a */ ;", "SELECT 1; SELECT 2")
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words_about_the_query(
    dsn: str, sql: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as raised:
        ask(dsn, sql)
    assert str(raised.value) == words


def test_bytes_that_are_no_text_are_said_to_be(postgres: Postgres) -> None:
    postgres.run("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    dsn = postgres.dsn("ascii")
    with pytest.raises(WarehouseError, match='^the query was refused: invalid byte sequence for encoding "UTF8": 0xff'):
        ask(dsn, r"SELECT convert_from('\xff', 'SQL_ASCII')")
    ((value,),) = ask(dsn, r"SELECT convert_to(convert_from('\xff', 'SQL_ASCII'), 'SQL_ASCII')").rows
    assert bytes(value) == b"\xff"
