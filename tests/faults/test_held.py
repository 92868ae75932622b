"""A star table that cannot be built or loaded holds itself alone: others load, it is told once, and it catches up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.conftest import SOURCE
from tests.e2e.pipeline import difference, warehouse_tables
from tests.faults.conftest import SOAK
from tests.faults.definitions import DEFINITIONS, Owner, source_tables, touch
from tests.faults.holding import BROKEN, Breaker, behind, holds, reached, told
from tests.faults.world import LOAD as LOADING
from tests.faults.world import World
from tests.integration.star.samples import SPARK
from totelake.contracts.model import FACT, inputs_of
from totelake.lake.records.holds import BUILD, LOAD
from totelake.lake.records.verdict import LOG, Verdict
from totelake.operate.reconcile.finding import NOT_COMPARED

pytestmark = SPARK
# an order of a design that is new, and a price: each time another event of each
BUSINESS = (
    "INSERT INTO design (design_id, created_at, last_updated, design_name, file_location, file_name) "
    "SELECT max(design_id) + 1, now(), now(), 'new', 'here', 'file' FROM design; "
    "UPDATE sales_order SET design_id = (SELECT max(design_id) FROM design) WHERE sales_order_id = 2; "
    "UPDATE payment SET payment_amount = payment_amount + 1 WHERE payment_id = 3"
)
MORE_BUSINESS = (
    "UPDATE address SET phone = phone || '1' WHERE address_id = (SELECT min(address_id) FROM address); "
    "UPDATE transaction SET last_updated = last_updated + interval '1 second' WHERE transaction_id = 1; "
    "UPDATE purchase_order SET item_unit_price = item_unit_price + 1 WHERE purchase_order_id = 3"
)
# each fails in another way
UNBUILT = ("dim_design", "dim_location", "dim_transaction")


@pytest.fixture
def breaker(monkeypatch: pytest.MonkeyPatch) -> Breaker:
    """Nothing is broken yet."""
    return Breaker(monkeypatch)


def test_dimensions_that_cannot_be_built_hold_themselves_alone_and_catch_up(world: World, breaker: Breaker) -> None:
    breaker.broken.update(zip(UNBUILT, BROKEN))
    before, known = world.newest(), told(world)
    for _ in range(2):
        world.source(BUSINESS)
        world.source(MORE_BUSINESS)
        world.chain()
        world.history.add(world.newest())
    newest = world.newest()
    assert {name for name, batch in reached(world).items() if batch < newest} == set(UNBUILT)
    held = holds(world, BUILD)
    assert {name: (item.since, sorted(item.batches)) for name, item in held.items()} == dict.fromkeys(
        UNBUILT, (before + 1, [before + 1, newest])
    )
    subjects = [f"{name} is held: it could not be built from batch {before + 1} on" for name in UNBUILT]
    assert told(world) == sorted([*known, *subjects])
    waiting = world.warehouse("SELECT source_key, rule FROM etl.quarantine WHERE status = 'open'")
    assert set(waiting) == {(2, "missing_parent")}
    assert (world.findings(), behind(world)) == ([], set(UNBUILT))
    breaker.broken.clear()
    assert world.settle() == {}
    assert (holds(world, BUILD), set(reached(world).values())) == ({}, {newest})
    assert len(told(world)) == len(known) + 2 * len(UNBUILT)
    assert (world.findings(), behind(world)) == ([], set())


# what the owner of a warehouse may have done to it, by the table that it reaches, and how to take it back
REFUSING = {
    "dim_design": (
        "ALTER TABLE star.dim_design ADD CONSTRAINT known CHECK (design_name <> 'new') NOT VALID",
        "ALTER TABLE star.dim_design DROP CONSTRAINT known",
        'new row for relation "dim_design" violates check constraint "known"',
    ),
    "dim_location": (
        "ALTER TABLE star.dim_location RENAME COLUMN phone TO telephone",
        "ALTER TABLE star.dim_location RENAME COLUMN telephone TO phone",
        'column "phone" of relation "dim_location" does not exist',
    ),
    "dim_staff": (
        "CREATE DOMAIN star.short AS varchar(25); ALTER TABLE star.dim_staff ALTER COLUMN last_name TYPE star.short",
        "ALTER TABLE star.dim_staff ALTER COLUMN last_name TYPE varchar; DROP DOMAIN star.short",
        "value too long for type character varying(25)",
    ),
    "fact_payment": (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not here'; END $$; "
        "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON star.fact_payment DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION refuse()",
        "DROP TRIGGER refuse ON star.fact_payment; DROP FUNCTION refuse()",
        "ERROR: not here",
    ),
}


def test_what_the_warehouse_refuses_holds_its_tables_alone_and_is_loaded_in_order_when_it_does_not(
    world: World,
) -> None:
    before, known = world.newest(), told(world)
    for statement, _, _ in REFUSING.values():
        world.warehouse(statement)
    for _ in range(2):
        world.source(BUSINESS)
        world.source(MORE_BUSINESS)
        world.source("UPDATE staff SET last_name = last_name || repeat('a', 30) WHERE staff_id = 1")
        world.chain()
        world.history.add(world.newest())
    newest = world.newest()
    assert {name for name, batch in reached(world).items() if batch == before} == set(REFUSING)
    assert set(reached(world).values()) == {before, newest}
    held = holds(world, LOAD)
    assert set(held) == set(REFUSING)
    for name, (_, _, said) in REFUSING.items():
        assert said in held[name].reason
        assert (held[name].since, sorted(held[name].batches)) == (before + 1, [before + 1, newest])
    subjects = [f"{name} is held: it could not be loaded from batch {before + 1} on" for name in REFUSING]
    assert told(world) == sorted([*known, *subjects])
    waiting = "SELECT batch, held FROM etl.batch WHERE target_table = 'fact_payment' AND held > 0 ORDER BY 1"
    assert world.warehouse(waiting) == [(before + 1, 1), (newest, 1)]
    orphans = "SELECT count(*) FROM fact_sales_order WHERE design_id NOT IN (SELECT design_id FROM dim_design)"
    assert world.warehouse(orphans) == [(0,)]
    assert (world.findings(), behind(world)) == ([], set(REFUSING))
    without = [item.detail for item in world.all_findings() if item.outcome == NOT_COMPARED]
    assert len(without) == 1 and without[0].startswith("the warehouse's dim_location has no phone, so that was not")
    for _, statement, _ in REFUSING.values():
        world.warehouse(statement)
    world.run(LOADING)
    assert world.differences() == {}
    assert (holds(world, LOAD), set(reached(world).values())) == ({}, {newest})
    assert len(told(world)) == len(known) + 2 * len(REFUSING)
    assert world.findings() == []
    world.is_sound = True


def test_what_the_warehouse_refuses_for_every_table_fails_the_run(world: World) -> None:
    world.edit(with_dimension=True)
    before = world.content()
    world.warehouse("ALTER TABLE etl.batch RENAME COLUMN held TO kept")
    with pytest.raises(SystemExit, match='column "held" does not exist'):
        world.chain()
    world.warehouse("ALTER TABLE etl.batch RENAME COLUMN kept TO held")
    world.warehouse("ALTER TABLE etl.batch ADD CONSTRAINT none CHECK (rows < 0) NOT VALID")
    with pytest.raises(SystemExit, match='violates check constraint "none"'):
        world.run(LOADING)
    world.warehouse("ALTER TABLE etl.batch DROP CONSTRAINT none")
    assert world.content() == before
    assert holds(world, LOAD) == {}
    assert world.settle() == {}


@settings(max_examples=SOAK * 2 or 3, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_is_done_to_a_table_no_other_waits_and_when_it_is_taken_back_all_is_exact(
    world: World, owner: Owner, types: list[str], data: st.DataObject
) -> None:
    owner.take_back()
    tables = data.draw(st.lists(st.sampled_from(source_tables(SOURCE)), min_size=6, max_size=7, unique=True))
    for table in source_tables(SOURCE):
        world.source(touch(table))
    for table in tables:
        for definition in data.draw(st.lists(DEFINITIONS, min_size=1, max_size=2)):
            owner.alter(table, definition, types)
    note("\n".join(owner.accepted))
    world.chain()
    standings = Verdict.of(world.log(LOG).newest()).of_source(SOURCE).standings
    apart = {name: item for name, item in standings.items() if item.blocked or item.held}
    assert set(apart) <= {table.name for table in tables}
    for item in apart.values():
        said = item.blocked.why if item.blocked else "; ".join(map(str, item.changes))
        assert said.isprintable() and len(said.split()) > 3, said
    stopped = {**holds(world, BUILD), **holds(world, LOAD)}
    for table in warehouse_tables():
        inputs = {one.name for one in inputs_of(table)}
        if table.name not in stopped and inputs.isdisjoint(apart):
            now = world.loaded(table, f"current_{table.short_name}" if table.kind == FACT else "")
            assert difference(world.expected(table), now) == {}, table.name
        elif table.name in stopped:
            assert inputs & {one.name for one in tables}, stopped[table.name].reason
    owner.take_back()
    for table in tables:
        world.source(touch(table))
    world.chain()
    assert world.differences(with_history=False) == {}
    assert (holds(world, BUILD), holds(world, LOAD), world.findings()) == ({}, {}, [])


@pytest.fixture(scope="module")
def types() -> list[str]:
    """Every type of the source's server, once there are some of our own."""
    return []


@pytest.fixture
def owner(world: World, types: list[str]) -> Iterator[Owner]:
    """The owner of the source's tables."""
    found = Owner(world.source_dsn)
    types[:] = found.make_types()
    yield found
    found.take_back()
