"""Objects that no job wrote, in the nightly audit: each told by its name, once where nobody reads it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import SOURCE
from tests.unit.registry.memory import DAY, NOW, SHOP, MemoryJob, MemoryRegistry
from totelake.contracts import load_contracts
from totelake.contracts.types import arrow_type
from totelake.errors import MismatchError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import LakeObject, TableCommit
from totelake.lake.partitions import ensure_log_table, log_columns, parquet_storage
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.marks import AUDIT, AuditMark
from totelake.lake.records.star_commit import StarCommit
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.registry import audit, audit_files, check, finish, registered
from totelake.registry.agreement import Disagreement
from totelake.registry.audit import audit_catalog
from totelake.registry.audit_files import AuditWindow, FileAudit
from totelake.registry.audit_star import StarAudit
from totelake.registry.check import check_schemas

FOLDER = f"ingested_on={DAY}/"
NOT_READ = {
    f"{FOLDER}": b"",
    "ingested_on=2026-01-01/": b"",
    f"{FOLDER}_SUCCESS": b"",
    f"{FOLDER}.part-0.crc": b"crc",
    f"_temporary/0/{FOLDER}part-0.parquet": b"PAR1",
    f"_{FOLDER}000000000001.parquet": b"PAR1",
    f"{FOLDER}nothing.parquet": b"",
}
READ = {
    f"{FOLDER}words.parquet": b"a few words, no parquet",
    f"{FOLDER}half.parquet": b"PAR1" + b"\0" * 90,
    "notes.csv": b"a,b\n1,2\n",
    f"{FOLDER}dump.tar": b"\0" * 3_000_000,
    "ingested_on=2026-01-01/backup/000000000001.parquet": b"PAR1" + b"\0" * 90 + b"PAR1",
}
PASSED_OVER = "no job wrote it, and Athena passes it over; remove it"
DIMENSION, FACT = (load_contracts().find(name) for name in ("dim_staff", "fact_sales_order"))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> MemoryRegistry:
    found = MemoryRegistry()
    found.use(monkeypatch, audit, check, finish, registered)
    return found


def told(world: MemoryRegistry, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What a night tells, without the bucket; [] when all agrees."""
    caplog.clear()
    try:
        assert audit_catalog(world.audit_job()) == []
    except MismatchError as failure:
        assert "s3://ingestion/" in str(failure)
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    return [line.replace("s3://ingestion/", "") for line in lines]


@pytest.mark.parametrize("key", NOT_READ)
def test_what_nobody_reads_is_told_in_one_night_and_holds_nothing_back(
    key: str, world: MemoryRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    world.store.put(f"totesys/design/{key}", NOT_READ[key])
    assert told(world, caplog) == [f"totesys/design/{key}: {PASSED_OVER}"]
    assert [crawler.crawls for crawler in world.crawlers.values()] == [1, 1]
    assert AuditMark.of(CommitLog(world.store, AUDIT).newest()).through == "2026-11-24T23:00:00+00:00"
    assert told(world, caplog) == []


@pytest.mark.parametrize("key", READ)
def test_what_athena_reads_is_told_once_a_night_until_it_is_removed(
    key: str, world: MemoryRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    world.store.put(f"totesys/design/{key}", READ[key])
    for _ in range(2):
        (line,) = told(world, caplog)
        assert line.startswith(f"totesys/design/{key}: ")
        assert line.endswith("remove it")
        assert world.crawlers["crawl-totesys"].crawls == 0
    world.store.delete([f"totesys/design/{key}"])
    assert told(world, caplog) == []


def test_a_file_with_a_key_of_ours_that_its_commit_does_not_name_is_told_unopened(
    world: MemoryRegistry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ingest(SOURCE, 1)
    check_schemas(world.check_job(SOURCE))
    opened: list[str] = []
    monkeypatch.setattr(audit_files, "read_footer", lambda store, key, size: opened.append(key) or ())
    forged = "totesys/design/ingested_on=2026-01-01/000000000001.parquet"
    world.store.put(forged, b"anything at all")
    lines = told(world, caplog)
    assert f"{forged}: no job wrote it, but Athena reads it; remove it" in lines
    assert opened == [f"totesys/design/{FOLDER}000000000001.parquet"]


def test_beside_what_athena_reads_the_others_are_told_once(
    world: MemoryRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    for key, body in {**NOT_READ, **READ}.items():
        world.store.put(f"totesys/design/{key}", body)
    assert len(told(world, caplog)) == len(NOT_READ) + len(READ)
    assert len(told(world, caplog)) == len(READ)
    world.store.delete([f"totesys/design/{key}" for key in READ])
    assert told(world, caplog) == []


def test_what_was_written_within_the_last_hour_is_told_a_night_later(
    world: MemoryRegistry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.store, "_now", lambda: NOW - timedelta(minutes=30))
    world.store.put("totesys/design/_SUCCESS", b"")
    assert told(world, caplog) == []
    for night, lines in enumerate(([f"totesys/design/_SUCCESS: {PASSED_OVER}"], []), start=1):
        monkeypatch.setattr(MemoryJob, "now", lambda _, night=night: NOW + timedelta(days=night))
        assert told(world, caplog) == lines


@pytest.mark.parametrize("body", [b"", b"garbage", b"{}"])
def test_other_files_in_the_logs_and_schemas_stop_neither_judgement_nor_audit(
    body: bytes, world: MemoryRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    for folder in ("_commits/totesys/", "_commits/verdicts/", "_commits/audit/", "_schemas/totesys/design/"):
        for name in ("", "README.txt", ".hidden", "zzz", "000000000000.json.bak", "1.json", "foo.json"):
            world.store.put(f"{folder}{name}", body)
    world.ingest(SOURCE, 1)
    world.ingest(SHOP, 1)
    for source in (SOURCE, SHOP):
        verdict = check_schemas(world.check_job(source))
        assert verdict is not None
        assert verdict.of_source(source).through == 1
    for key in [item.key for item in world.store.list("") if item.key.endswith("000000000001.parquet")]:
        world.store.delete([key])
    lines = told(world, caplog)
    assert all("registered for" in line and "has no objects" in line for line in lines), lines


def stars(store: MemoryStore, found: MemoryCatalog) -> tuple[StarAudit, FileAudit]:
    """An audit of star tables."""
    beginning = datetime(1970, 1, 1, tzinfo=timezone.utc)
    window = AuditWindow(beginning, datetime.now(timezone.utc) + timedelta(hours=1), beginning)
    files = FileAudit(store, window)
    return StarAudit(ProcessedZone(store, found), window, files), files


def test_star_tables_tell_of_each_foreign_object_in_and_beside_their_places() -> None:
    store, catalog = MemoryStore("processed"), MemoryCatalog("star")
    places = {"dim_staff/": DIMENSION, "fact_sales_order/created_month=2026-11/": FACT}
    for place, table in places.items():
        ensure_log_table(catalog, table, "processed")
        fields = [(column.name, arrow_type(column.type)) for column in table.lake_columns]
        fields += [("_op", pa.string()), ("_batch", pa.int64()), ("_captured_at", pa.timestamp("us"))]
        sink = io.BytesIO()
        pq.write_table(pa.schema(fields).empty_table(), sink)
        foreign = ("000000000002-0.parquet", "copy.parquet", "old/000000000001-0.parquet", "_SUCCESS")
        for name in ("000000000001-0.parquet", *foreign):
            store.put(f"{place}{name}", sink.getvalue())
        named = LakeObject("staged", f"{place}000000000001-0.parquet", 0, 0)
        commit = replace(StarCommit.of(table, None), through=1, verdict=1, commit=TableCommit((named,)))
        assert CommitLog(store, table.name).commit(commit.manifest(Attempt.new(table.name, 1, "jr"), NOW))
        store.put(f"{place}sub/", b"")
    storage = parquet_storage("s3://processed/fact_sales_order/created_month=2026-11/", log_columns(FACT))
    catalog.add_partitions("fact_sales_order_log", [{"Values": ["2026-11"], "StorageDescriptor": storage}])
    beside = ["fact_sales_order/_SUCCESS", "fact_sales_order/a.csv", "compacted/dim_staff/000000000002/"]
    ours = ["compacted/dim_staff/000000000002/000000000001-0.parquet", "fact_sales_order/created_month=2026-12/"]
    for key in (*beside, ours[0], f"{ours[1]}000000000001-0.parquet"):
        store.put(key, b"" if key.endswith("/") else b"PAR1")
    look, files = stars(store, catalog)
    found = [item for table in places.values() for item in look.run(table)]
    reads = "no job wrote it, but Athena reads it; remove it"
    assert found == [Disagreement(f"s3://processed/{place}{name}", reads) for place in places for name in foreign[:3]]
    hidden = [f"{place}{name}" for place in places for name in ("_SUCCESS", "sub/")]
    assert sorted(item.where for item in files.passed_over) == sorted(
        f"s3://processed/{key}" for key in hidden + beside
    )
    assert {item.what for item in files.passed_over} == {PASSED_OVER}
