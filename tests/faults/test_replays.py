"""The warehouse is only what the lake says: a load brings an empty or a restored one to the same content."""

from __future__ import annotations

import contextlib
import uuid

import psycopg2

from tests.faults.world import JOBS, LOAD, World
from tests.unit.star.samples import SPARK

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
