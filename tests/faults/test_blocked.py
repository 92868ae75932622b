"""Tables that cannot be captured for a while stop nothing but themselves, and in the end nothing of them is missing."""

from __future__ import annotations

import pytest

from tests.conftest import SOURCE
from tests.faults.conftest import Drifting
from tests.faults.drifting import DriftingWorld
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.schemas import changes as classes
from totelake.schemas.impact import impact_of

pytestmark = SPARK
BLOCKED = {
    "sales_order": classes.NOT_CAPTURABLE,
    "payment": classes.KEY_CHANGED,
    "staff": classes.TABLE_MISSING,
    "design": classes.NAME_RESERVED,
}
HAZARDS = (
    "ALTER TABLE sales_order ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE payment DROP CONSTRAINT payment_pkey, ADD PRIMARY KEY (payment_id, transaction_id)",
    "ALTER TABLE staff RENAME TO people",
    "ALTER TABLE design ADD COLUMN _op text",
)
REMEDIES = (
    "ALTER TABLE sales_order DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE payment DROP CONSTRAINT payment_pkey, ADD PRIMARY KEY (payment_id)",
    "ALTER TABLE people RENAME TO staff",
    "ALTER TABLE design DROP COLUMN _op",
)
EDITS = (
    "UPDATE sales_order SET unit_price = unit_price + 1 WHERE sales_order_id IN (1, 2)",
    "DELETE FROM payment WHERE payment_id = 2",
    "UPDATE people SET first_name = 'Grace' WHERE staff_id = 1",
    "UPDATE design SET design_name = design_name || '+' WHERE design_id = 1",
)


@pytest.fixture
def world(drifting: Drifting) -> DriftingWorld:
    """A pipeline whose first batch is loaded."""
    found = drifting()
    assert found.settle() == {}
    return found


def blocked(world: DriftingWorld) -> dict[str, str]:
    """By table, the class of what keeps it from being captured, as the newest verdict knows it."""
    standings = world.verdict().standings
    return {name: standing.blocked.change.kind for name, standing in standings.items() if standing.blocked}


def test_only_what_is_built_of_them_stands_still_and_all_of_it_arrives_in_the_end(world: DriftingWorld) -> None:
    still = {
        name: world.loaded(load_contracts().find(name)) for name in ("fact_sales_order", "fact_payment", "dim_staff")
    }
    world.source("; ".join(HAZARDS))
    world.source("INSERT INTO people VALUES (9001, 'Ada', 'L', 1, 'ada@l', now(), now())")
    world.source("UPDATE purchase_order SET staff_id = 9001 WHERE purchase_order_id = 1")
    world.source("UPDATE purchase_order SET item_quantity = item_quantity + 1 WHERE purchase_order_id = 2")
    world.chain()
    world.history.add(2)
    assert blocked(world) == BLOCKED
    assert {name: world.loaded(load_contracts().find(name)) for name in still} == still
    assert world.warehouse("SELECT source_key FROM etl.fact_version WHERE batch = 2") == [(2,)]
    waiting = world.warehouse("SELECT source_key, rule FROM etl.quarantine WHERE status = 'open'")
    assert waiting == [(1, "missing_parent")], "the order of somebody whom no table has yet"
    alerts = {item["subject"].split()[0]: item for item in world.alerts()}
    assert set(alerts) == {f"{SOURCE}.{name}" for name in BLOCKED}
    for name in BLOCKED:
        assert str(impact_of(load_contracts().find(name))) in alerts[f"{SOURCE}.{name}"]["body"].replace("\n  ", "\n")
    assert "exempt the reading role from it (BYPASSRLS)" in alerts[f"{SOURCE}.sales_order"]["body"]
    assert (world.letters(), world.pending(), world.findings()) == ([], [], [])
    world.source("; ".join(EDITS))
    world.chain()
    assert world.newest() == 2, "nothing that can be captured has changed"
    world.source("; ".join(REMEDIES))
    assert world.settle() == {}
    assert (blocked(world), world.newest(), world.findings()) == ({}, 3, [])
    assert world.warehouse("SELECT count(*) FROM etl.quarantine WHERE status = 'open'") == [(0,)]
