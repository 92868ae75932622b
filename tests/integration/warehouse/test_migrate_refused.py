"""What a deployment does not do to a warehouse with rows: one sentence says what, and nothing is changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import psycopg2
import pytest

from tests.conftest import Postgres
from tests.integration.warehouse.changing import Deployed, gaining, losing, with_column, with_table
from totelake.contracts import Contracts, load_contracts
from totelake.contracts.model import Column, Table
from totelake.errors import RetriableError, WarehouseError
from totelake.warehouse import migrate
from totelake.warehouse.tables import Asked

pytestmark = pytest.mark.integration
DISCOUNT = Column("discount", "numeric(10,2)")
EVERYTHING = """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, obj_description(c.oid)
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('star', 'etl') AND a.attnum > 0 ORDER BY 1, a.attnum"""


@pytest.fixture
def warehouse(postgres: Postgres) -> Deployed:
    return Deployed(postgres.new_database("totelake_loader"))


def another_key(table: Table) -> Table:
    """The dimension with its name as its key."""
    flipped = {"currency_id": False, "currency_code": True}
    columns = (replace(item, primary_key=flipped.get(item.name, item.primary_key)) for item in table.columns)
    return replace(table, columns=tuple(columns))


REFUSED: dict[str, tuple[str, Callable[[Table], Table], str]] = {
    "a required column": (
        "",
        gaining(Column("symbol", "text", required=True)),
        'star.dim_currency has rows and no column symbol, which must have a value: ALTER TABLE star."dim_currency" ADD '
        'COLUMN "symbol" text; UPDATE star."dim_currency" SET "symbol" = ...; ALTER TABLE star."dim_currency" ALTER '
        'COLUMN "symbol" SET NOT NULL',
    ),
    "a narrower type": (
        "",
        with_column("currency_id", type="smallint"),
        "star.dim_currency.currency_id is integer, and not every value of it is one of smallint: put the wider type "
        'into the contract, or ALTER TABLE star."dim_currency" ALTER COLUMN "currency_id" TYPE smallint USING '
        '"currency_id"::smallint',
    ),
    "another type": (
        "",
        with_column("currency_name", type="date"),
        "star.dim_currency.currency_name is character varying, and not every value of it is one of date: ALTER TABLE "
        'star."dim_currency" ALTER COLUMN "currency_name" TYPE date USING "currency_name"::date',
    ),
    "a value that must be there": (
        "ALTER TABLE star.dim_currency ALTER COLUMN currency_name DROP NOT NULL",
        lambda table: table,
        "star.dim_currency.currency_name may be NULL and has rows, and must have a value by its contract: ALTER TABLE "
        'star."dim_currency" ALTER COLUMN "currency_name" SET NOT NULL',
    ),
    "a column less": (
        "",
        losing("currency_name"),
        'star.dim_currency.currency_name must have a value and is not in the contract: ALTER TABLE star."dim_currency" '
        'ALTER COLUMN "currency_name" DROP NOT NULL keeps its values, ALTER TABLE star."dim_currency" DROP COLUMN '
        '"currency_name" does not',
    ),
    "another key": (
        "",
        another_key,
        'star.dim_currency has the key (currency_id), not the key (currency_code): ALTER TABLE star."dim_currency" '
        'DROP CONSTRAINT "dim_currency_pkey" CASCADE, ADD PRIMARY KEY ("currency_code")',
    ),
    "a table that is gone": (
        "DROP TABLE star.dim_currency CASCADE",
        lambda table: table,
        "star.dim_currency is gone, with rows that were loaded: restore a backup, or drop the schemas star and etl: "
        "`totelake run` makes and loads them anew",
    ),
    "something else in its place": (
        "ALTER TABLE star.dim_currency RENAME TO mine; CREATE VIEW star.dim_currency AS SELECT * FROM star.mine",
        lambda table: table,
        "star.dim_currency is no table: rename what has its name, and deploy again",
    ),
    "records of loads that are gone": (
        "DROP TABLE etl.deletion CASCADE",
        lambda table: table,
        "etl.deletion is gone, with rows that were loaded: restore a backup",
    ),
    "the record of all loads that is gone": (
        "DROP TABLE etl.batch",
        lambda table: table,
        "etl.batch is gone, with rows that were loaded: restore a backup",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_lose_values_or_fail_on_rows_is_refused_with_the_statement(case: str, warehouse: Deployed) -> None:
    statement, change, sentence = REFUSED[case]
    if statement:
        warehouse.rows(statement)
    before = warehouse.rows(EVERYTHING)
    # another table could follow, and does not
    contracts = with_table("dim_design", gaining(Column("size", "integer")), with_table("dim_currency", change))
    with pytest.raises(WarehouseError) as raised:
        warehouse.deploy(contracts)
    assert f"the warehouse cannot follow the contracts, and nothing was changed: {sentence}" in str(raised.value)
    assert warehouse.rows(EVERYTHING) == before


@pytest.mark.parametrize(
    ("view", "contracts", "sentence"),
    [
        (
            "CREATE VIEW public.report AS SELECT units_sold FROM star.history_sales_order",
            with_table("fact_sales_order", gaining(DISCOUNT)),
            "star.history_sales_order has to be made anew, and public.report reads it: DROP VIEW public.report, deploy "
            "again, and make them anew",
        ),
        (
            "CREATE MATERIALIZED VIEW public.report AS SELECT units_sold FROM star.fact_sales_order",
            with_table("fact_sales_order", with_column("units_sold", type="bigint")),
            "star.fact_sales_order.units_sold cannot become bigint while public.report reads it: ",
        ),
    ],
    ids=["of a view", "of a column"],
)
def test_a_view_of_somebody_elses_is_named_and_not_dropped(
    view: str, contracts: Contracts, sentence: str, warehouse: Deployed
) -> None:
    warehouse.rows(view)
    before = warehouse.rows(EVERYTHING)
    with pytest.raises(WarehouseError) as raised:
        warehouse.deploy(contracts)
    assert sentence in str(raised.value)
    assert warehouse.rows(EVERYTHING) == before
    assert warehouse.rows("SELECT * FROM public.report") == []


def test_a_view_that_reads_another_column_is_in_nobodys_way(warehouse: Deployed) -> None:
    warehouse.rows("CREATE VIEW public.report AS SELECT unit_price FROM star.fact_sales_order")
    warehouse.deploy(with_table("fact_sales_order", with_column("units_sold", type="bigint")))
    assert ("units_sold", "bigint", False) in warehouse.columns("star.current_sales_order")


def test_a_reader_that_keeps_a_lock_is_named_and_nothing_is_changed(
    warehouse: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "LOCK_WAIT", 1)
    contracts = with_table("fact_sales_order", gaining(DISCOUNT))
    before = warehouse.rows(EVERYTHING)
    with contextlib.closing(psycopg2.connect(warehouse.dsn, application_name="report")) as reader:
        with reader.cursor() as cursor:
            cursor.execute("SELECT * FROM star.current_sales_order")
        with pytest.raises(RetriableError) as raised:
            warehouse.deploy(contracts)
        number = reader.info.backend_pid
        assert str(raised.value) == (
            f"the warehouse's tables were locked for 1 s by session {number} (report), and nothing was changed; deploy "
            f"again when that has ended, or end it: SELECT pg_terminate_backend({number})"
        )
        assert warehouse.rows(EVERYTHING) == before
    assert len(warehouse.deploy(contracts)) == 3


def test_a_release_of_before_takes_nothing_from_a_loads_readers(warehouse: Deployed) -> None:
    warehouse.deploy(with_table("fact_sales_order", gaining(DISCOUNT)))
    with contextlib.closing(psycopg2.connect(warehouse.dsn)) as connection:
        found = migrate.migration(Asked(connection), load_contracts())
    assert (found.needed, len(found.steps)) == ((), 2)
