"""A later release's contracts on a warehouse with rows: what is changed, and what is kept."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from tests.conftest import Postgres
from tests.integration.warehouse.changing import Deployed, gaining, with_column, with_table
from totelake.contracts import load_contracts
from totelake.contracts.model import Column, Reference
from totelake.deploy.apply import CREATED, UNCHANGED, UPDATED
from totelake.deploy.deploy import _warehouse
from totelake.errors import WarehouseError
from totelake.warehouse import wanted

pytestmark = pytest.mark.integration
DISCOUNT = Column("discount", "numeric(10,2)")


@pytest.fixture
def warehouse(postgres: Postgres) -> Deployed:
    return Deployed(postgres.new_database("totelake_loader"))


def test_a_second_deploy_of_the_same_contracts_does_nothing(warehouse: Deployed) -> None:
    assert warehouse.deploy(load_contracts()) == []


def test_a_fact_with_rows_gains_a_column_and_its_views_show_it(warehouse: Deployed) -> None:
    warehouse.sale()
    contracts = with_table("fact_sales_order", gaining(DISCOUNT, before="units_sold"))
    assert warehouse.deploy(contracts) == [
        "star.fact_sales_order: add discount (numeric(10,2))",
        "make star.current_sales_order anew",
        "make star.history_sales_order anew",
    ]
    names = [name for name, _, _ in warehouse.columns("star.current_sales_order")]
    assert names == list(contracts.star("fact_sales_order").column_names)
    assert warehouse.rows("SELECT sales_order_id, discount FROM star.current_sales_order") == [(1, None)]
    assert warehouse.rows("SELECT sales_order_id, discount FROM star.history_sales_order") == [(1, None)]
    assert warehouse.deploy(contracts) == []


def test_a_dimension_gains_columns(warehouse: Deployed) -> None:
    refers = Column("main_type_id", "integer", foreign_key=Reference("dim_payment_type", "payment_type_id"))
    contracts = with_table("dim_currency", gaining(Column("symbol", "text"), refers))
    assert warehouse.deploy(contracts) == ["star.dim_currency: add symbol (text), add main_type_id (integer)"]
    assert warehouse.columns("star.dim_currency")[-2:] == [
        ("symbol", "text", False),
        ("main_type_id", "integer", False),
    ]
    with pytest.raises(Exception, match="violates foreign key"):
        warehouse.rows("UPDATE star.dim_currency SET main_type_id = 7")
    assert warehouse.deploy(contracts) == []


def test_columns_become_wider_and_take_nulls(warehouse: Deployed) -> None:
    warehouse.sale()
    contracts = with_table("dim_currency", with_column("currency_name", type="text", required=False))
    contracts = with_table("fact_sales_order", with_column("units_sold", type="bigint"), contracts)
    contracts = with_table("fact_sales_order", with_column("unit_price", type="numeric(20,2)"), contracts)
    assert warehouse.deploy(contracts) == [
        "star.dim_currency: let currency_name be NULL",
        "star.fact_sales_order: widen units_sold from integer to bigint, widen unit_price from "
        "numeric(10,2) to numeric(20,2)",
        "make star.current_sales_order anew",
        "make star.history_sales_order anew",
    ]
    for name in ("fact_sales_order", "current_sales_order", "history_sales_order"):
        kinds = {column: kind for column, kind, _ in warehouse.columns(f"star.{name}")}
        assert (kinds["units_sold"], kinds["unit_price"]) == ("bigint", "numeric(20,2)")
    assert warehouse.rows("SELECT units_sold, unit_price FROM star.current_sales_order") == [(1, 1)]
    assert warehouse.deploy(contracts) == []


def test_a_table_without_rows_gains_and_tightens_required_columns(warehouse: Deployed) -> None:
    contracts = with_table("dim_design", gaining(Column("size", "integer", required=True)))
    assert warehouse.deploy(contracts) == ["star.dim_design: add size (integer)"]
    assert warehouse.columns("star.dim_design")[-1] == ("size", "integer", True)
    warehouse.rows("ALTER TABLE star.dim_design ALTER COLUMN size DROP NOT NULL")
    assert warehouse.deploy(contracts) == ["star.dim_design: require size"]


def test_a_new_fact_and_a_record_of_loads_that_is_missing_are_made(warehouse: Deployed) -> None:
    table = load_contracts().star("fact_payment")
    contracts = load_contracts()
    stars = {**contracts.stars, "fact_refund": replace(table, name="fact_refund", short_name="refund", alias="refund")}
    warehouse.rows("DROP TABLE etl.replay")
    assert warehouse.deploy(replace(contracts, stars=stars)) == [
        "make star.fact_refund",
        "make etl.replay",
        "make star.current_refund",
        "make star.history_refund",
        "make star.refund",
    ]


def test_foreign_keys_follow_the_contract(warehouse: Deployed) -> None:
    refers = Reference("dim_payment_type", "payment_type_id")
    contracts = with_table("dim_currency", with_column("currency_id", foreign_key=refers))
    with pytest.raises(WarehouseError, match="violates foreign key constraint .*; correct the row or the constraint"):
        warehouse.deploy(contracts)
    warehouse.rows("INSERT INTO star.dim_payment_type VALUES (2, 'PURCHASE')")
    assert warehouse.deploy(contracts) == [
        "star.dim_currency: add the foreign key of currency_id to dim_payment_type.payment_type_id"
    ]
    assert warehouse.deploy(load_contracts()) == [
        "star.dim_currency: drop the foreign key of currency_id to dim_payment_type.payment_type_id"
    ]


def test_a_view_of_another_text_is_replaced_and_one_that_was_dropped_is_made(warehouse: Deployed) -> None:
    warehouse.rows("COMMENT ON VIEW star.current_payment IS 'made by hand'; DROP VIEW star.history_payment")
    assert warehouse.deploy(load_contracts()) == ["replace star.current_payment", "make star.history_payment"]


def test_a_view_that_is_replaced_or_made_anew_keeps_its_rights_options_and_comments(
    warehouse: Deployed, postgres: Postgres
) -> None:
    history = "star.history_sales_order"
    analyst = f"analyst_{uuid.uuid4().hex[:8]}"
    odd = f'"Odd {analyst}"'
    postgres.run(f"CREATE ROLE {analyst}")
    postgres.run(f"CREATE ROLE {odd}")
    warehouse.rows(
        f"GRANT SELECT ON {history} TO {analyst} WITH GRANT OPTION; GRANT SELECT ON {history} TO PUBLIC;"
        f"GRANT SELECT (units_sold, valid_from) ON {history} TO {odd};"
        f"ALTER VIEW {history} SET (security_barrier = true);"
        f"COMMENT ON COLUMN {history}.valid_from IS 'It''s the first moment.'"
    )
    # what default privileges would give to a new view is not given to one that was there
    warehouse.rows(f"ALTER DEFAULT PRIVILEGES IN SCHEMA star GRANT ALL ON TABLES TO {odd}")
    rights = f"""SELECT c.relacl::text, c.reloptions::text, array_agg((a.attname, a.attacl)::text ORDER BY a.attname),
        array_agg(col_description(c.oid, a.attnum))
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname IN ('units_sold', 'valid_from')
        WHERE c.oid = '{history}'::regclass GROUP BY 1, 2"""
    before = warehouse.rows(rights)
    warehouse.rows(f"COMMENT ON VIEW {history} IS NULL")
    assert warehouse.deploy(load_contracts()) == [f"replace {history}"]
    assert warehouse.rows(rights) == before
    assert warehouse.deploy(with_table("fact_sales_order", gaining(DISCOUNT)))[-1] == f"make {history} anew"
    assert warehouse.rows(rights) == before
    assert "discount" in {name for name, _, _ in warehouse.columns(history)}


def test_what_somebody_has_beside_the_contracts_stays(warehouse: Deployed) -> None:
    warehouse.rows("ALTER TABLE star.dim_currency ADD COLUMN note text; UPDATE star.dim_currency SET note = 'x'")
    warehouse.rows("CREATE VIEW public.report AS SELECT sales_order_id FROM star.current_sales_order")
    # a view that gains columns at its end is replaced, which no reader is in the way of
    contracts = with_table("fact_sales_order", gaining(DISCOUNT))
    assert "replace star.current_sales_order" in warehouse.deploy(contracts)
    assert warehouse.rows("SELECT note FROM star.dim_currency") == [("x",), ("x",)]


def test_what_is_wanted_is_what_is_made(warehouse: Deployed) -> None:
    for table in wanted.tables(load_contracts()):
        made = [(column.name, column.type, column.required) for column in table.columns]
        assert warehouse.columns(table.quoted) == made
    for view in wanted.views(load_contracts()):
        assert [name for name, _, _ in warehouse.columns(view.quoted)] == list(view.columns)


def test_a_deployment_says_what_it_did_to_the_warehouse(postgres: Postgres) -> None:
    said: list[str] = []
    dsn = postgres.new_database("totelake_loader")
    assert _warehouse(dsn, said.append).outcome == CREATED
    assert said[:2] == ["warehouse make the schema star", "warehouse make the schema etl"]
    assert _warehouse(dsn, said.append).outcome == UNCHANGED
    Deployed(dsn).rows("DROP VIEW star.history_payment")
    said.clear()
    assert _warehouse(dsn, said.append).outcome == UPDATED
    assert said == ["warehouse make star.history_payment"]
