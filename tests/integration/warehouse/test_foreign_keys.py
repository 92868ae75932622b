"""A fact's foreign keys come with its first rows: all of them, held against every row, and by one statement."""

from __future__ import annotations

import psycopg2
import pytest

from tests.integration.warehouse.conftest import Warehouse, dimensions, row
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.warehouse import ddl

pytestmark = pytest.mark.integration
PAYMENT = load_contracts().find("fact_payment")


def lacking(warehouse: Warehouse, table: Table) -> str | None:
    """The statement that would add what a table lacks."""
    return ddl.add_foreign_keys(table, [name for (name,) in warehouse.rows(ddl.referring(table))])


def test_after_the_first_load_every_table_has_the_foreign_keys_of_its_contract(warehouse: Warehouse) -> None:
    # facts with rows and without
    warehouse.commit(1, fact_payment=[row(PAYMENT, payment_id=7)], **dimensions())
    warehouse.load()
    assert {table.name: lacking(warehouse, table) for table in load_contracts().star_tables()} == dict.fromkeys(
        (table.name for table in load_contracts().star_tables()), None
    )
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        warehouse.rows("DELETE FROM star.dim_currency")


def test_a_fact_with_rows_is_left_as_somebody_altered_it(warehouse: Warehouse) -> None:
    warehouse.commit(1, fact_payment=[row(PAYMENT, payment_id=7)], **dimensions())
    warehouse.load()
    warehouse.rows("ALTER TABLE star.fact_payment DROP CONSTRAINT fact_payment_currency_id_fkey")
    warehouse.commit(2, fact_payment=[row(PAYMENT, payment_id=8)])
    warehouse.load()
    statement = lacking(warehouse, PAYMENT)
    assert statement is not None and statement.count("FOREIGN KEY") == 1 and '("currency_id")' in statement
    assert len(warehouse.rows("SELECT 1 FROM fact_payment")) == 2


def test_a_fact_that_cannot_refer_to_its_dimension_is_held_alone_and_comes_once_it_can(warehouse: Warehouse) -> None:
    warehouse.commit(1, **dimensions())
    warehouse.load()
    for table in load_contracts().facts():
        for (name,) in warehouse.rows(
            f"SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = '{ddl.qualified(table)}'::regclass"
        ):
            warehouse.rows(f'ALTER TABLE {ddl.qualified(table)} DROP CONSTRAINT "{name}"')
    warehouse.rows("ALTER TABLE star.dim_payment_type DROP CONSTRAINT dim_payment_type_pkey CASCADE")
    sales = load_contracts().find("fact_sales_order")
    warehouse.commit(2, fact_payment=[row(PAYMENT, payment_id=7)], fact_sales_order=[row(sales, sales_order_id=1)])
    warehouse.load()
    assert set(warehouse.held()) == {"fact_payment"}
    assert "unique constraint" in warehouse.held()["fact_payment"].reason
    assert len(warehouse.rows("SELECT 1 FROM fact_sales_order")) == 1 and lacking(warehouse, sales) is None
    warehouse.rows("ALTER TABLE star.dim_payment_type ADD PRIMARY KEY (payment_type_id)")
    warehouse.load()
    assert warehouse.held() == {} and lacking(warehouse, PAYMENT) is None
    assert len(warehouse.rows("SELECT 1 FROM fact_payment")) == 1
