"""A star table that cannot be built holds itself alone: the others load, it is told once, and it catches up."""

from __future__ import annotations

import pytest

from tests.faults.holding import BROKEN, Breaker, holds, reached, told
from tests.faults.world import World
from tests.integration.star.samples import SPARK
from totelake.lake.records.holds import BUILD

pytestmark = SPARK
# an order of a design that is new, and a price: each time another event of each
BUSINESS = (
    "INSERT INTO design (design_id, created_at, last_updated, design_name, file_location, file_name) "
    "SELECT max(design_id) + 1, now(), now(), 'new', 'here', 'file' FROM design; "
    "UPDATE sales_order SET design_id = (SELECT max(design_id) FROM design) WHERE sales_order_id = 2; "
    "UPDATE payment SET payment_amount = payment_amount + 1 WHERE payment_id = 3"
)


@pytest.fixture
def breaker(monkeypatch: pytest.MonkeyPatch) -> Breaker:
    """Nothing is broken yet."""
    return Breaker(monkeypatch)


@pytest.mark.parametrize("how", BROKEN)
def test_a_dimension_that_cannot_be_built_holds_itself_alone_and_catches_up(
    world: World, breaker: Breaker, how: str
) -> None:
    breaker.broken["dim_design"] = how
    before, known = world.newest(), told(world)
    for _ in range(2):
        world.source(BUSINESS)
        world.chain()
        world.history.add(world.newest())
    newest = world.newest()
    behind = {name for name, batch in reached(world).items() if batch < newest}
    assert behind == {"dim_design"}
    held = holds(world, BUILD)["dim_design"]
    assert (held.since, {number: item.events for number, item in held.batches.items()}) == (
        before + 1, {before + 1: 1, newest: 1}
    )  # fmt: skip
    subject = f"dim_design is held: it could not be built from batch {before + 1} on"
    assert told(world) == sorted([*known, subject])
    waiting = world.warehouse("SELECT source_key, rule, value FROM etl.quarantine WHERE status = 'open'")
    assert {(key, rule) for key, rule, _ in waiting} == {(2, "missing_parent")}
    assert world.findings() == []
    breaker.broken.clear()
    assert world.settle() == {}
    assert (holds(world, BUILD), set(reached(world).values())) == ({}, {newest})
    assert len(told(world)) == len(known) + 2
    assert world.findings() == []
