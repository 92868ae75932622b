"""What a statement reads, which names mean what, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localathena.sql.answers import Answered, ask
from localathena.sql.refusals import Refused, refusal_of
from localathena.sql.scope import Table, View
from localathena.sql.statements import translate
from localathena.sql.types import common, decimal, type_of

COLUMNS = (("x", "int"), ("name", "string"))


class Everything:
    """A catalogue whose every table has the same columns, and whose views are named v..."""

    name, database = "awsdatacatalog", "lake"

    def relation(self, database: str, name: str) -> Table | View:
        """The table or view of any name."""
        if name == "v_circle":
            return View(COLUMNS, "SELECT x, name FROM v_circle", database)
        if name == "v_narrow":
            return View((("x", "bigint"),), "SELECT x FROM a", database)
        return Table(COLUMNS, f'"{database}"."{name}"')

    def databases(self) -> Sequence[str]:
        """Two."""
        return ["lake", "d"]

    def relations(self, database: str) -> Sequence[tuple[str, str]]:
        """A table and a view."""
        return [("a", "BASE TABLE"), ("v_narrow", "VIEW")] if database in self.databases() else []


def answer(sql: str) -> Answered:
    """What is answered when no table has a row."""
    translation = translate(sql, Everything())
    with duckdb.connect() as connection:
        for database, name in translation.tables:
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{database}"')
            connection.execute(f'CREATE TABLE "{database}"."{name}" (x INTEGER, name VARCHAR)')
        return ask(connection, translation)


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("-- comment\nSELECT 1;", []),
        ("SELECT a.* FROM a JOIN d.b ON true", [("d", "b"), ("lake", "a")]),
        ("WITH a AS (SELECT * FROM c) SELECT * FROM a", [("lake", "c")]),
        ("SELECT * FROM UNNEST(ARRAY[1, 2]) AS t(x)", []),
        ("(SELECT 1 FROM a) UNION ALL (SELECT 2 FROM b)", [("lake", "a"), ("lake", "b")]),
        ("WITH Recent AS (SELECT * FROM C) SELECT 1 FROM recent, D.E", [("d", "e"), ("lake", "c")]),
        ('SELECT 1 FROM (WITH "/x" AS (SELECT 1) SELECT * FROM "/x") AS q CROSS JOIN "/x"', [("lake", "/x")]),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT 1 FROM a, b", [("lake", "b")]),
        ("WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM a) SELECT (SELECT max(x) FROM b) FROM a", []),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", [("lake", "a")]),
        ("WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a WHERE n < 2) SELECT * FROM a", []),
        ('SELECT * FROM "AwsDataCatalog"."lake"."A"', [("lake", "a")]),
        ("SELECT * FROM v_narrow", [("lake", "a")]),
    ],
)
def test_a_statement_says_which_tables_it_reads(sql: str, read: list[tuple[str, str]]) -> None:
    assert sorted(translate(sql, Everything()).tables) == read
    answer(sql)


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT X, 1, name AS n FROM A", [("X", "integer"), ("_col1", "integer"), ("n", "varchar")]),
        ("SELECT * FROM v_narrow", [("x", "bigint")]),
        ("DESCRIBE a", [(name, "varchar") for name in ("Column", "Type", "Extra", "Comment")]),
        ("SELECT table_name FROM information_schema.tables WHERE table_schema = 'd'", [("table_name", "varchar")]),
    ],
)
def test_columns_have_names_and_types(sql: str, columns: list[tuple[str, str]]) -> None:
    assert [(name, str(kind)) for name, kind in translate(sql, Everything()).columns] == columns
    answer(sql)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT * FROM v_circle", "INVALID_VIEW"),
        ("SELECT x FROM a, b", "AMBIGUOUS_NAME"),
        ("SELECT 1 FROM moon.lake.a", "CATALOG_NOT_FOUND"),
        ("SELECT x FROM information_schema.moon", "TABLE_NOT_FOUND"),
        ("SELECT name, count(*) FROM a", "EXPRESSION_NOT_AGGREGATE"),
        ("SELECT x FROM a WHERE name > 5", "TYPE_MISMATCH"),
        ("SHOW TABLES FROM moon", "SCHEMA_NOT_FOUND"),
        ("(" * 3000 + "SELECT 1", "STACK_OVERFLOW"),
        ("SELECT '~", "SYNTAX_ERROR"),
    ],
)
def test_a_refusal_has_athenas_class(sql: str, kind: str) -> None:
    with pytest.raises(Refused) as raised:
        answer(sql)
    assert raised.value.kind == kind


def test_what_duckdb_says_is_told_without_the_translated_query() -> None:
    assert (
        refusal_of("Out of Range Error: it is\ntoo large\n\nLINE 1: SELECT c0").sentence
        == "Out of Range Error: it is too large"
    )
    marked = refusal_of("Conversion Error: Could not convert string '~DIVISION_BY_ZERO~Division by zero~' to INT8")
    assert (marked.kind, marked.sentence) == ("DIVISION_BY_ZERO", "Division by zero")


NUMBERS = st.one_of(
    st.sampled_from(["tinyint", "smallint", "integer", "bigint", "real", "double"]).map(type_of),
    st.integers(1, 38).flatmap(lambda digits: st.builds(decimal, st.just(digits), st.integers(0, digits))),
)


@settings(deadline=None)
@given(one=NUMBERS, other=NUMBERS)
def test_two_numbers_have_one_common_type_whichever_comes_first(one: object, other: object) -> None:
    assert common(one, other) == common(other, one) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("array<int>", "array(integer)"),
        ("map<string,decimal(10,2)>", "map(varchar, decimal(10,2))"),
        ("struct<a:int,b:array<string>>", "row(a integer, b array(varchar))"),
        ("row(x integer, y varchar(3))", "row(x integer, y varchar(3))"),
        ("timestamp", "timestamp(3)"),
        ("timestamp(6) with time zone", "timestamp(6) with time zone"),
        ("double precision", "double"),
    ],
)
def test_types_of_hive_and_of_athena_are_read(written: str, shown: str) -> None:
    assert str(type_of(written)) == shown
