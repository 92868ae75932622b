"""What the warehouse refuses for one star table, whatever it says: the others load, and that one when it can."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.integration.warehouse.conftest import NOON, Warehouse, dimensions, row
from totelake.contracts import load_contracts

pytestmark = pytest.mark.integration
TABLES = {table.name: table for table in load_contracts().star_tables()}
FREE = {"dim_date", "fact_payment"}
REFUSE = """
CREATE FUNCTION star.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE 'not by me' USING ERRCODE = TG_ARGV[0]; END $$"""
VIEW = "ALTER TABLE star.dim_staff RENAME TO staff; CREATE VIEW star.dim_staff AS SELECT DISTINCT * FROM star.staff"
# a SQLSTATE that a trigger raises, or passes on from another server
RAISED = {
    "dim_counterparty": "08001",
    "dim_currency": "HV000",
    "dim_location": "TL001",
    "dim_payment_type": "57P01",
    "fact_purchase_orders": "0A000",
    "fact_sales_order": "40P01",
}
# what somebody did to a table, how it is taken back, and what PostgreSQL says (55000) of the next statement
DONE = {
    "dim_design": (
        "ALTER TABLE star.dim_design DROP CONSTRAINT dim_design_pkey CASCADE; "
        "ALTER TABLE star.dim_design ADD PRIMARY KEY (design_id) DEFERRABLE",
        "ALTER TABLE star.dim_design DROP CONSTRAINT dim_design_pkey CASCADE; "
        "ALTER TABLE star.dim_design ADD PRIMARY KEY (design_id)",
        "ON CONFLICT does not support deferrable unique constraints",
    ),
    "dim_staff": (
        VIEW,
        "DROP VIEW star.dim_staff; ALTER TABLE star.staff RENAME TO dim_staff",
        'cannot insert into view "dim_staff"',
    ),
    "dim_transaction": (
        "ALTER TABLE star.dim_transaction REPLICA IDENTITY NOTHING; "
        "CREATE PUBLICATION p FOR TABLE star.dim_transaction",
        "DROP PUBLICATION p",
        "does not have a replica identity and publishes updates",
    ),
}


def changed() -> dict[str, list[dict[str, object]]]:
    """A new row of every table, and a new version of every dimension's first."""
    rows = {}
    for name, table in TABLES.items():
        new = row(table, **{table.key_name: NOON.date() + timedelta(1) if name == "dim_date" else 2})
        rows[name] = [new, *([] if name.startswith("fact_") else [row(table, _op="U")])]
    return rows


def arrived(warehouse: Warehouse) -> set[str]:
    """The star tables that have their second row."""
    counts = {name: warehouse.rows(f"SELECT count(*) FROM star.{name}") for name in TABLES}
    return {name for name, found in counts.items() if found == [(2,)]}


def test_whatever_is_refused_for_a_table_holds_it_alone(warehouse: Warehouse) -> None:
    warehouse.commit(1, **dimensions(), **{name: [row(TABLES[name])] for name in TABLES if name.startswith("fact_")})
    warehouse.load()
    warehouse.rows(REFUSE)
    for name, state in RAISED.items():
        warehouse.rows(
            f"CREATE TRIGGER t BEFORE INSERT ON star.{name} FOR EACH ROW EXECUTE FUNCTION star.refuse('{state}')"
        )
    for statement, _, _ in DONE.values():
        warehouse.rows(statement)
    warehouse.commit(2, **changed())
    warehouse.load()
    reasons = {name: hold.reason for name, hold in warehouse.held().items()}
    assert set(reasons) == {*RAISED, *DONE} == set(TABLES) - FREE
    for name in RAISED:
        assert "not by me" in reasons[name] and "secret" not in reasons[name]
    for name, (_, _, said) in DONE.items():
        assert said in reasons[name]
    assert arrived(warehouse) == FREE
    for name in RAISED:
        warehouse.rows(f"DROP TRIGGER t ON star.{name}")
    for _, statement, _ in DONE.values():
        warehouse.rows(statement)
    warehouse.load()
    assert (warehouse.held(), arrived(warehouse)) == ({}, set(TABLES))


def test_a_connection_that_ends_with_a_tables_statement_is_no_tables_matter(warehouse: Warehouse) -> None:
    warehouse.commit(1, **dimensions())
    warehouse.load()
    warehouse.rows(
        "CREATE FUNCTION star.quit() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$; "
        "CREATE TRIGGER t BEFORE INSERT ON star.dim_design FOR EACH ROW EXECUTE FUNCTION star.quit()"
    )
    warehouse.commit(2, **{name: rows for name, rows in changed().items() if name.startswith("dim_")})
    with pytest.raises(SystemExit, match="run the job again when it is up"):
        warehouse.load()
    assert (warehouse.held(), arrived(warehouse)) == ({}, set())
