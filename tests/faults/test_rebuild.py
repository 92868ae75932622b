"""A star table is built anew from all accepted events: in the lake and the warehouse, without a moment without rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.pipeline import query
from tests.faults.conftest import Drifting
from tests.faults.drifting import DriftingWorld
from tests.faults.rebuilding import asked, build_anew, with_discount
from tests.faults.world import AUDIT, DIMENSIONS, FACTS, LOAD, MAINTAIN
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.errors import StarTableError
from totelake.lake import processed
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import REBUILD
from totelake.lake.records.holds import LOG as HOLDS
from totelake.lake.records.holds import Holds
from totelake.ports.s3 import S3Store
from totelake.star.replay import Replay
from totelake.star.write import UnitWriter
from totelake.warehouse import publish

pytestmark = SPARK
ALL = tuple(table.name for table in load_contracts().star_tables())
DISCOUNTS = "SELECT discount FROM fact_sales_order WHERE sales_order_id = 1 ORDER BY sales_record_id"
DATED = "UPDATE payment SET payment_date = %s WHERE payment_id = (SELECT min(payment_id) FROM payment)"


@pytest.fixture(scope="module")
def world(drifting: Drifting) -> DriftingWorld:
    """One pipeline for all."""
    found = drifting()
    assert found.settle() == {}
    return found


def kinds(world: DriftingWorld, table: str) -> list[str]:
    """The kinds of a star table's commits."""
    return [manifest.kind for manifest in world.log(table).since(0)]


def test_all_tables_built_anew_are_what_they_were(world: DriftingWorld) -> None:
    world.edit(with_dimension=True)
    # beyond every day that the contract allows
    world.source(DATED, "2250-01-01")
    world.chain()
    world.history.add(world.newest())
    before = world.content()
    quarantined = world.warehouse("SELECT count(*) FROM etl.quarantine")
    assert quarantined != [(0,)]
    build_anew(world, *ALL)
    assert world.content() == before
    assert {kinds(world, name)[-1] for name in ALL} == {REBUILD}
    assert world.findings() == [] and world.pending() == []
    # what comes after it, the night included, goes on from there
    world.edit(with_dimension=True)
    world.chain()
    world.history.add(world.newest())
    for job in (DIMENSIONS, FACTS):
        world.run(job, compact_objects=1)
    world.run(MAINTAIN)
    world.run(AUDIT)
    world.chain()
    assert world.findings() == [] and world.pending() == []
    world.use_warehouse(world.postgres.new_database("totelake_loader"))
    world.run(LOAD)
    assert world.findings() == [] and world.warehouse("SELECT count(*) FROM etl.quarantine") == quarantined
    world.source(DATED, "2024-08-01")


def test_what_the_source_had_before_its_contract_did_is_there_afterwards(world: DriftingWorld) -> None:
    world.source("ALTER TABLE sales_order ADD COLUMN discount numeric(10,2)")
    world.source("UPDATE sales_order SET discount = 1.5 WHERE sales_order_id = 1")
    world.chain()
    world.release(with_discount)
    world.oracle["units_sold"] = "discount, units_sold"
    world.chain()
    assert {value for (value,) in world.warehouse(DISCOUNTS)} == {None}
    build_anew(world, "fact_sales_order")
    assert [None if value is None else float(value) for (value,) in world.warehouse(DISCOUNTS)][-1] == 1.5
    assert world.differences(with_history=False) == {} and world.findings() == []


def numbered(world: DriftingWorld, fact: str, key: str) -> tuple[int, int]:
    """The last serial number that a fact's sequence gave, and how many rows the fact has."""
    (sequence,) = world.warehouse(f"SELECT pg_get_serial_sequence('star.{fact}', '{key}')")[0]
    return world.warehouse(f"SELECT last_value, (SELECT count(*) FROM {fact}) FROM {sequence}")[0]


def test_a_rebuild_uses_up_no_serial_numbers(world: DriftingWorld) -> None:
    fact = ("fact_sales_order", "sales_record_id")
    for _ in range(2):
        build_anew(world, fact[0])
        last, rows = numbered(world, *fact)
        assert last == rows > 0
    newest = world.warehouse("SELECT max(sales_record_id), count(DISTINCT sales_record_id) FROM fact_sales_order")
    assert newest == [(rows, rows)]
    world.edit(with_dimension=True)
    world.chain()
    assert world.findings() == [] and numbered(world, *fact)[0] >= rows


def held(world: DriftingWorld) -> set[str]:
    """The star tables that a step could not take any further."""
    holds = Holds.of(CommitLog(S3Store(world.s3, world.processed), HOLDS).newest())
    return {name for tables in holds.steps.values() for name in tables}


@pytest.mark.parametrize(
    "place", [(Replay, "replay"), (processed, "move")], ids=["before it is published", "before partitions move"]
)
def test_a_run_that_dies_after_its_commit_leaves_the_rest_to_the_next(
    place: tuple[Any, str], world: DriftingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, rebuilt = world.content(), kinds(world, "fact_sales_order").count(REBUILD)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*place, die)
        with pytest.raises(KeyboardInterrupt), asked("fact_sales_order", "dim_staff"):
            world.run(FACTS)
    assert kinds(world, "fact_sales_order").count(REBUILD) == rebuilt + 1
    assert world.content() == before
    world.chain()
    assert world.content() == before
    assert world.findings() == [] and world.pending() == []


def test_one_that_cannot_be_built_fails_the_run_and_changes_nothing(
    world: DriftingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, commits = world.content(), kinds(world, "fact_payment")

    def refuse(_: object, table: Any, *__: object) -> None:
        if getattr(table, "table", table).name == "fact_payment":
            raise StarTableError("fact_payment cannot be built; see why")

    with monkeypatch.context() as patch:
        patch.setattr(UnitWriter, "write", refuse)
        with pytest.raises(SystemExit, match="fact_payment cannot be built"), asked("fact_payment"):
            world.run(FACTS)
    assert kinds(world, "fact_payment") == commits and held(world) == set()
    numbers = numbered(world, "fact_payment", "payment_record_id")
    with monkeypatch.context() as patch:
        patch.setattr(publish.written, "check_fact", refuse)
        build_anew(world, "fact_payment")
    assert world.content() == before and held(world) == {"fact_payment"}
    assert numbered(world, "fact_payment", "payment_record_id") == numbers
    world.chain()
    assert world.content() == before and held(world) == set()


@pytest.fixture
def counts(world: DriftingWorld) -> Iterator[set[int]]:
    """How many rows a reader of the warehouse sees meanwhile, asking again and again."""
    seen: set[int] = set()
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            seen.add(query(world.warehouse_dsn, "SELECT count(*) FROM fact_sales_order")[0][0])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        is_over.set()
        reader.join()


def test_a_reader_of_the_warehouse_misses_no_row_meanwhile(world: DriftingWorld, counts: set[int]) -> None:
    build_anew(world, "fact_sales_order")
    assert len(counts) == 1 and counts != {0}
