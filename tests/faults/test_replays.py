"""The warehouse is only what the lake says: a load brings an empty or a restored one to the same content."""

from __future__ import annotations

import contextlib
import uuid

import psycopg2

from tests.faults.world import DIMENSIONS, FACTS, JOBS, LOAD, World
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.lake.records.star_commit import StarCommit, live_objects

pytestmark = SPARK


def copied(world: World) -> str:
    """A copy of the warehouse as it is now; its connection URL."""
    name = f"backup_{uuid.uuid4().hex[:12]}"
    with contextlib.closing(psycopg2.connect(world.postgres.dsn("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            original = world.warehouse_dsn.rsplit("/", 1)[1]
            cursor.execute(f"CREATE DATABASE {name} OWNER totelake_loader TEMPLATE {original}")
            cursor.execute(f"ALTER DATABASE {name} SET search_path = star, public")
    return world.postgres.dsn(name, "totelake_loader")


def test_a_restored_warehouse_catches_up_and_an_empty_one_is_filled_to_the_same_content(world: World) -> None:
    world.edit()
    world.chain()
    world.history.add(world.newest())
    backup = copied(world)
    for jobs in (JOBS, JOBS[:-1], JOBS):
        world.edit()
        world.chain(jobs)
        world.history.add(world.newest())
    content = world.content()
    for dsn in (backup, world.postgres.new_database("totelake_loader")):
        world.use_warehouse(dsn)
        world.run(LOAD)
        assert world.content() == content
        assert world.differences() == {}
    assert world.settle() == {}


def delete_former(world: World, table: str) -> int:
    """Delete what compactions replaced, as nights do in the end; how many objects."""
    log = [StarCommit.of(load_contracts().star(table), manifest) for manifest in world.log(table).since(0)]
    live = {item.key for item in live_objects(log)}
    found = 0
    for prefix in (f"{table}/", f"compacted/{table}/"):
        for item in world.s3.list_objects_v2(Bucket=world.processed, Prefix=prefix).get("Contents", ()):
            if item["Key"] not in live:
                world.s3.delete_object(Bucket=world.processed, Key=item["Key"])
                found += 1
    return found


def test_what_was_compacted_before_and_after_a_load_fills_an_empty_warehouse_to_the_same_content(world: World) -> None:
    for _ in range(2):
        world.edit(with_dimension=True)
        world.chain(JOBS[:2])
        for job in (DIMENSIONS, FACTS):
            world.run(job, compact_objects=1)
        world.history.add(world.newest())
    world.run(LOAD)
    assert world.differences() == {}
    content = world.content()
    former = {table.name: delete_former(world, table.name) for table in load_contracts().star_tables()}
    assert min(former["fact_sales_order"], former["fact_payment"], former["dim_design"]) >= 2, former
    world.use_warehouse(world.postgres.new_database("totelake_loader"))
    world.run(LOAD)
    assert world.content() == content
    assert world.findings() == []
    assert world.settle() == {}
