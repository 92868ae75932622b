"""Statements as they are read: their kinds, their parts, and what is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localathena.sql.refusals import Refused
from localathena.sql.words import parse
from localathena.statements import parsed
from localathena.statements.lexer import tokens
from localathena.statements.parameters import filled, literal
from localathena.statements.parse import statement_of

_PARTITION = parsed.Partition({"d": "1", "e": "x"}, "s3://b/1/")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("/* so */ SELECT 1; ", parsed.Select("SELECT 1")),
        ("(SELECT 1) UNION (SELECT 2)", parsed.Select("(SELECT 1) UNION (SELECT 2)")),
        (
            "CREATE TABLE IF NOT EXISTS \"D\".T WITH (format = 'ORC', partitioned_by = ARRAY['a','b']) "
            "AS SELECT 1 WITH NO DATA",
            parsed.Ctas("d", "t", "SELECT 1", {"format": "ORC", "partitioned_by": "a,b"}, True, False),
        ),
        ("INSERT INTO t (a, \"B\") SELECT 1, 2", parsed.Insert("own", "t", "SELECT 1, 2", ("a", "b"))),
        ("INSERT INTO t (SELECT 1)", parsed.Insert("own", "t", "(SELECT 1)")),
        (
            "UNLOAD (SELECT ')' AS a) TO 's3://b/x/' WITH (format='JSON')",
            parsed.Unload("SELECT ')' AS a", "s3://b/x/", {"format": "JSON"}),
        ),
        ("CREATE OR REPLACE VIEW v AS SELECT 1 ;", parsed.CreateView("own", "v", "SELECT 1", True)),
        ("DROP TABLE IF EXISTS `d`.`t-1`", parsed.Drop("TABLE", "d", "t-1", True)),
        ("DROP SCHEMA d CASCADE", parsed.Drop("DATABASE", "", "d", False, True)),
        (
            "ALTER TABLE t ADD IF NOT EXISTS PARTITION (d = 1, e = 'x') LOCATION 's3://b/1/'",
            parsed.AlterTable("own", "t", "ADD_PARTITION", (_PARTITION,), condition=True),
        ),
        ("MSCK REPAIR TABLE awsdatacatalog.d.t;", parsed.Repair("d", "t")),
        ("SHOW TABLES IN d 'a*|b'", parsed.Show("TABLES", ("d", ""), "a*|b")),
        ("SHOW COLUMNS FROM t IN d", parsed.Show("COLUMNS", ("d", "t"))),
        ("DESCRIBE `t`;", parsed.Show("DESCRIBE", ("own", "t"))),
        ('EXECUTE "S" USING \'a, b\', f(1, 2)', parsed.Execute("S", ("'a, b'", "f(1, 2)"))),
        ("PREPARE s FROM SELECT ?", parsed.Prepare("s", "SELECT ?")),
    ],
)  # fmt: skip
def test_a_statement_is_read_as_what_it_is(sql: str, expected: parsed.Statement) -> None:
    assert statement_of(sql, "own") == expected


def test_a_table_of_hive_has_all_its_clauses() -> None:
    found = statement_of(
        "CREATE EXTERNAL TABLE IF NOT EXISTS `d.x`.t (`a` int COMMENT 'it''s (a, b)', "
        "s struct<x:array<int>,y:decimal(10,2)>)\nCOMMENT 'c' PARTITIONED BY (p string) CLUSTERED BY (a) INTO 4 "
        "BUCKETS ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' STORED AS INPUTFORMAT 'i' "
        "OUTPUTFORMAT 'o' LOCATION 's3://b/' TBLPROPERTIES ('k'='v', \"l\"=\"w\")",
        "own",
    )  # fmt: skip
    assert found == parsed.CreateTable(
        "d.x", "t", (("a", "int", "it's (a, b)"), ("s", "struct<x:array<int>,y:decimal(10,2)>", "")),
        (("p", "string", ""),), "s3://b/", True, "c", "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        {"field.delim": "\t", "escape.delim": "\\"}, ("i", "o"), {"k": "v", "l": "w"}, (("a",), 4),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "kind", "words"),
    [
        ("", "SYNTAX_ERROR", "<EOF>"),
        ("-- nothing", "SYNTAX_ERROR", "<EOF>"),
        ("GRANT ALL", "SYNTAX_ERROR", "mismatched input 'GRANT'"),
        ("DELETE FROM t", "NOT_SUPPORTED", "DELETE is not answered on this machine"),
        ("CREATE TABLE t (a int) LOCATION 's3://b/'", "NOT_SUPPORTED", "a table of Iceberg"),
        ("CREATE EXTERNAL TABLE t (a int)", "SYNTAX_ERROR", "names no LOCATION"),
        ("CREATE EXTERNAL TABLE t (a int) CLUSTERED BY (a) INTO x BUCKETS", "SYNTAX_ERROR", "mismatched input 'x'"),
        ("CREATE EXTERNAL TABLE t (a int COMMENT)", "SYNTAX_ERROR", "a text behind COMMENT"),
        ("CREATE EXTERNAL TABLE t (a int COMMENT 'x' y)", "SYNTAX_ERROR", "a text behind COMMENT"),
        ("UNLOAD (SELECT 1 TO 's3://b/'", "SYNTAX_ERROR", "mismatched input"),
        ("DROP INDEX i", "SYNTAX_ERROR", "mismatched input 'INDEX'"),
        ("SELECT * FROM x; DROP TABLE other.y.z.w", "SYNTAX_ERROR", ""),
        ("DROP TABLE hive.d.t", "CATALOG_NOT_FOUND", "hive"),
        ("ALTER TABLE t RENAME TO u", "NOT_SUPPORTED", "RENAME"),
    ],
)
def test_what_is_no_statement_is_refused_with_its_place(sql: str, kind: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        found = statement_of(sql, "own")
        parse(getattr(found, "query", ""))
    assert caught.value.kind == kind
    assert words in caught.value.sentence


@given(st.text())
def test_every_text_is_a_statement_or_refused(text: str) -> None:
    assert "".join(text[one.start : one.end] for one in tokens(text)) == "".join(one.text for one in tokens(text))
    try:
        found: Any = statement_of(text, "own")
    except Refused as refused:
        assert refused.sentence
    else:
        assert found.type in ("DML", "DDL", "UTILITY")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", "1"), ("-1.5", "-1.5"), ("'it''s'", "'it''s'"), ("Washington", "'Washington'"), ("it's", "'it''s'"),
        ("DATE '2020-01-01'", "DATE '2020-01-01'"), ("true", "true"), ("NULL", "NULL"), ("", "''"),
        ("1) OR (1=1", "'1) OR (1=1'"), ("(SELECT 1)", "'(SELECT 1)'"), ("2020-01-01", "'2020-01-01'"),
        ("1 FROM secrets", "'1 FROM secrets'"), ("a, b", "'a, b'"), ("1 AS x", "'1 AS x'"),
        ("'x' --", "'x'"), ("1 /* a */", "1"), ("1 /*", "'1 /*'"), ("1;", "'1;'"), ("1 HAVING true", "'1 HAVING true'"),
        ("1 OFFSET 1", "'1 OFFSET 1'"), ("1 LIMIT 1", "'1 LIMIT 1'"), ("1), (2", "'1), (2'"),
        ("1 WINDOW w AS ()", "'1 WINDOW w AS ()'"), ("1 UNION SELECT 2", "'1 UNION SELECT 2'"),
        ("ALL 1", "'ALL 1'"), ("DISTINCT 1", "'DISTINCT 1'"), ("1 -- a\n, 2", "'1 -- a\n, 2'"),
    ],
)  # fmt: skip
def test_a_parameter_is_a_literal_or_a_text_and_never_more_of_the_statement(value: str, expected: str) -> None:
    assert literal(value) == expected


@given(
    st.lists(
        st.sampled_from(
            [
                "1",
                "'x'",
                "--",
                "/*",
                "*/",
                "(",
                ")",
                ",",
                ";",
                "\n",
                "'",
                '"',
                "FROM t",
                "HAVING",
                "OFFSET",
                "OR",
                "-",
                "?",
            ]
        ),
        max_size=6,
    ).map(" ".join)
)
def test_whatever_a_parameter_is_the_rest_of_the_statement_stays(value: str) -> None:
    made = parse(filled("SELECT 7 WHERE ? = 'a' AND 'rest' = 'stays'", [literal(value)])).args["where"].this
    assert made.args["expression"].sql() == "'rest' = 'stays'"


def test_a_question_mark_in_a_text_or_a_comment_is_no_parameter() -> None:
    assert filled("SELECT '?', \"?\", ? -- ?\n, /* ? */ ?", ["1", "'?'"]) == "SELECT '?', \"?\", 1 -- ?\n, /* ? */ '?'"
    assert filled("SELECT ?, x", ["1 -- all"]) == "SELECT 1, x"
    with pytest.raises(Refused, match="expected 2 but found 1"):
        filled("SELECT ?, ?", ["1"])
