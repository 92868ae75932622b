"""A crawl is for tables that verdicts gave objects: once in a run, and none for a mark alone."""

from __future__ import annotations

import pytest

from tests.conftest import SOURCE
from tests.unit.registry.tables import DAYS, TABLES, Tables, new_world, subjects
from totelake.errors import LakeError
from totelake.lake.keys import APART, apart_key
from totelake.lake.tables import parquet_storage
from totelake.registry.finish import restore_registered

CRAWLER = f"crawl-{SOURCE}"
# a table of the contract of which no batch brings rows
EMPTY = "payment"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Tables:
    return new_world(monkeypatch)


def marks(world: Tables) -> list[str]:
    return [item.key for item in world.store.list(f"{APART}/")]


def crawls(world: Tables) -> int:
    """How many crawls there were since this was asked last."""
    crawler = world.crawlers[CRAWLER]
    before, crawler.crawls = crawler.crawls, 0
    return before


def refuse(world: Tables, why: str) -> None:
    if why == "a stranger's table":
        world.catalog.create({"Name": EMPTY, "StorageDescriptor": parquet_storage("s3://x/y/", [("id", "int")])})
    else:
        world.catalog.refuse(EMPTY, "table")


def let(world: Tables) -> None:
    world.catalog.refused.clear()
    if world.catalog.table(EMPTY) is not None:
        world.catalog.drop(EMPTY)


@pytest.mark.parametrize("why", ["a stranger's table", "GetTable refused"])
def test_a_repair_says_what_is_refused_for_a_table_without_objects_and_leaves_no_mark(world: Tables, why: str) -> None:
    world.run()
    refuse(world, why)
    with pytest.raises(LakeError):
        restore_registered(world.check_job(SOURCE), SOURCE)
    let(world)
    crawls(world)
    world.run()
    assert (marks(world), world.told(), crawls(world)) == ([], [], 0)
    assert restore_registered(world.check_job(SOURCE), SOURCE) == []


@pytest.mark.parametrize("why", ["a stranger's table", "GetTable refused"])
def test_a_mark_of_a_table_without_objects_goes_with_what_was_refused_and_starts_no_crawl(
    world: Tables, why: str
) -> None:
    world.run()
    crawls(world)
    world.store.put(apart_key(SOURCE, EMPTY, 16 * "a", 16 * "b"), b"{}")
    refuse(world, why)
    world.run()
    assert world.told() == subjects(EMPTY, what="is left apart")
    let(world)
    for again in (world.run, world.check):
        again()
        assert marks(world) == []
    assert crawls(world) == 0 and world.catalog.table(EMPTY) is None
    assert world.told() == subjects(EMPTY, what="is left apart") + subjects(EMPTY, what="is taken up again")


def test_a_table_that_the_crawler_never_registers_is_crawled_for_once_in_a_run(
    world: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = world.catalog.create
    with monkeypatch.context() as patch:
        patch.setattr(world.catalog, "create", lambda table: table["Name"] == "design" or create(table))
        for again in (world.run, world.run, world.run, world.check):
            again()
            assert crawls(world) == 1
    assert world.told() == subjects("design", what="is left apart")
    assert [world.days(name) for name in TABLES if name != "design"] == [list(DAYS[:3])] * 3
    world.check()
    assert world.days("design") == list(DAYS[:3]) and marks(world) == []
    assert (crawls(world), world.told()[1:]) == (1, subjects("design", what="is taken up again"))
    world.check()
    assert crawls(world) == 0


@pytest.mark.parametrize("change", ["the table dropped", "a new column"])
def test_a_failed_crawl_leaves_the_tables_apart_that_it_was_for(world: Tables, change: str) -> None:
    world.run()
    crawler = world.crawlers[CRAWLER]
    crawler.failure = "Insufficient Lake Formation permission(s) on design"
    if change == "the table dropped":
        world.catalog.drop("design")
    crawls(world)
    world.run(design={"colour": "text"} if change == "a new column" else {})
    assert crawls(world) == 1
    assert world.told() == subjects("design", what="is left apart")
    assert [world.days(name) for name in TABLES if name != "design"] == [list(DAYS[:2])] * 3
    crawler.failure = ""
    world.check()
    assert world.days("design") == list(DAYS[:2]) and marks(world) == []


def test_a_crawl_for_every_table_that_fails_fails_the_run(world: Tables) -> None:
    world.crawlers[CRAWLER].failure = "the role is gone"
    with pytest.raises(LakeError, match="the role is gone"):
        world.run()
    assert world.told() == marks(world) == []
    world.crawlers[CRAWLER].failure = ""
    world.check()
    assert [world.days(name) for name in TABLES] == [list(DAYS[:1])] * 4
