"""check_schemas with localglue's crawler: what is accepted, registered, refused, and what a crash leaves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.integration.registry.conftest import DAY, Registry
from totelake.contracts.model import TableId
from totelake.lake.records.verdict import held_for
from totelake.runtime.clients import Clients

pytestmark = pytest.mark.integration

DESIGN = TableId(SOURCE, "design")
DESIGNS = [{"design_id": 1, "design_name": "Wooden", "_op": "I", "_batch": 1}]
STAFF = [{"staff_id": 1, "first_name": "Ana", "_op": "I", "_batch": 1}]


def test_a_batch_is_judged_copied_and_registered(registry: Registry) -> None:
    registry.ingest(1, {"design": DESIGNS, "staff": STAFF})
    verdict = registry.check()
    assert verdict is not None and verdict.of_source(SOURCE).through == 1
    assert registry.keys("totesys/") == [
        f"totesys/design/ingested_on={DAY}/000000000001.parquet",
        f"totesys/staff/ingested_on={DAY}/000000000001.parquet",
    ]
    table = registry.glue.get_table(DatabaseName=registry.database, Name="design")["Table"]
    assert [(item["Name"], item["Type"]) for item in table["StorageDescriptor"]["Columns"]] == [
        ("design_id", "int"), ("created_at", "timestamp"), ("design_name", "string"), ("file_location", "string"),
        ("file_name", "string"), ("last_updated", "timestamp"), ("_op", "string"), ("_batch", "bigint"),
        ("_captured_at", "timestamp"), ("_xid", "bigint"),
    ]  # fmt: skip
    assert table["PartitionKeys"] == [{"Name": "ingested_on", "Type": "string"}]
    assert registry.partitions("design") == [[DAY]]
    batches = registry.batches()
    assert [(batch.batch, sorted(batch.tables), batch.rows) for batch in batches] == [(1, ["design", "staff"], 2)]
    assert registry.batches(build_to=0) == []


def test_nothing_new_is_no_verdict(registry: Registry) -> None:
    assert registry.check() is None
    registry.ingest(1, {"design": DESIGNS})
    registry.check()
    assert registry.check() is None
    assert len(registry.verdicts()) == 1


def test_a_schema_is_crawled_once(registry: Registry) -> None:
    for number in (1, 2, 3):
        registry.ingest(number, {"design": DESIGNS})
        registry.check()
    assert registry.crawls() == 1
    registry.ingest(4, {"design": DESIGNS, "staff": STAFF})
    registry.check()
    assert registry.crawls() == 2
    versions = registry.glue.get_table_versions(DatabaseName=registry.database, TableName="design")["TableVersions"]
    assert len(versions) == 1


def test_a_batch_without_events_moves_on(registry: Registry) -> None:
    registry.ingest(1, {})
    verdict = registry.check()
    assert verdict is not None and verdict.of_source(SOURCE).through == 1 and not verdict.objects
    assert registry.crawls() == 0


def test_a_limit_in_rows_is_kept(registry: Registry) -> None:
    for number in (1, 2, 3):
        registry.ingest(number, {"design": DESIGNS * 2})
    through = []
    for _ in range(2):
        verdict = registry.check(row_limit=3)
        through.append(verdict and verdict.of_source(SOURCE).through)
    assert through == [2, 3]


def columns(registry: Registry, table: str) -> dict[str, str]:
    """The registered columns of a table that are not our own."""
    found = registry.glue.get_table(DatabaseName=registry.database, Name=table)["Table"]["StorageDescriptor"]
    return {item["Name"]: item["Type"] for item in found["Columns"] if not item["Name"].startswith("_")}


def test_a_widened_column_is_accepted_and_registered_as_one_new_version_without_a_crawl(registry: Registry) -> None:
    registry.ingest(1, {"design": DESIGNS})
    registry.check()
    for number in (2, 3):
        registry.ingest(number, {"design": DESIGNS}, design_id="bigint")
        registry.check()
    assert registry.crawls() == 1
    assert columns(registry, "design")["design_id"] == "bigint"
    versions = registry.glue.get_table_versions(DatabaseName=registry.database, TableName="design")["TableVersions"]
    assert len(versions) == 2
    registry.ingest(4, {"design": DESIGNS})
    registry.check()
    assert columns(registry, "design")["design_id"] == "bigint"


def test_partitions_of_every_day_follow_a_wider_table(registry: Registry) -> None:
    registry.ingest(1, {"design": DESIGNS})
    registry.check()
    (today,) = registry.glue.get_partitions(DatabaseName=registry.database, TableName="design")["Partitions"]
    days = [f"{2000 + number}-01-01" for number in range(250)]
    for start in range(0, len(days), 100):
        registry.glue.batch_create_partition(
            DatabaseName=registry.database,
            TableName="design",
            PartitionInputList=[
                {"Values": [day], "StorageDescriptor": today["StorageDescriptor"]} for day in days[start : start + 100]
            ],
        )
    registry.ingest(2, {"design": DESIGNS}, design_id="bigint")
    registry.check()
    pages = registry.glue.get_paginator("get_partitions").paginate(DatabaseName=registry.database, TableName="design")
    found = [item for page in pages for item in page["Partitions"]]
    assert len(found) == len(days) + 1
    table = registry.glue.get_table(DatabaseName=registry.database, Name="design")["Table"]
    kinds = [{one["Name"]: one["Type"] for one in item["StorageDescriptor"]["Columns"]} for item in [table, *found]]
    assert all(kind == kinds[0] for kind in kinds) and kinds[0]["design_id"] == "bigint"


def test_a_broken_table_goes_to_the_dead_letters_and_nothing_else_does(registry: Registry) -> None:
    registry.ingest(1, {"design": DESIGNS})
    registry.check()
    registry.ingest(2, {"design": [{**DESIGNS[0], "design_name": 7}], "staff": STAFF}, design_name="integer")
    verdict = registry.check()
    assert verdict is not None and verdict.of_source(SOURCE).through == 2
    assert registry.keys("dead_letters/") == ["dead_letters/totesys/design/000000000002.parquet"]
    assert registry.keys("totesys/") == [
        f"totesys/design/ingested_on={DAY}/000000000001.parquet",
        f"totesys/staff/ingested_on={DAY}/000000000002.parquet",
    ]
    assert columns(registry, "design")["design_name"] == "string"
    (batch,) = registry.batches(after_verdict=1)
    assert (list(batch.tables), list(batch.held)) == (["staff"], ["design"])
    assert [item.events for item in held_for(verdict, [DESIGN, TableId(SOURCE, "staff")])] == [1]


def test_what_was_held_is_released_row_by_row_when_the_source_is_changed_back(registry: Registry) -> None:
    registry.ingest(1, {"design": [{**DESIGNS[0], "design_name": 7}]}, design_name="integer")
    registry.check()
    registry.ingest(2, {"design": DESIGNS})
    verdict = registry.check()
    first, second = registry.batches()
    released = first.tables["design"]
    assert (released.key, released.strict) == ("dead_letters/totesys/design/000000000001.parquet", True)
    assert not second.tables["design"].strict and first.held == {}
    assert verdict is not None and held_for(verdict, [DESIGN]) == []


def told_of_the_catalogue(registry: Registry) -> str:
    """The one alert about what could not be registered."""
    (incident,) = registry.store.list("_alerts/incidents/catalog-")
    return registry.store.get(incident.key).decode()


def test_a_crawler_that_is_not_there_is_named(registry: Registry) -> None:
    registry.ingest(1, {"design": DESIGNS})
    registry.check(crawler="nothing-here")
    assert "nothing-here" in told_of_the_catalogue(registry)
    registry.check()
    assert len(registry.partitions("design")) == 1


def test_a_crawler_without_the_target_is_named(registry: Registry) -> None:
    registry.glue.update_crawler(
        Name=registry.crawler, Targets={"S3Targets": [{"Path": f"s3://{registry.bucket}/totesys/staff/"}]}
    )
    registry.ingest(1, {"design": DESIGNS})
    registry.check()
    told = told_of_the_catalogue(registry)
    assert "registered no table" in told and ".design; see that it has a target for it" in told


class Crash(BaseException):
    """The process ends here."""


class Failing:
    """A client whose n-th change of anything is the last thing that this process does."""

    def __init__(self, client: Any, counter: list[int]) -> None:
        self._client, self._counter = client, counter

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not name.startswith(("put_", "copy_", "create_", "batch_create", "batch_update", "start_", "update_")):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._counter[0] -= 1
            if self._counter[0] < 0:
                raise Crash
            return found(*args, **kwargs)

        return call


class FailingClients(Clients):
    """Clients that crash at the n-th change."""

    def __init__(self, clients: Clients, steps: int) -> None:
        self._clients, self._counter = clients, [steps]

    def client(self, service: str) -> Any:
        return Failing(self._clients.client(service), self._counter)


@pytest.mark.parametrize("steps", range(8))
def test_a_crash_at_any_step_is_made_good_by_the_next_run(registry: Registry, steps: int) -> None:
    registry.ingest(1, {"design": DESIGNS, "staff": STAFF})
    with contextlib.suppress(Crash):
        registry.check(FailingClients(registry.clients, steps))
    registry.check()
    assert registry.check() is None
    assert len(registry.verdicts()) == 1
    assert len(registry.keys("totesys/")) == 2
    assert len(registry.keys("_schemas/")) == 2
    assert registry.partitions("design") == registry.partitions("staff") == [[DAY]]


class Overtaken(Clients):
    """Clients of a run before whose commit another run commits, and dies before it has copied anything."""

    def __init__(self, clients: Clients, overtake: Callable[[], None]) -> None:
        self._clients, self._overtake = clients, overtake

    def client(self, service: str) -> Any:
        found = self._clients.client(service)
        return Overtaking(found, self) if service == "s3" else found

    def before(self, key: str) -> None:
        """Let the other run go ahead, once."""
        overtake = self._overtake
        if key.startswith("_commits/verdicts/") and overtake is not _nothing:
            self._overtake = _nothing
            overtake()


class Overtaking:
    """An S3 client that lets the race know before it puts an object."""

    def __init__(self, client: Any, race: Overtaken) -> None:
        self._client, self._race = client, race

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **request: Any) -> Any:
        self._race.before(request["Key"])
        return self._client.put_object(**request)


def _nothing() -> None:
    """Nobody is faster any more."""


@pytest.mark.parametrize("more", [False, True], ids=["nothing else is pending", "another batch is"])
def test_the_verdict_of_a_faster_run_that_died_is_finished_before_the_next(registry: Registry, more: bool) -> None:
    registry.ingest(1, {"design": DESIGNS})

    def overtake() -> None:
        with contextlib.suppress(Crash):
            registry.check(FailingClients(registry.clients, 1))
        if more:
            registry.ingest(2, {"staff": STAFF})

    registry.check(Overtaken(registry.clients, overtake))
    assert {manifest.number for manifest in registry.verdicts()} == ({1, 2} if more else {1})
    for verdict in registry.verdicts():
        for item in verdict.objects():
            registry.s3.head_object(Bucket=registry.bucket, Key=item.key)


def test_a_table_that_the_data_catalog_lost_is_crawled_again(registry: Registry) -> None:
    registry.ingest(1, {"design": DESIGNS})
    registry.check()
    registry.glue.delete_table(DatabaseName=registry.database, Name="design")
    registry.ingest(2, {"design": DESIGNS})
    registry.check()
    assert registry.glue.get_table(DatabaseName=registry.database, Name="design")["Table"]["Name"] == "design"
