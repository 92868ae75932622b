"""Two sources with a table of one name: each is judged, registered and audited by itself."""

from __future__ import annotations

import pytest

from tests.conftest import SOURCE
from tests.unit.registry.memory import SHOP, MemoryRegistry
from totelake.contracts.model import TableId
from totelake.errors import LakeError, MismatchError, RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import APART, SCHEMAS, commit_key
from totelake.lake.records.verdict import LOG, Verdict, held_for, pending_batches
from totelake.registry import audit, check, finish, registered
from totelake.registry.audit import audit_catalog
from totelake.registry.check import check_schemas


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> MemoryRegistry:
    found = MemoryRegistry()
    found.use(monkeypatch, audit, check, finish, registered)
    return found


def checked(world: MemoryRegistry, source: str) -> Verdict:
    """The verdict of one run."""
    found = check_schemas(world.check_job(source))
    assert found is not None
    return found


def log(world: MemoryRegistry) -> CommitLog:
    return CommitLog(world.store, LOG)


def test_each_source_is_judged_in_its_own_verdict_and_the_other_is_repeated(world: MemoryRegistry) -> None:
    world.ingest(SOURCE, 1)
    world.ingest(SHOP, 1, rows=2)
    world.ingest(SHOP, 2, rows=3)
    first, second = checked(world, SHOP), checked(world, SOURCE)
    assert (first.source, second.source) == (SHOP, SOURCE)
    assert [second.of_source(source).through for source in (SHOP, SOURCE)] == [2, 1]
    assert [second.of_source(source).judged_in for source in (SHOP, SOURCE)] == [1, 2]
    assert not second.of_source(SHOP).batches and not second.objects_of(SHOP)
    assert [batch.rows for batch in pending_batches(log(world), 0, SHOP, None)] == [2, 3]
    assert [batch.rows for batch in pending_batches(log(world), 0, SOURCE, None)] == [1]


def test_tables_of_one_name_are_registered_apart(world: MemoryRegistry) -> None:
    for source in (SOURCE, SHOP):
        world.ingest(source, 1)
        checked(world, source)
    names = {table["Name"]: table["StorageDescriptor"]["Location"] for table in world.catalog.tables()}
    assert {name: lies for name, lies in names.items() if lies} == {
        "design": "s3://ingestion/totesys/design/", "shop_design": "s3://ingestion/shop/design/",
    }  # fmt: skip
    assert sorted(name for name, lies in names.items() if not lies) == [
        "current_design", "current_shop_design", "history_design", "history_shop_design",
    ]  # fmt: skip
    assert [len(list(world.catalog.partitions(name))) for name, lies in names.items() if lies] == [1, 1]


def test_a_held_table_of_one_source_holds_nothing_of_the_other(world: MemoryRegistry) -> None:
    pytest.importorskip("sqlglot", reason="in a checkout the queries are read by sqlglot")
    world.ingest(SHOP, 1, design_name="integer")
    world.ingest(SOURCE, 1)
    job = world.check_job(SHOP)
    check_schemas(job)
    assert ("TablesHeld", 1, {"Source": SHOP, "Table": "design"}) in job.metrics
    verdict = checked(world, SOURCE)
    assert [item.batch for item in held_for(verdict, [TableId(SHOP, "design")])] == [1]
    assert held_for(verdict, [TableId(SOURCE, "design")]) == []
    world.ingest(SHOP, 2)
    assert [item.batch for item in checked(world, SHOP).of_source(SHOP).released] == [1]


def test_a_source_whose_crawler_fails_keeps_no_other_from_being_judged(
    world: MemoryRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    world.ingest(SHOP, 1)
    world.ingest(SOURCE, 1)
    world.crawlers["crawl-shop"].failure = "no rights"
    assert checked(world, SHOP).of_source(SHOP).through == 1
    assert "crawl-shop ended FAILED: no rights" in caplog.text
    assert checked(world, SOURCE).of_source(SOURCE).through == 1
    assert world.catalog.table("shop_design") is None
    assert len(list(world.store.list(f"{APART}/{SHOP}/design/"))) == 1
    world.crawlers["crawl-shop"].failure = ""
    assert check_schemas(world.check_job(SHOP)) is None
    assert len(list(world.catalog.partitions("shop_design"))) == 1
    assert not list(world.store.list(f"{APART}/"))


def test_a_verdict_that_a_run_left_half_way_is_finished_though_others_came_after_it(
    world: MemoryRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_busy() -> bool:
        raise RetriableError("the crawler is busy")

    world.ingest(SHOP, 1)
    with monkeypatch.context() as patch, pytest.raises(RetriableError, match="the crawler is busy"):
        patch.setattr(world.crawlers["crawl-shop"], "start", be_busy)
        checked(world, SHOP)
    for number in (1, 2):
        world.ingest(SOURCE, number)
        checked(world, SOURCE)
    assert world.catalog.table("shop_design") is None
    assert check_schemas(world.check_job(SHOP)) is None
    assert len(list(world.catalog.partitions("shop_design"))) == 1
    assert world.store.size("_finished/verdicts/000000000001.json") is not None


def test_a_verdict_of_one_source_alone_repeats_nothing(world: MemoryRegistry) -> None:
    world.ingest(SHOP, 1)
    checked(world, SHOP)
    world.ingest(SHOP, 2)
    checked(world, SHOP)
    assert all("repeated" not in manifest.state for manifest in log(world).since(0))


def test_an_audit_whose_look_at_one_source_fails_looks_at_the_others(world: MemoryRegistry) -> None:
    del world.crawlers["crawl-shop"]
    with pytest.raises(LakeError, match="there is no crawler crawl-shop"):
        audit_catalog(world.audit_job())
    assert world.crawlers["crawl-totesys"].crawls == 1
    world.store.put("totesys/design/ingested_on=2026-11-24/words.parquet", b"a few words, no parquet")
    job = world.audit_job()
    with pytest.raises(MismatchError, match="disagreements between files, Data Catalog and contracts, the first is"):
        audit_catalog(job)
    assert job.metrics == [("AuditDisagreements", 1, {})]
    assert CommitLog(world.store, "audit").newest() is None


def test_an_audit_that_finds_nothing_is_remembered(world: MemoryRegistry) -> None:
    assert audit_catalog(world.audit_job()) == []
    assert [crawler.crawls for crawler in world.crawlers.values()] == [1, 1]
    newest = CommitLog(world.store, "audit").newest()
    assert newest is not None and newest.state == {"through": "2026-11-24T23:00:00+00:00"}


@pytest.mark.parametrize(
    ("was", "becomes"),
    [(b'"snapshot"', b'"snapshoot"'), (b'"format": 1', b'"format": 2'), (b'"rows": 1', b'"rows": "1"'), (b"}", b"")],
    ids=["missing", "newer", "type", "cut off"],
)
def test_a_damaged_log_of_one_source_holds_nothing_of_the_other(
    world: MemoryRegistry, was: bytes, becomes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    for source in (SHOP, SOURCE):
        world.ingest(source, 1)
    checked(world, SHOP)
    world.ingest(SHOP, 2)
    key = commit_key(SHOP, 2)
    world.store.put(key, world.store.get(key).replace(was, becomes))
    with pytest.raises(LakeError, match="_commits/shop/000000000002.json (is no readable manifest|has format 2)"):
        check_schemas(world.check_job(SHOP))
    assert checked(world, SOURCE).of_source(SOURCE).through == 1
    # the objects here are no parquet: that the audit says so of the other source shows that it looked
    with pytest.raises(MismatchError, match="the first is s3://ingestion/totesys/design/"):
        audit_catalog(world.audit_job())
    assert "_commits/shop/000000000002.json " in caplog.text


def test_a_damaged_schema_of_one_source_keeps_no_audit_of_the_other(
    world: MemoryRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    for source in (SHOP, SOURCE):
        world.ingest(source, 1)
        checked(world, source)
    (key,) = [item.key for item in world.store.list(f"{SCHEMAS}/{SHOP}/")]
    world.store.put(key, world.store.get(key)[:-9])
    with pytest.raises(MismatchError, match="the first is s3://ingestion/totesys/design/"):
        audit_catalog(world.audit_job())
    assert f"s3://ingestion/{key} is no readable schema " in caplog.text
