"""Schema changes that break nothing, on a real source altered between runs: all of it flows on."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Drifting
from tests.faults.drifting import DriftingWorld
from tests.integration.star.samples import SPARK
from totelake.schemas import changes as classes

pytestmark = SPARK


@pytest.fixture(scope="module")
def world(drifting: Drifting) -> DriftingWorld:
    """One pipeline for all."""
    found = drifting()
    assert found.settle() == {}
    return found


ADDITIVE = (
    "ALTER TABLE counterparty ADD COLUMN vat text; UPDATE counterparty SET vat = 'GB1' WHERE counterparty_id = 1",
    "ALTER TABLE address ADD COLUMN verified boolean NOT NULL DEFAULT false",
    "ALTER TABLE currency ADD COLUMN name text; UPDATE currency SET name = currency_code",
    "ALTER TABLE currency ALTER COLUMN name SET NOT NULL",
    "ALTER TABLE currency ALTER COLUMN currency_code TYPE character varying(8)",
    "ALTER TABLE purchase_order ALTER COLUMN item_unit_price TYPE numeric(12,2)",
    "ALTER TABLE transaction ALTER COLUMN sales_order_id TYPE bigint; "
    "UPDATE transaction SET last_updated = now() WHERE transaction_id = 1",
    "ALTER TABLE staff ALTER COLUMN email_address DROP NOT NULL",
    "UPDATE counterparty SET delivery_contact = 'x' WHERE delivery_contact IS NULL",
    "ALTER TABLE counterparty ALTER COLUMN delivery_contact SET NOT NULL",
    """ALTER TYPE "TransactionType" ADD VALUE 'GIFT'""",
    "UPDATE staff SET first_name = first_name || '+' WHERE staff_id = 1",
    "UPDATE purchase_order SET item_unit_price = item_unit_price + 1 WHERE purchase_order_id = 1",
)


def registered(world: DriftingWorld, table: str) -> list[dict[str, str]]:
    """The columns that the Data Catalog has of a source table."""
    found = world.glue.get_table(DatabaseName=world.ingestion_database, Name=table)["Table"]["StorageDescriptor"]
    return list(found["Columns"])


def test_what_is_additive_or_wider_is_accepted_and_stops_nothing(world: DriftingWorld) -> None:
    for statement in ADDITIVE:
        world.source(statement)
    world.chain()
    world.history.add(world.newest())
    found = {name: world.changes(name) for name in ("address", "counterparty", "currency", "purchase_order", "staff")}
    assert found == {
        "address": [("verified", classes.DEFAULT_COLUMN_ADDED)],
        "counterparty": [("delivery_contact", classes.NULLABILITY_TIGHTENED), ("vat", classes.COLUMN_ADDED)],
        "currency": [("currency_code", classes.TYPE_WIDENED), ("name", classes.REQUIRED_COLUMN_ADDED)],
        "purchase_order": [("item_unit_price", classes.TYPE_WIDENED)],
        "staff": [("email_address", classes.NULLABILITY_LOOSENED)],
    }
    assert world.changes("transaction") == [
        ("transaction_type", classes.ENUM_VALUE_ADDED),
        ("sales_order_id", classes.TYPE_WIDENED),
    ]
    assert (world.held(), world.behind(), world.letters()) == ({}, set(), [])
    assert world.differences() == {}
    assert world.pending() == [] and world.findings() == []
    assert {"verified", "name", "vat"} <= {
        column["Name"] for table in ("address", "currency", "counterparty") for column in registered(world, table)
    }
    kinds = {column["Name"]: column["Type"] for column in registered(world, "transaction")}
    assert kinds["sales_order_id"] == "bigint"


def test_a_value_that_only_the_wider_type_holds_waits_in_quarantine(world: DriftingWorld) -> None:
    world.source("UPDATE purchase_order SET item_unit_price = 9999999999.99 WHERE purchase_order_id = 2")
    world.chain()
    assert world.quarantined() == [("fact_purchase_orders", 2, "invalid_value", "item_unit_price", "open")]
    world.source("UPDATE purchase_order SET item_unit_price = 1 WHERE purchase_order_id = 2")
    world.chain()
    assert world.differences(with_history=False) == {}
