"""A script that would write tables into a metastore that ends with the run."""

from __future__ import annotations

import pytest

from localglue.errors import InvalidInput
from localglue.spark_sql import notice, refuse_writes

ON = {"--enable-glue-datacatalog": "true"}
HARMLESS = """df.createOrReplaceTempView("v")
spark.sql("SELECT a FROM v")
spark.sql("create or replace temp view w as select 1")
"""


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ('df.write.saveAsTable("db.t")', "saveAsTable"),
        ('df.write.mode("append").insertInto("db.t")', "insertInto"),
        ('spark.sql("create  external\\n table t (a int)")', ""),
        ('spark.sql("INSERT INTO db.t VALUES (1)")', "INSERT INTO"),
        ('spark.sql("msck repair table db.t")', "msck repair table"),
        ('spark.sql("CREATE DATABASE db")', "CREATE DATABASE"),
        ('df.writeTo("db.t").append()', "writeTo"),
        ('spark.sql("create or replace view v as select 1")', "create or replace view"),
        ('print "an older Python"; spark.sql("DROP TABLE t")', "DROP TABLE"),
        ('import pg8000; spark.sql(f"INSERT INTO {name} SELECT 1")', "INSERT INTO"),
        ('import psycopg2; do = lambda: go(x="DROP TABLE t")\\ndef go(x): spark.sql(x)', "DROP TABLE"),
        ('q = "INSERT INTO t SELECT 1"; p = q + ";"; import psycopg2; spark.sql(sqlQuery=p)', "INSERT INTO"),
    ],
)
def test_a_script_that_writes_tables_by_sql_is_refused_with_its_line(statement: str, words: str) -> None:
    script = HARMLESS + statement.encode().decode("unicode_escape")
    with pytest.raises(InvalidInput, match=r"line 4 of the script .*" + words):
        refuse_writes(script, ON)


@pytest.mark.parametrize(
    "arguments", [{}, {"--enable-glue-datacatalog": "false"}, {**ON, "--conf": "spark.sql.catalog.glue_catalog=x"}]
)
def test_a_job_that_does_not_ask_for_it_or_brings_a_catalogue_may(arguments: dict[str, str]) -> None:
    refuse_writes('df.write.saveAsTable("db.t")', arguments)
    assert notice(arguments) == ""


@pytest.mark.parametrize(
    "statement",
    [
        '# spark.sql("CREATE TABLE t") and df.write.saveAsTable("t")',
        '"""Does what INSERT INTO did."""',
        "x = 1  # INSERT INTO comes later",
        'import psycopg2\nq = "INSERT INTO t VALUES (1)"\ncursor.execute(q)\nspark.sql("SELECT 1")',
        'from pg8000.native import Connection\nConnection("u").run("DROP TABLE t")',
        'SparkSession.builder.config("spark.sql.catalog.own", "x")\nspark.sql("CREATE TABLE own.db.t (a int)")',
        'spark.sql("create or replace temporary view v as select 1")',
        'spark.sql("CREATE GLOBAL TEMP VIEW v AS SELECT 1")',
    ],
)
def test_what_is_no_sql_of_spark_or_has_a_catalogue_of_its_own_runs(statement: str) -> None:
    refuse_writes(HARMLESS + statement + "\n", ON)


def test_what_writes_no_table_runs_and_its_log_says_what_it_does_not_see() -> None:
    refuse_writes(HARMLESS, ON)
    assert "does not see the Data Catalog" in notice(ON)
