"""A load of a later release brings the warehouse to its contracts by itself; what it may not decide holds its table."""

from __future__ import annotations

import pytest

from tests.integration.warehouse.changing import gaining, with_column, with_table
from tests.integration.warehouse.conftest import Warehouse, dimensions, row
from totelake.contracts import Contracts, load_contracts
from totelake.contracts.model import Column
from totelake.warehouse import load as load_module

pytestmark = pytest.mark.integration
PAYMENT = load_contracts().find("fact_payment")


def release(contracts: Contracts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The load has these contracts from now on."""
    monkeypatch.setattr(load_module, "load_contracts", lambda: contracts)


def test_the_first_load_after_a_release_migrates_and_holds_only_what_it_may_not_decide(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.commit(1, fact_payment=[row(PAYMENT, payment_id=7)], **dimensions())
    warehouse.load()
    # no note on the views, as those that a release before this one has made
    warehouse.rows("COMMENT ON VIEW star.current_payment IS NULL")
    contracts = with_table("fact_payment", gaining(Column("fee", "numeric(10,2)")))
    contracts = with_table("fact_payment", with_column("transaction_id", type="bigint"), contracts)
    release(with_table("dim_design", gaining(Column("size", "integer", required=True)), contracts), monkeypatch)
    design = load_contracts().find("dim_design")
    warehouse.commit(2, fact_payment=[row(PAYMENT, payment_id=8)], dim_design=[row(design, design_id=2)])
    warehouse.load()
    assert set(warehouse.held()) == {"dim_design"}
    assert "`totelake deploy` adds the column of its contract" in warehouse.held()["dim_design"].reason
    assert warehouse.rows(
        "SELECT payment_id, fee, pg_typeof(transaction_id)::text FROM current_payment ORDER BY 1"
    ) == [(7, None, "bigint"), (8, None, "bigint")]
    warehouse.rows("ALTER TABLE star.dim_design ADD COLUMN size integer")
    warehouse.load()
    assert warehouse.held() == {}
    assert warehouse.rows("SELECT design_id FROM star.dim_design ORDER BY 1") == [(1,), (2,)]
