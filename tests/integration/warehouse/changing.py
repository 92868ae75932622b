"""Contracts of a later release, and a warehouse with rows that a deployment brings to them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg2

from totelake.contracts import Contracts, load_contracts
from totelake.contracts.model import Column, Table
from totelake.warehouse import ddl, tables

FILLED = (
    "INSERT INTO star.dim_currency VALUES (1, 'GBP', 'Pound'), (2, 'EUR', 'Euro')",
    "INSERT INTO star.dim_payment_type VALUES (1, 'SALES')",
    "INSERT INTO etl.batch VALUES ('dim_currency', 'totesys', 1, 1, 2, 0, 0, 0, now())",
)


def with_table(name: str, change: Callable[[Table], Table], contracts: Contracts | None = None) -> Contracts:
    """The contracts with one star table changed."""
    known = contracts or load_contracts()
    return replace(known, stars={**known.stars, name: change(known.star(name))})


def gaining(*columns: Column, before: str | None = None) -> Callable[[Table], Table]:
    """A table with more columns, at its end or before another one."""

    def change(table: Table) -> Table:
        place = len(table.columns) if before is None else table.column_names.index(before)
        return replace(table, columns=(*table.columns[:place], *columns, *table.columns[place:]))

    return change


def with_column(name: str, **values: Any) -> Callable[[Table], Table]:
    """A table with one column changed."""

    def change(table: Table) -> Table:
        columns = tuple(replace(column, **values) if column.name == name else column for column in table.columns)
        return replace(table, columns=columns)

    return change


def losing(name: str) -> Callable[[Table], Table]:
    """A table with a column less."""
    return lambda table: replace(table, columns=tuple(column for column in table.columns if column.name != name))


class Deployed:
    """A warehouse that this release has made, with rows in some tables."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        tables.create(dsn, load_contracts())
        for statement in FILLED:
            self.rows(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with contextlib.closing(psycopg2.connect(self.dsn)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall()) if cursor.description else []

    def deploy(self, contracts: Contracts) -> list[str]:
        """What a deployment of contracts has done, in words."""
        return [step.words for step in tables.create(self.dsn, contracts).steps]

    def columns(self, name: str) -> list[tuple[str, str, bool]]:
        """The columns of a table or view: name, type, and whether a value is required."""
        return self.rows(
            "SELECT attname::text, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute "
            f"WHERE attrelid = '{name}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )

    def sale(self, key: int = 1) -> None:
        """A version of a sales order, as a load leaves it, without the dimensions that it refers to."""
        table = load_contracts().star("fact_sales_order")
        samples = {
            "integer": "1", "date": "'2024-01-01'", "time without time zone": "'09:30'", "boolean": "true",
        }  # fmt: skip
        names = ", ".join(column.name for column in table.lake_columns)
        values = ", ".join(
            str(key) if column.name == table.key_name else samples.get(column.type, "'1'")
            for column in table.lake_columns
        )
        (number,) = self.rows(
            f"INSERT INTO star.fact_sales_order ({names}) VALUES ({values}) RETURNING sales_record_id"
        )[0]
        self.rows(f"INSERT INTO etl.fact_version VALUES ('fact_sales_order', {number}, {key}, 1, now())")
        refer = ddl.add_foreign_keys(table, [name for (name,) in self.rows(ddl.referring(table))])
        if refer is not None:
            self.rows(f"{refer.replace(', ADD', ' NOT VALID, ADD')} NOT VALID")
