"""The views' texts, run on DuckDB over versions whose meaning is known."""

from __future__ import annotations

import base64
import json
from typing import Any

import duckdb
import pytest
import sqlglot

from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.contracts.types import hive_type
from totelake.errors import ConfigurationError
from totelake.lake.views import BATCH_PARAMETER, View, view_input, view_sql, views_of

DESIGN, PAYMENT = load_contracts().find("dim_design"), load_contracts().find("fact_payment")


def database(table: Table, rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """A database with the table's log and these rows; columns that a row does not name are NULL."""
    connection = duckdb.connect()
    types = {column.name: hive_type(column.type) for column in table.lake_columns}
    types |= {"_op": "string", "_batch": "bigint", "_captured_at": "timestamp"}
    if table.partition_by:
        types[table.partition_by] = "string"
    connection.execute(
        f"CREATE SCHEMA lake; CREATE TABLE lake.{table.name}_log ({', '.join(f'{n} {k}' for n, k in types.items())})"
    )
    for row in rows:
        names = ", ".join(row)
        connection.execute(
            f"INSERT INTO lake.{table.name}_log ({names}) VALUES ({', '.join('?' for _ in row)})", list(row.values())
        )
    return connection


def result(connection: duckdb.DuckDBPyConnection, view: View, columns: str) -> list[tuple[Any, ...]]:
    text = sqlglot.transpile(view.sql, read="athena", write="duckdb")[0]
    shown = connection.execute(f"SELECT * FROM ({text})")
    assert [item[0] for item in shown.description] == [name for name, _ in view.columns]
    return connection.execute(f"SELECT {columns} FROM ({text}) ORDER BY ALL").fetchall()


def version(key: int, batch: int, op: str = "U", **values: Any) -> dict[str, Any]:
    return {"_op": op, "_batch": batch, "_captured_at": f"2024-01-0{batch} 00:00:00", **values, **key_of(key)}


def key_of(key: int) -> dict[str, int]:
    return {"design_id": key} if key < 100 else {"payment_id": key}


def test_a_dimension_shows_the_latest_values_and_marks_deletions() -> None:
    rows = [
        version(1, 1, "I", design_name="a"),
        version(1, 2, design_name="b"),
        version(2, 1, "I", design_name="c"),
        version(2, 2, "D"),
        version(3, 1, "I", design_name="d"),
        version(3, 2, "D"),
        version(3, 3, "I", design_name="e"),
    ]
    connection = database(DESIGN, rows)
    columns = "design_id, design_name, _deleted, _batch"
    assert result(connection, views_of(DESIGN, "lake", 1)[0], columns) == [
        (1, "a", False, 1), (2, "c", False, 1), (3, "d", False, 1),
    ]  # fmt: skip
    assert result(connection, views_of(DESIGN, "lake", 2)[0], columns) == [
        (1, "b", False, 2), (2, "c", True, 1), (3, "d", True, 1),
    ]  # fmt: skip
    assert result(connection, views_of(DESIGN, "lake", 3)[0], columns) == [
        (1, "b", False, 2), (2, "c", True, 1), (3, "e", False, 3),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def payments() -> duckdb.DuckDBPyConnection:
    return database(
        PAYMENT,
        [
            version(101, 1, "I", paid=False),
            version(101, 3, paid=True),
            version(102, 1, "I", paid=False),
            version(102, 2, "D"),
            version(102, 4, "I", paid=True),
            version(103, 2, "I", paid=False),
            version(103, 3, "D"),
        ],
    )


def test_a_fact_shows_every_version(payments: duckdb.DuckDBPyConnection) -> None:
    versions, _, _ = views_of(PAYMENT, "lake", 3)
    assert result(payments, versions, "payment_id, _batch, paid") == [
        (101, 1, False), (101, 3, True), (102, 1, False), (103, 2, False),
    ]  # fmt: skip


def test_the_current_view_shows_what_is_not_deleted(payments: duckdb.DuckDBPyConnection) -> None:
    shown = {
        batch: result(payments, views_of(PAYMENT, "lake", batch)[1], "payment_id, _batch") for batch in range(1, 5)
    }
    assert shown == {1: [(101, 1), (102, 1)], 2: [(101, 1), (103, 2)], 3: [(101, 3)], 4: [(101, 3), (102, 4)]}


def test_the_history_shows_from_when_until_when(payments: duckdb.DuckDBPyConnection) -> None:
    columns = "payment_id, day(valid_from), day(valid_to), day(deleted_at)"
    assert result(payments, views_of(PAYMENT, "lake", 4)[2], columns) == [
        (101, 1, 3, None), (101, 3, None, None), (102, 1, 2, 2), (102, 4, None, None), (103, 2, 3, 3),
    ]  # fmt: skip


def test_the_names_are_those_that_people_query() -> None:
    names = [view.name for table in load_contracts().star_tables() for view in views_of(table, "lake", 1)]
    facts = [name for name in names if not name.startswith("dim_")]
    assert sorted(facts) == [
        "current_payment", "current_purchase_orders", "current_sales_order",
        "fact_payment", "fact_purchase_orders", "fact_sales_order",
        "history_payment", "history_purchase_orders", "history_sales_order",
    ]  # fmt: skip


def test_the_catalogue_holds_it_as_athena_does() -> None:
    view = views_of(DESIGN, "lake", 7)[0]
    table = view_input(view, "lake", 7)
    assert table["TableType"] == "VIRTUAL_VIEW" and table["Parameters"]["presto_view"] == "true"
    assert table["Parameters"][BATCH_PARAMETER] == "7"
    assert table["ViewExpandedText"] == "/* Presto View */"
    document = json.loads(base64.b64decode(table["ViewOriginalText"][len("/* Presto View: ") : -len(" */")]))
    assert document["originalSql"] == view.sql == view_sql(table)
    assert document["catalog"] == "awsdatacatalog" and document["schema"] == "lake"
    assert document["columns"][0] == {"name": "design_id", "type": "integer"}
    assert table["StorageDescriptor"]["Columns"][0] == {"Name": "design_id", "Type": "int"}
    with pytest.raises(ConfigurationError, match="orders is a view, but none of Athena.s; drop it"):
        view_sql({"Name": "orders"})


@pytest.mark.parametrize(
    ("postgres", "trino"),
    [
        ("smallint", "smallint"),
        ("integer", "integer"),
        ("bigint", "bigint"),
        ("boolean", "boolean"),
        ("real", "real"),
        ("double precision", "double"),
        ("numeric(12,3)", "decimal(12,3)"),
        ("date", "date"),
        ("timestamp(3) without time zone", "timestamp(3)"),
        ("timestamp without time zone", "timestamp(3)"),
        ("character varying(9)", "varchar"),
        ("text", "varchar"),
    ],
)
def test_a_view_names_each_column_with_athenas_own_type(postgres: str, trino: str) -> None:
    """Athena refuses a view whose stored types are not those that its query has: Hive's float is real there."""
    document = view_input(View("v", (("x", hive_type(postgres)),), "SELECT 1"), "db", 1)["ViewOriginalText"]
    columns = json.loads(base64.b64decode(document[len("/* Presto View: ") : -len(" */")]))["columns"]
    assert columns == [{"name": "x", "type": trino}]
