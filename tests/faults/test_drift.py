"""Schema changes that break a contract, on a real source altered between runs: what flows, what waits, and the replay.

Beside the pipeline runs its twin: the same transactions in the same batches, of which none was ever held.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.faults.breaking import BREAKING, Breaking
from tests.faults.conftest import Drifting
from tests.faults.drifting import DriftingWorld, Mend
from tests.faults.world import CHECK, INGEST, JOBS
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.schemas.impact import impact_of

pytestmark = SPARK
# what goes on in the facts' tables in every batch, whatever is held
BUSINESS = (
    "UPDATE sales_order SET unit_price = unit_price + 1 WHERE sales_order_id = 3; "
    "UPDATE purchase_order SET item_unit_price = item_unit_price + 1 WHERE purchase_order_id = 3; "
    "UPDATE payment SET payment_amount = payment_amount + 1 WHERE payment_id = 3"
)
# somebody new in a department, who takes over an order
NEWCOMER = (
    "INSERT INTO staff VALUES (9001, 'Ada', 'L', 1, 'ada@l', '2024-08-30', '2024-08-30') ON CONFLICT DO NOTHING; "
    "UPDATE sales_order SET staff_id = 9001 WHERE sales_order_id = 2"
)


@dataclass
class Twins:
    """Two pipelines over equal sources, and the contracts that were mended until now."""

    world: DriftingWorld
    twin: DriftingWorld
    mended: list[Mend] = field(default_factory=list)

    def source(self, statement: str) -> None:
        """The same transaction in both sources."""
        for one in (self.world, self.twin):
            one.source(statement)

    def ingest(self) -> int:
        """The next batch of both; its number."""
        for one in (self.world, self.twin):
            one.run(INGEST)
        assert self.world.newest() == self.twin.newest()
        return self.world.newest()

    def release(self, *mends: Mend) -> None:
        """Deploy contracts with these mends beside those of before."""
        self.mended.extend(mends)
        self.world.release(*self.mended)


@pytest.fixture(scope="module")
def twins(drifting: Drifting) -> Twins:
    """Two pipelines for all tests: each leaves them equal."""
    found = Twins(drifting(), drifting())
    assert found.world.settle() == {}
    found.twin.chain()
    assert found.world.outcome() == found.twin.outcome()
    return found


def altered(twins: Twins, cases: list[Breaking]) -> list[int]:
    """Both sources with these changes, and two batches of both: judged, built and loaded in one of them."""
    twins.release(*[case.before for case in cases if case.before])
    for case in cases:
        twins.source(case.alter)
        twins.world.oracle.update(case.oracle)
    held = []
    for rewritten in ([case.table for case in cases if case.rewrites], []):
        for statement in (BUSINESS, NEWCOMER, *(case.edit for case in cases)):
            twins.source(statement)
        held.append(twins.ingest())
        twins.world.history.add(held[-1], rewritten)
        twins.world.run(CHECK)
    for job in JOBS[2:]:
        twins.world.run(job)
    return held


def assert_held(world: DriftingWorld, case: Breaking, held: list[int]) -> None:
    """The table's verdict, its alert with what the change reaches, and what is counted of what waits for it."""
    assert tuple(world.changes(case.table)) == case.changes
    subject = f"totesys.{case.table} held: {', '.join(kind for _, kind in case.changes)}"
    (told,) = [item for item in world.alerts() if item["subject"] == subject]
    assert all(
        str(impact_of(load_contracts().find(case.table), column)) in told["body"].replace("\n  ", "\n")
        for column in case.reaching
    )
    events = world.verdict().standings[case.table].held
    waiting = "SELECT batch, held FROM etl.batch WHERE target_table = %s AND held > 0 ORDER BY 1"
    assert world.warehouse(waiting, sorted(case.waiting)[-1]) == [(one, events[one].events) for one in held]


@pytest.mark.parametrize(
    "names", [("removed", "changed", "joined", "label"), ("renamed", "narrowed", "frozen")], ids=", ".join
)
def test_only_what_depends_on_broken_tables_waits_and_mended_contracts_bring_all_of_it_through(
    twins: Twins, names: tuple[str, ...]
) -> None:
    world, cases = twins.world, [BREAKING[name] for name in names]
    held = altered(twins, cases)
    tables = sorted(case.table for case in cases)
    assert world.held() == dict.fromkeys(tables, held)
    assert world.behind() == frozenset().union(*(case.waiting for case in cases))
    for case in cases:
        assert_held(world, case, held)
    if "joined" in names:
        assert world.quarantined() == [("fact_sales_order", 2, "missing_parent", "sales_staff_id", "open")]
    assert [(table, batch) for table, batch, _ in world.letters()] == [(name, one) for name in tables for one in held]
    assert world.pending() == [] and world.findings() == []
    twins.release(*[case.mend for case in cases])
    assert world.pending() == [f"{name} fits its contract again, 2 held batches wait" for name in tables]
    world.chain()
    twins.twin.chain()
    assert (world.held(), world.behind()) == ({}, set())
    assert world.differences() == {}
    assert world.pending() == [] and twins.twin.letters() == []
    assert world.outcome() == twins.twin.outcome()


def test_a_source_that_is_changed_back_says_what_one_says_that_never_was_altered(twins: Twins) -> None:
    """A type that went and came back converts exactly; a column that was gone leaves the versions without it apart."""
    world = twins.world
    world.source("CREATE TABLE places AS SELECT design_id, file_location FROM design")
    world.source("ALTER TABLE payment ALTER COLUMN paid TYPE text USING paid::text")
    world.source("ALTER TABLE design DROP COLUMN file_location")
    world.oracle["paid, payment_date"] = "paid::boolean, payment_date"
    twins.source("UPDATE design SET design_name = 'Held' WHERE design_id = 1; DELETE FROM payment WHERE payment_id = 2")
    twins.source(BUSINESS)
    held = twins.ingest()
    world.history.add(held)
    for job in JOBS[1:]:
        world.run(job)
    assert world.held() == {"design": [held], "payment": [held]}
    world.source("ALTER TABLE payment ALTER COLUMN paid TYPE boolean USING paid::boolean")
    world.source("ALTER TABLE design ADD COLUMN file_location text")
    world.source(
        "UPDATE design AS d SET file_location = p.file_location FROM places AS p WHERE p.design_id = d.design_id"
    )
    world.source("ALTER TABLE design ALTER COLUMN file_location SET NOT NULL; DROP TABLE places")
    twins.source(BUSINESS)
    world.history.add(twins.ingest())
    world.chain()
    twins.twin.chain()
    assert (world.held(), world.behind()) == ({}, set())
    assert world.differences() == {}
    assert world.findings() == []
    assert world.said() == twins.twin.said()
    rules = world.warehouse(
        "SELECT DISTINCT target_table, rule, column_name, status FROM etl.quarantine WHERE batch = %s", held
    )
    assert rules == [("dim_design", "missing_column", "file_location", "superseded")]
    assert world.warehouse("SELECT count(*) FROM etl.deletion WHERE source_key = 2 AND batch = %s", held) == [(1,)]
