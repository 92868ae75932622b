"""Queries through the API: states, results, pages, objects, failures."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.integration.localathena.conftest import Bench


def sales(bench: Bench) -> None:
    """A partitioned table of parquet."""
    bench.put_parquet("sales/day=1/a", id=[1, 2], note=['say "hi"', None])
    bench.put_parquet("sales/day=2/b", ID=[3], note=["two\nlines, and\tmore"])
    bench.put("sales/day=2/_SUCCESS", b"not parquet")
    columns = "(id bigint, note string) PARTITIONED BY (day int) STORED AS PARQUET"
    bench.run(f"CREATE EXTERNAL TABLE sales {columns} LOCATION 's3://{bench.name}/sales/'")
    bench.run("MSCK REPAIR TABLE sales")


def test_a_query_answers_and_leaves_its_result_in_s3_as_athena_writes_it(bench: Bench) -> None:
    sales(bench)
    found = bench.run("SELECT id, note, day, 1.50 AS price FROM sales ORDER BY id")
    assert (found["StatementType"], found["SubstatementType"], found["WorkGroup"]) == ("DML", "SELECT", "primary")
    address = found["ResultConfiguration"]["OutputLocation"]
    assert address == f"s3://{bench.name}/out/{found['QueryExecutionId']}.csv"
    assert bench.content(address).decode() == (
        '"id","note","day","price"\n"1","say ""hi""","1","1.50"\n"2",,"1","1.50"\n'
        '"3","two\nlines, and\tmore","2","1.50"\n'
    )
    assert b"varchar" in bench.content(f"{address}.metadata")
    sizes = [item["Size"] for item in bench.s3.list_objects_v2(Bucket=bench.name, Prefix="sales/")["Contents"]]
    assert found["Statistics"]["DataScannedInBytes"] == sum(sizes) - len(b"not parquet")
    result = bench.athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])["ResultSet"]
    described = [
        (item["Name"], item["Type"], item["Precision"], item["Scale"])
        for item in result["ResultSetMetadata"]["ColumnInfo"]
    ]
    assert described == [
        ("id", "bigint", 19, 0),
        ("note", "varchar", 2147483647, 0),
        ("day", "integer", 10, 0),
        ("price", "decimal", 3, 2),
    ]
    assert result["Rows"][2]["Data"] == [{"VarCharValue": "2"}, {}, {"VarCharValue": "1"}, {"VarCharValue": "1.50"}]


def test_pages_have_every_row_once(bench: Bench) -> None:
    note = "CASE WHEN n % 3 = 0 THEN 'line' || chr(10) || '\"' || chr(233) END"
    sql = f"SELECT n, {note} FROM UNNEST(sequence(1, 2500)) AS t(n)"
    number = bench.run(sql)["QueryExecutionId"]
    pages = list(bench.athena.get_paginator("get_query_results").paginate(QueryExecutionId=number))
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 1000, 501]
    rows = [[cell.get("VarCharValue") for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
    assert rows[1:] == [[str(n), 'line\n"é' if n % 3 == 0 else None] for n in range(1, 2501)]
    with pytest.raises(ClientError, match="no NextToken of this result"):
        bench.athena.get_query_results(QueryExecutionId=number, NextToken="mine")


@pytest.mark.parametrize(
    ("sql", "reason", "number"),
    [
        ("SELECT * FROM lost", "TABLE_NOT_FOUND: Table 'awsdatacatalog.{0}.lost' does not exist", 1110),
        ("SELECT nothing FROM (VALUES 1) AS t(n)", "COLUMN_NOT_FOUND: Column 'nothing' cannot be resolved", 1000),
        ("SELECT 1 / (n - 1) FROM (VALUES 1) AS t(n)", "DIVISION_BY_ZERO: ", 1000),
        ("SELECT random(-1)", "INVALID_FUNCTION_ARGUMENT: bound must be positive", 1106),
        ("INSERT INTO lost SELECT 1", "TABLE_NOT_FOUND: ", 1110),
        ("DROP TABLE lost", "FAILED: SemanticException [Error 10001]: Table not found {0}.lost", 1003),
        ("SHOW PARTITIONS lost", "TABLE_NOT_FOUND: ", 1110),
        ("CREATE TABLE t AS SELECT 1 AS a, 2 AS a", "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'a' specified", 1000),
        ("CREATE TABLE t AS SELECT NULL AS a", "COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown: a", 1000),
    ],
)  # fmt: skip
def test_a_statement_that_fails_says_why_in_athenas_classes(bench: Bench, sql: str, reason: str, number: int) -> None:
    status = bench.failure(sql)
    assert status["StateChangeReason"].startswith(reason.format(bench.name))
    error = status["AthenaError"]
    assert (error["ErrorCategory"], error["ErrorType"], error["Retryable"]) == (2, number, False)
    assert error["ErrorMessage"] == status["StateChangeReason"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", "mismatched input 'SELEC'"),
        ("SELECT 1 FROM", "line 1:"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("CREATE TABLE t AS ALTER TABLE x SET LOCATION 's3://x/'", "Exception parsing query"),
        ("SELECT ?", "Incorrect number of parameters: expected 1 but found 0"),
        ("ALTER TABLE t SET LOCATION", "mismatched input '<EOF>'. Expecting: more"),
    ],
)
def test_what_is_no_statement_is_not_begun(bench: Bench, sql: str, message: str) -> None:
    with pytest.raises(ClientError) as caught:
        bench.start(sql)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    assert message in caught.value.response["Error"]["Message"]
    assert caught.value.response["AthenaErrorCode"] == "MALFORMED_QUERY"


def test_parameters_stand_where_the_question_marks_are(bench: Bench) -> None:
    sales(bench)
    sql = "SELECT '?' || note FROM sales WHERE id = ? AND day >= ? OR note = ? -- ?"
    values = ["2", "1", 'say "hi"']
    assert bench.rows(sql, ExecutionParameters=values) == [['?say "hi"'], [None]]
    group = f"wg{bench.name}"
    bench.athena.create_work_group(Name=group, Configuration={"ResultConfiguration": bench.output})
    bench.run("PREPARE mine FROM SELECT id FROM sales WHERE id > ? AND id < ?", WorkGroup=group)
    assert bench.rows("EXECUTE mine USING 1, 3", WorkGroup=group) == [["2"]]
    assert bench.rows("EXECUTE mine", WorkGroup=group, ExecutionParameters=["2", "9"]) == [["3"]]
    bench.run("DEALLOCATE PREPARE mine", WorkGroup=group)
    with pytest.raises(ClientError) as caught:
        bench.start("EXECUTE mine", WorkGroup=group)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_query_can_be_stopped(bench: Bench) -> None:
    slow = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) WHERE (x + y) % 7 = z % 5"  # noqa: E501
    waiting = [bench.start(slow) for _ in range(3)]
    for number in waiting:
        bench.athena.stop_query_execution(QueryExecutionId=number)
    assert [bench.ended(number)["Status"]["State"] for number in waiting] == ["CANCELLED"] * 3
    assert bench.rows("SELECT 1") == [["1"]]
    with pytest.raises(ClientError, match="Final query state: CANCELLED"):
        bench.athena.get_query_results(QueryExecutionId=waiting[0])


def test_the_same_token_begins_one_query(bench: Bench) -> None:
    token = f"token-{bench.name}-0123456789abcdef"
    first = bench.start("SELECT 1", ClientRequestToken=token)
    assert bench.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        bench.start("SELECT 2", ClientRequestToken=token)


def test_a_result_is_used_again_only_while_it_is_there(bench: Bench) -> None:
    reuse = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}}
    sql = f"SELECT '{bench.name}' AS name"
    first = bench.run(sql)
    again = bench.run(sql, **reuse)
    assert again["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is True
    assert again["ResultConfiguration"]["OutputLocation"] == first["ResultConfiguration"]["OutputLocation"]
    assert again["QueryExecutionId"] != first["QueryExecutionId"]
    bench.s3.delete_object(Bucket=bench.name, Key=f"out/{first['QueryExecutionId']}.csv")
    assert bench.run(sql, **reuse)["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is False


def test_a_result_that_is_not_kept_any_more_says_where_it_is(bench: Bench) -> None:
    number = bench.run("SELECT 1")["QueryExecutionId"]
    (bench.application.results / number).unlink()
    with pytest.raises(ClientError, match="read it from its OutputLocation"):
        bench.athena.get_query_results(QueryExecutionId=number)


def test_an_operation_that_is_not_done_is_refused_by_name(bench: Bench) -> None:
    with pytest.raises(ClientError) as caught:
        bench.athena.list_notebook_metadata(WorkGroup="primary")
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperationException"
    assert "localathena does not support ListNotebookMetadata; nothing was done" in str(caught.value)
