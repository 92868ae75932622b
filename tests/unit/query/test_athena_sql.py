"""What is no query is refused in a sentence about the query, without the words of the parser."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from totelake.errors import ConfigurationError
from totelake.query.athena_sql import check, select_of
from totelake.query.cache import Cache
from totelake.query.lake import Lake


@pytest.mark.parametrize("sql", ["", "  ", ";", "-- comment", "/* a */ ;", "-- a\n;-- b"])
def test_an_empty_query_is_said_to_be_empty(sql: str) -> None:
    with pytest.raises(ConfigurationError, match="^the query is empty but for comments; ask with SELECT or WITH$"):
        select_of(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE a",
        "INSERT INTO a SELECT 1",
        "CREATE TABLE a AS SELECT 1",
        "UPDATE a SET b = 1",
        "DELETE FROM a",
        "SELECT * INTO a FROM b",
        "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE",
    ],
)
def test_what_changes_something_is_refused(sql: str) -> None:
    with pytest.raises(ConfigurationError, match="^the query changes something; ask with SELECT or WITH$"):
        select_of(sql)


@pytest.mark.parametrize("sql", ["SHOW TABLES", "EXPLAIN SELECT 1", "DESCRIBE a", "FOO BAR", "VALUES 1, 2"])
def test_what_is_no_select_is_refused_without_a_line_of_the_parser(
    sql: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigurationError, match="^the query is no SELECT; ask with SELECT or WITH$"):
        select_of(sql)
    assert (capsys.readouterr(), caplog.records) == (("", ""), [])


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("SELEC 1", "it is not understood in line 1, column 7, at 1"),
        ("SELECT 1 FROM", "it is not understood in line 1, column 13, at FROM"),
        ("SELECT 1\nFROM WHERE", "it is not understood in line 2, column 10, at WHERE"),
        ("SELECT * FROM glob('*')", "it is not understood in line 1, column 23, at )"),
        ("SELECT 'x", "a quote or a comment in it does not end"),
    ],
)
def test_what_is_not_understood_is_told_by_its_place(sql: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        select_of(sql)
    assert str(raised.value) == f"Athena takes no such SQL: {place}; correct the query"


@pytest.mark.parametrize(
    "sql", ["SELEC 1", "SELECT FROM WHERE", "SELECT (1", "SELECT * FROM glob('*')", "select @", "("]
)
def test_no_message_has_words_or_codes_of_the_parser(sql: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        select_of(sql)
    assert not re.search(r"[\x00-\x1f]|Token|sqlglot|<|Falling back|\.\.\. ", str(raised.value))


def test_several_statements_are_counted() -> None:
    with pytest.raises(ConfigurationError, match="^these are 2 statements; ask one query at a time$"):
        select_of("SELECT 1; SELECT 2; -- end")


def test_a_query_that_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nested too deep"):
        select_of("(" * 3000 + "SELECT 1")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("read_csv('/x')", "READ_CSV('/x')"),
        ("read_parquet('/x')", "READ_PARQUET('/x')"),
        ("range(3)", "range(3)"),
        ("duckdb_settings()", "duckdb_settings()"),
        ("(SELECT 1) CROSS JOIN LATERAL read_text('/x') AS l", "read_text('/x')"),
        ("t, LATERAL parquet_schema('/x')", "parquet_schema('/x')"),
        ("(SELECT * FROM sniff_csv('/x'))", "sniff_csv('/x')"),
    ],
)
@pytest.mark.parametrize("query", ["SELECT * FROM {}", "FROM {}", "WITH a AS (SELECT * FROM {}) SELECT * FROM a"])
def test_a_function_in_the_place_of_a_table_is_named(source: str, words: str, query: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        select_of(query.format(source))
    assert str(raised.value) == (
        f"the query reads from the function {words}, and Athena takes none in the place of a table; "
        "read from tables and views, or from UNNEST of an array"
    )


@pytest.mark.parametrize("words", ["TABLE(SEQUENCE(1, 3))", "TABLE(exclude_columns(1))"])
def test_a_function_that_athena_has_there_is_said_to_be_athenas(words: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        select_of(f"SELECT * FROM {words}")
    assert str(raised.value) == (
        f"the query reads from {words}, which is not answered on this machine; read from UNNEST of an array, such as "
        "UNNEST(sequence(1, 3)) AS t(n), or ask with --target aws"
    )


def test_another_catalog_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the catalog moon; the lake is in awsdatacatalog, which may be left"):
        select_of("SELECT * FROM moon.db.t")
    check('SELECT * FROM "AwsDataCatalog".db.t')


def test_a_table_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="a table without a name"):
        select_of('SELECT * FROM ""')


@pytest.mark.parametrize("sql", ["SHOW TABLES", "-- a\nshow tables", "DESCRIBE a", "/* a */ VALUES 1, 2", "TABLE a"])
def test_questions_that_are_no_query_are_left_to_the_translation(sql: str) -> None:
    check(sql)


def test_a_lake_without_tables_says_so_and_what_to_do(tmp_path: Any) -> None:
    def missing(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "EntityNotFoundException"}}, "GetTable")

    pages = SimpleNamespace(paginate=lambda **_: [{"TableList": []}])
    glue = SimpleNamespace(get_table=missing, get_paginator=lambda _: pages)
    lake = Lake(SimpleNamespace(glue=glue, s3=None), "db", Cache(tmp_path, ""))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError) as raised:
        lake.ask("SELECT * FROM dim_staff")
    assert (
        str(raised.value)
        == "the lake has no db.dim_staff, and no table at all in db; run `totelake run`, or correct the name"
    )
