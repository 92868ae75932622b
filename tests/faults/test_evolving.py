"""From a change in the source to both `current_*`: a column and a table that a later release's contracts have."""

from __future__ import annotations

import pytest

from tests.faults import refund
from tests.faults.conftest import Drifting
from tests.faults.drifting import DriftingWorld, Release
from tests.faults.rebuilding import with_discount
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.warehouse import tables

pytestmark = SPARK


@pytest.fixture(scope="module")
def world(drifting: Drifting) -> DriftingWorld:
    """One pipeline for all."""
    found = drifting()
    assert found.settle() == {}
    return found


def with_refund(release: Release) -> None:
    """Two files more."""
    release.documents.update(refund.documents())


def lake_columns(world: DriftingWorld, name: str) -> set[str]:
    """The columns that the Data Catalog has of a log or view."""
    found = world.glue.get_table(DatabaseName=world.processed_database, Name=name)["Table"]["StorageDescriptor"]
    return {column["Name"] for column in found["Columns"]}


def test_a_column_of_the_source_arrives_in_both_current_views(world: DriftingWorld) -> None:
    world.source("ALTER TABLE sales_order ADD COLUMN discount numeric(10,2)")
    world.source("UPDATE sales_order SET discount = 1.5 WHERE sales_order_id = 1")
    world.chain()
    assert "discount" not in lake_columns(world, "current_sales_order")
    world.release(with_discount)
    world.oracle["units_sold"] = "discount, units_sold"
    done = [step.words for step in tables.create(world.warehouse_dsn, load_contracts()).steps]
    assert done[0] == "star.fact_sales_order: add discount (numeric(10,2))"
    # the version of before the release has no value in the fact
    current = "SELECT discount FROM current_sales_order WHERE sales_order_id = 1"
    assert world.warehouse(current) == [(None,)]
    world.source("UPDATE sales_order SET discount = 2.5, units_sold = units_sold + 1 WHERE sales_order_id <= 2")
    world.chain()
    assert world.differences(with_history=False) == {}
    assert [float(value) for (value,) in world.warehouse(current)] == [2.5]
    for name in ("fact_sales_order_log", "fact_sales_order", "current_sales_order", "history_sales_order"):
        assert "discount" in lake_columns(world, name)
    assert world.findings() == [] and world.pending() == []


def test_a_table_of_the_source_becomes_a_fact_of_its_own(world: DriftingWorld) -> None:
    world.source(refund.MADE)
    world.release(with_discount, with_refund)
    world.oracle["units_sold"] = "discount, units_sold"
    world.written["fact_refund"] = refund.ORACLE
    world.target_crawler()
    # no deployment: the load makes the fact's table by itself
    world.chain()
    assert len(world.warehouse("SELECT 1 FROM current_refund")) == 3
    world.source(
        "UPDATE refund SET refund_amount = refund_amount + 1 WHERE refund_id = (SELECT min(refund_id) FROM refund)"
    )
    world.source("DELETE FROM refund WHERE refund_id = (SELECT max(refund_id) FROM refund)")
    world.chain()
    assert world.differences(with_history=False) == {}
    assert len(world.warehouse("SELECT 1 FROM current_refund")) == 2
    assert (world.findings(), world.pending(), world.held()) == ([], [], {})
