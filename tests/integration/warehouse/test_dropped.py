"""Triggers and rules that drop rows and say nothing: no load counts a row as applied that is not in its star table."""

from __future__ import annotations

import pytest

from tests.integration.warehouse.conftest import Warehouse, dimensions, row
from tests.integration.warehouse.test_refused import TABLES, arrived, changed

pytestmark = pytest.mark.integration
SAYS = "after they were written; nothing was applied: one of the table's triggers, rules or row-level security policies"
FUNCTIONS = """
CREATE FUNCTION star.drop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION star.remove() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('DELETE FROM star.%I WHERE %I = $1', TG_TABLE_NAME, TG_ARGV[0])
USING (to_jsonb(NEW) ->> TG_ARGV[0])::int; RETURN NULL; END $$"""
# what is put on a table, and what of the reason names it
DROPPING = {
    "dim_design": ("BEFORE INSERT ON star.dim_design FOR EACH ROW EXECUTE FUNCTION star.drop()", "0 of 2"),
    "dim_staff": ("BEFORE UPDATE ON star.dim_staff FOR EACH ROW EXECUTE FUNCTION star.drop()", "1 of 2"),
    "dim_currency": (
        "AFTER INSERT ON star.dim_currency FOR EACH ROW EXECUTE FUNCTION star.remove('currency_id')",
        "1 of 2",
    ),
    "fact_payment": ("BEFORE INSERT ON star.fact_payment FOR EACH ROW EXECUTE FUNCTION star.drop()", "0 of 1"),
    "fact_purchase_orders": (
        "BEFORE INSERT ON star.fact_purchase_orders FOR EACH ROW WHEN (NEW.purchase_order_id = 1) "
        "EXECUTE FUNCTION star.drop()",
        "1 of 2",
    ),
    "fact_sales_order": (
        "AFTER INSERT ON star.fact_sales_order DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
        "EXECUTE FUNCTION star.remove('sales_record_id')",
        "0 of 1",
    ),
}
RULE = "CREATE RULE r AS ON INSERT TO star.dim_transaction DO INSTEAD NOTHING"
FREE = {"dim_date", "dim_counterparty", "dim_location", "dim_payment_type"}


def test_rows_that_are_dropped_in_silence_hold_their_table_and_arrive_when_they_are_not(warehouse: Warehouse) -> None:
    waits = row(TABLES["fact_purchase_orders"], purchase_order_id=1, counterparty_id=2)
    there = {name: [row(TABLES[name])] for name in ("fact_payment", "fact_sales_order")}
    warehouse.commit(1, **dimensions(), **there, fact_purchase_orders=[waits])
    warehouse.load()
    warehouse.rows(f"{FUNCTIONS}; {RULE}")
    for trigger, _ in DROPPING.values():
        warehouse.rows(f"CREATE {'CONSTRAINT ' if 'DEFERRED' in trigger else ''}TRIGGER t {trigger}")
    warehouse.commit(2, **changed())
    warehouse.load()
    reasons = {name: hold.reason for name, hold in warehouse.held().items()}
    assert set(reasons) == {*DROPPING, "dim_transaction"} == set(TABLES) - FREE
    for name, (_, said) in DROPPING.items():
        assert f'{said} rows are in star."{name}" {SAYS}' in reasons[name]
    assert "rules" in reasons["dim_transaction"]
    assert arrived(warehouse) == FREE
    waiting = "SELECT source_key FROM etl.quarantine WHERE status = 'open'"
    assert warehouse.rows(waiting) == [(1,)]
    for name in DROPPING:
        warehouse.rows(f"DROP TRIGGER t ON star.{name}")
    warehouse.rows("DROP RULE r ON star.dim_transaction")
    warehouse.load()
    assert (warehouse.held(), arrived(warehouse), warehouse.rows(waiting)) == ({}, set(TABLES), [])
