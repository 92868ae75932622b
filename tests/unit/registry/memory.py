"""The registry without any server: a job over a bucket and a Data Catalog in memory, and a crawler that registers."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any, TypeVar

from tests.conftest import SOURCE
from totelake.contracts import Contracts, load_contracts
from totelake.contracts.model import TableId
from totelake.contracts.sources import Source
from totelake.contracts.types import hive_type
from totelake.errors import LakeError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt, ingested_key
from totelake.lake.manifest import LakeObject, TableCommit
from totelake.lake.partitions import METADATA
from totelake.lake.records.batch import Batch, Bookmark, ServerIdentity, Snapshot, with_schema
from totelake.lake.tables import columns_input, parquet_storage
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.ports.schema_catalog import Crawl
from totelake.runtime.clients import Clients
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import AuditArguments, CheckArguments, JobArguments, MaintainArguments
from totelake.schemas.columns import SourceColumn, TableSchema

SHOP = "shop"
DAY = "2026-11-24"
AT = f"{DAY}T10:00:00+00:00"
NOW = datetime(2026, 11, 25, tzinfo=timezone.utc)
_LAKE = {"processed_bucket": "processed", "ingestion_database": "lake", "processed_database": "processed"}
A = TypeVar("A", bound=JobArguments)


def two_sources() -> Contracts:
    """The contracts with a second source, whose one table has the name of one of the first."""
    contracts, design = load_contracts(), TableId(SHOP, "design")
    shop = Source(SHOP, "postgres", "", "", "{prefix}/shop", "cron(0/10 * * * ? *)", "shop_")
    table = replace(contracts.table(TableId(SOURCE, "design")), source=SHOP)
    return replace(
        contracts, sources={**contracts.sources, SHOP: shop}, by_id={**contracts.by_id, design: table}, stars={}
    )


@dataclass
class RegisteringCrawler:
    """A crawler of one source: it registers each of its tables that has objects, with the contract's columns.

    `failure` is what a crawl ends with instead.
    """

    name: str
    source: str
    world: MemoryRegistry
    failure: str = ""
    crawls: int = 0

    def look(self) -> Crawl:
        status = "FAILED" if self.failure else "SUCCEEDED"
        return Crawl(True, "READY", str(self.crawls or ""), last_status=status, last_message=self.failure)

    def start(self) -> bool:
        self.crawls += 1
        for table in self.world.contracts.source_tables(self.source) if not self.failure else ():
            prefix = f"{table.source}/{table.name}/"
            if any(self.world.store.list(prefix)):
                columns = [(column.name, hive_type(column.type)) for column in table.columns]
                self.world.catalog.create(
                    {
                        "Name": self.world.contracts.source(self.source).registered_name(table.name),
                        "StorageDescriptor": parquet_storage(self.world.store.address(prefix), [*columns, *METADATA]),
                        "PartitionKeys": columns_input([("ingested_on", "string")]),
                        "Parameters": {"UPDATED_BY_CRAWLER": self.name},
                    }
                )
        return True


class MemoryJob(Job[A]):
    """A job over the world's bucket and Data Catalog; `metrics` are what it publishes."""

    def __init__(self, arguments: A, world: MemoryRegistry) -> None:
        super().__init__(arguments, Clients(), logging.getLogger("registry"))
        self._world = world
        self.metrics: list[tuple[str, float, dict[str, str]]] = []
        # in the place of the cached properties
        vars(self).update(ingestion=world.store, ingestion_tables=world.catalog)
        vars(self).update(processed=MemoryStore("processed"), processed_tables=MemoryCatalog("processed"))

    def crawler(self, name: str) -> RegisteringCrawler:
        if name not in self._world.crawlers:
            raise LakeError(f"there is no crawler {name}")
        return self._world.crawlers[name]

    def now(self) -> datetime:
        return NOW

    def metric(self, name: str, value: float, unit: str = "None", **dimensions: str) -> None:
        self.metrics.append((name, value, dimensions))


def fingerprint(types: Mapping[str, str]) -> str:
    """Of a schema."""
    return hashlib.sha256(str(sorted(types.items())).encode()).hexdigest()[:32]


@dataclass
class MemoryRegistry:
    """A bucket, a database, and a crawler for each source; `day` is that of the batches to come."""

    contracts: Contracts = field(default_factory=two_sources)
    store: MemoryStore = field(default_factory=lambda: MemoryStore("ingestion", lambda: datetime.fromisoformat(AT)))
    catalog: MemoryCatalog = field(default_factory=lambda: MemoryCatalog("lake"))
    day: str = DAY
    crawlers: dict[str, RegisteringCrawler] = field(init=False)

    def __post_init__(self) -> None:
        names = {f"crawl-{source}": source for source in self.contracts.sources}
        self.crawlers = {name: RegisteringCrawler(name, source, self) for name, source in names.items()}

    def use(self, monkeypatch: Any, *modules: Any) -> None:
        """Let modules have this world's contracts."""
        for module in modules:
            monkeypatch.setattr(module, "load_contracts", lambda: self.contracts)

    def ingest(self, source: str, number: int, rows: int = 1, content: bytes = b"events", **types: str) -> None:
        """A batch of a source's designs; `types` are PostgreSQL types that differ from the contract's, or of more."""
        self.ingest_tables(source, number, {"design": types}, rows, content)

    def ingest_tables(
        self,
        source: str,
        number: int,
        tables: Mapping[str, Mapping[str, str]],
        rows: int = 1,
        content: bytes = b"events",
    ) -> None:
        """A batch of several tables, by name the types that differ."""
        attempt = Attempt.new(source, number, "test")
        commits = {name: self._staged(attempt, source, name, rows, content, types) for name, types in tables.items()}
        server = ServerIdentity("7", 1, False, 1, 170000, source, AT)
        batch = Batch(Bookmark(number, server, Snapshot(1, 1, "1:1:"), AT), commits)
        assert CommitLog(self.store, source).commit(batch.manifest(attempt, NOW))

    def _staged(
        self, attempt: Attempt, source: str, name: str, rows: int, content: bytes, types: Mapping[str, str]
    ) -> TableCommit:
        staged = attempt.staged_key(name, "events.parquet")
        self.store.put(staged, content)
        final = ingested_key(source, name, self.day, attempt.number)
        item = LakeObject(staged, final, rows, len(content), "", {"ingested_on": self.day})
        table = self.contracts.table(TableId(source, name))
        columns = tuple(
            SourceColumn(column.name, types.get(column.name, column.type), column.required) for column in table.columns
        )
        more = types.keys() - set(table.column_names)
        columns += tuple(SourceColumn(name, types[name], False) for name in sorted(more))
        return with_schema(TableCommit((item,), rows, rows), TableSchema(fingerprint(types), columns))

    def check_job(self, source: str) -> MemoryJob[CheckArguments]:
        """The job that judges a source."""
        arguments = CheckArguments(
            ingestion_bucket=self.store.bucket, source=source, crawler=f"crawl-{source}", **_LAKE
        )
        return MemoryJob(arguments, self)

    def maintain_job(self) -> MemoryJob[MaintainArguments]:
        """The nightly maintenance."""
        return MemoryJob(MaintainArguments(ingestion_bucket=self.store.bucket, crawlers="crawl", **_LAKE), self)

    def audit_job(self) -> MemoryJob[AuditArguments]:
        """The nightly audit."""
        return MemoryJob(AuditArguments(ingestion_bucket=self.store.bucket, crawlers="crawl", **_LAKE), self)
