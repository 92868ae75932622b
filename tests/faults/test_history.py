"""A fact's whole story, told alike by the views of the lake and those of the warehouse."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.e2e import lake
from tests.faults.world import World
from tests.integration.star.samples import SPARK

pytestmark = SPARK
Story = list[tuple[Any, ...]]


def told(world: World, key: int) -> Story:
    """What both say of a payment: paid, day, batch, and the batch of the deletion's time, the oldest first."""
    columns = "payment_id, paid, created_date, {}, valid_to IS NULL, deleted_at IS NOT NULL"
    warehouse = world.warehouse(f"SELECT {columns.format('batch')} FROM history_payment WHERE payment_id = %s", key)
    rows = lake.select(
        world.glue, world.s3, "history_payment", columns.format('"_batch"'), world.scratch, world.processed_database
    )
    in_lake = [tuple(row) for row in rows if row[0] == key]
    assert sorted(in_lake) == sorted(warehouse)
    return [row[1:] for row in sorted(warehouse, key=lambda row: row[3])]


def current(world: World) -> dict[int, tuple[bool, date]]:
    """What both say is the present state of the payments."""
    columns = "payment_id, paid, created_date"
    warehouse = world.warehouse(f"SELECT {columns} FROM current_payment")
    rows = lake.select(world.glue, world.s3, "current_payment", columns, world.scratch, world.processed_database)
    assert sorted(tuple(row) for row in rows) == sorted(warehouse)
    return {key: (paid, day) for key, paid, day in warehouse}


def look(world: World, *statements: tuple[str, tuple[Any, ...]]) -> int:
    """Transactions of the source and one run over them; its batch."""
    for statement, values in statements:
        world.source(statement, *values)
    world.chain()
    world.history.add(world.newest())
    return world.newest()


def test_changes_back_and_forth_moved_days_and_keys_that_return_are_told_whole(world: World) -> None:
    first, *keys = (row[0] for row in world.source("SELECT payment_id FROM payment ORDER BY 1 LIMIT 5"))
    flipped, moved, returned, edited = keys
    before, start = current(world), {key: told(world, key)[0][2] for key in keys}
    row = world.source("SELECT * FROM payment WHERE payment_id = %s", returned)[0]
    flip, again = "UPDATE payment SET paid = NOT paid WHERE payment_id = %s", ", ".join(["%s"] * len(row))
    month = "UPDATE payment SET created_at = created_at - interval '70 days' WHERE payment_id = %s"
    one = look(
        world,
        (flip, (flipped,)),
        (month, (moved,)),
        ("DELETE FROM payment WHERE payment_id = %s", (returned,)),
        ("UPDATE payment SET payment_amount = payment_amount + 1 WHERE payment_id = %s", (edited,)),
        (flip, (edited,)),
    )
    assert returned not in current(world)
    two = look(world, (flip, (flipped,)), (f"INSERT INTO payment VALUES ({again})", row))
    now = current(world)
    (is_paid, day), (moved_paid, former) = before[flipped], before[moved]
    assert told(world, flipped) == [
        (is_paid, day, start[flipped], False, False),
        (not is_paid, day, one, False, False),
        (is_paid, day, two, True, False),
    ]
    assert told(world, moved) == [
        (moved_paid, former, start[moved], False, False),
        (moved_paid, now[moved][1], one, True, False),
    ]
    assert (former - now[moved][1]).days == 70
    assert told(world, returned) == [
        (*before[returned], start[returned], False, True),
        (*before[returned], two, True, False),
    ]
    assert [version[2] for version in told(world, edited)] == [start[edited], one], "two edits between looks are one"
    assert now == {**before, moved: now[moved], edited: now[edited]}
    assert first in now and world.settle() == {}
