"""A key that grows beyond what its contract has room for: its rows wait in quarantine, and every other row arrives."""

from __future__ import annotations

import json

from tests.faults.holding import holds
from tests.faults.world import World
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.lake.records.holds import BUILD, LOAD

pytestmark = SPARK
BEYOND = 2**31 + 5
# not those of which a second row cannot be like the first
TABLES = [
    table
    for table in load_contracts().source_tables("totesys")
    if not any(column.unique and column.required and not column.primary_key for column in table.columns)
]


def test_rows_with_keys_beyond_the_contract_hold_nothing_and_go_again(world: World) -> None:
    for table in TABLES:
        key = table.key_name
        world.source(f"ALTER TABLE {table.name} ALTER {key} TYPE bigint")
        world.source(
            f"INSERT INTO {table.name} SELECT (jsonb_populate_record(t, %s::jsonb)).* "
            f"FROM {table.name} AS t ORDER BY {key} LIMIT 1",
            json.dumps({key: BEYOND, **{column.name: None for column in table.columns if column.unique}}),
        )
    world.edit(with_dimension=True)
    world.chain()
    assert (holds(world, BUILD), holds(world, LOAD)) == ({}, {})
    found = "SELECT count(*) FROM etl.quarantine WHERE status = 'open' AND rule = 'invalid_value' AND source_key = %s"
    driven = [star for star in load_contracts().star_tables("totesys") if star.driving in {t.name for t in TABLES}]
    assert world.warehouse(found, BEYOND) == [(len(driven),)]
    for table in reversed(TABLES):
        world.source(f"DELETE FROM {table.name} WHERE {table.key_name} = {BEYOND}")
    world.chain()
    assert (holds(world, BUILD), holds(world, LOAD)) == ({}, {})
    assert (world.differences(with_history=False), world.findings()) == ({}, [])
