"""audit_catalog: every night files, catalogue and contracts are held against each other. It never believes a crawl.

Files are looked at before the crawler is started: one that belongs to no batch would become part of a table's schema.
Only what was written since the last audit that found nothing is opened (`--whole_history true`: everything).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from totelake.contracts import catalog
from totelake.contracts.model import SOURCE, Table
from totelake.errors import MismatchError
from totelake.lake.catalogue import as_input, get_table, put_table
from totelake.lake.commits import CommitLog
from totelake.lake.keys import SCHEMAS, Attempt
from totelake.lake.layout import Layout
from totelake.lake.manifest import BOOKMARK, Manifest
from totelake.lake.partitions import log_name
from totelake.lake.verdicts import LOG as VERDICTS
from totelake.registry.agreement import (
    Disagreement,
    Known,
    columns_of,
    known_columns,
    of_file,
    of_partitions,
    of_registered,
    unknown_columns,
)
from totelake.registry.check import schemas_of_objects
from totelake.registry.crawl import crawl
from totelake.registry.footers import NotParquetError, read_footer
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime

LOG = "audit"
# a batch is copied, crawled and registered within this time; what is younger may be half way
SETTLED = timedelta(hours=1)
_BEGINNING = "1970-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Item:
    """An object as a listing tells of it."""

    key: str
    bytes: int
    modified: datetime

    @property
    def folder(self) -> str:
        """The prefix it lies in."""
        return f"{self.key.rsplit('/', 1)[0]}/"


def audit_catalog(runtime: Runtime, arguments: JobArguments) -> list[Disagreement]:
    """Look at everything; [] when all agree. Raises MismatchError, once all disagreements are logged."""
    return _Audit(runtime, arguments).run()


class _Audit:
    """One night's look at both zones."""

    def __init__(self, runtime: Runtime, arguments: JobArguments) -> None:
        self._runtime, self._arguments, self._now = runtime, arguments, runtime.now()
        self._s3, self._glue = runtime.clients.s3, runtime.clients.glue
        self._own = CommitLog(self._s3, arguments.ingestion_bucket, LOG)
        self._newest = self._own.newest()
        state = self._newest.state if self._newest and not arguments.whole_history else {"through": _BEGINNING}
        self._since = datetime.fromisoformat(state["through"])
        self.footers = 0

    def run(self) -> list[Disagreement]:
        """Files, crawl, ingestion database, processed database."""
        sources = [table for table in catalog().tables.values() if table.kind == SOURCE]
        listed = {table.name: self._listed(self._prefix(table)) for table in sources}
        found = [told for table in sources for told in self._files(table, listed[table.name])]
        if found:
            self._runtime.log.warning("the crawler is not started: it would register what these files say")
        else:
            crawl(self._glue, self._arguments.ingestion_crawler)
        for table in sources:
            found += self._ingested(table, listed[table.name])
        found += self._strangers({table.name for table in sources})
        for table in catalog().warehouse_tables():
            found += self._processed(table)
        self._end(found)
        return found

    def _end(self, found: list[Disagreement]) -> None:
        for disagreement in found:
            self._runtime.log.error("%s", disagreement)
        self._runtime.metric("AuditDisagreements", len(found), "Count")
        if found:
            raise MismatchError(
                f"{len(found)} disagreements between files, catalogue and contracts, the first is {found[0].where}: "
                f"{found[0].what}; see this run's log for both schemas of each"
            )
        self._runtime.log.info("files, catalogue and contracts agree; %d footers were read", self.footers)
        attempt = Attempt.new(LOG, self._newest.number + 1 if self._newest else 1, self._arguments.job_run_id)
        state = {"through": (self._now - SETTLED).isoformat()}
        self._own.commit(Manifest(LOG, attempt.number, attempt.id, BOOKMARK, self._now.isoformat(), state=state))

    def _prefix(self, table: Table) -> str:
        return f"{table.domain}/{table.name}/"

    def _files(self, table: Table, items: list[Item]) -> list[Disagreement]:
        """What the footers of a source table's new files say, against all that is known of its schemas."""
        known = self._known(table)
        widest = self._registered_columns(self._arguments.ingestion_database, table.name)
        expected = {**{name: sorted(kinds)[0] for name, kinds in known.items()}, **widest}
        bucket = self._arguments.ingestion_bucket
        return [
            told
            for item in items
            if item.modified >= self._since
            for told in self._file(bucket, item, expected, known, table.key_name)
        ]

    def _file(
        self, bucket: str, item: Item, registered: Mapping[str, str], known: Known, key: str
    ) -> list[Disagreement]:
        where = f"s3://{bucket}/{item.key}"
        self.footers += 1
        try:
            found = dict(read_footer(self._s3, bucket, item.key, item.bytes))
        except NotParquetError as error:
            return [Disagreement(where, str(error).replace(f"{where} ", "", 1))]
        return of_file(where, found, registered, known, key)

    def _ingested(self, table: Table, items: list[Item]) -> list[Disagreement]:
        """The registered source table and its partitions; columns that no batch brought are taken back."""
        bucket, database = self._arguments.ingestion_bucket, self._arguments.ingestion_database
        present = get_table(self._glue, database, table.name)
        if present is None:
            settled = [item for item in items if self._is_settled(item)]
            return [Disagreement(table.name, "it has objects, but is not registered; repair it")] if settled else []
        known = self._known(table)
        told = of_registered(table, present, f"s3://{bucket}/{self._prefix(table)}", known)
        alien = unknown_columns(columns_of(present), known)
        if alien:
            self._take_back(database, table.name, alien)
        folders: dict[str, bool] = {}
        for item in items:
            location = f"s3://{bucket}/{item.folder}"
            folders[location] = folders.get(location, False) or self._is_settled(item)
        partitions = self._partitions(database, table.name)
        return told + of_partitions(table.name, folders, partitions, columns_of(present), known)

    def _processed(self, table: Table) -> list[Disagreement]:
        """A star table's log: registered against contract, new files against what is registered."""
        bucket, database = self._arguments.processed_bucket, self._arguments.processed_database
        present = get_table(self._glue, database, log_name(table))
        if present is None:
            return []
        known, lies = known_columns(table, ()), present["StorageDescriptor"]["Location"]
        partitions = self._partitions(database, log_name(table)) if table.partition_by else {}
        layout = self._layout(table)
        place = "" if table.partition_by or layout is None else layout.prefix(table.name, "")
        told = of_registered(table, present, f"s3://{bucket}/{place}" if place else lies, known)
        for location, partition in partitions.items():
            folder = f"{table.partition_by}={partition['Values'][0]}"
            if layout is not None and location != f"s3://{bucket}/{layout.prefix(table.name, folder)}":
                what = f"the log of {table.name} says that it lies at {layout.prefix(table.name, folder)}; repair it"
                told.append(Disagreement(f"partition {location}", what))
        folders: dict[str, bool] = {}
        for location in partitions or [lies]:
            for item in self._listed(location.split("/", 3)[3], bucket):
                folders[location] = True
                if item.modified >= self._since:
                    told += self._file(bucket, item, columns_of(present), known, table.key_name)
        return told + of_partitions(
            log_name(table), folders if partitions else {}, partitions, columns_of(present), known
        )

    def _layout(self, table: Table) -> Layout | None:
        """Where a star table's log says that it lies; None while its newest commit may be half way."""
        newest = CommitLog(self._s3, self._arguments.processed_bucket, table.name).newest()
        if newest is None or datetime.fromisoformat(newest.committed_at) > self._now - SETTLED:
            return None
        return Layout.of(newest.state)

    def _strangers(self, names: set[str]) -> list[Disagreement]:
        """Tables that the crawler made for what no contract names, as it does when names collide."""
        pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=self._arguments.ingestion_database)
        return [
            Disagreement(
                f"registered table {item['Name']}",
                f"no contract names it, and it lies at {item['StorageDescriptor'].get('Location')}; remove it",
            )
            for page in pages
            for item in page["TableList"]
            if item["Name"] not in names and "UPDATED_BY_CRAWLER" in item.get("Parameters", {})
        ]

    def _take_back(self, database: str, name: str, alien: list[str]) -> None:
        def decide(present: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
            if present is None:
                return None
            kept = [item for item in present["StorageDescriptor"]["Columns"] if item["Name"] not in alien]
            return {**as_input(present), "StorageDescriptor": {**present["StorageDescriptor"], "Columns": kept}}

        put_table(self._glue, database, name, decide, keep_version=True)
        self._runtime.log.warning("%s.%s: %s taken back", database, name, ", ".join(alien))

    def _registered_columns(self, database: str, name: str) -> dict[str, str]:
        present = get_table(self._glue, database, name)
        return {} if present is None else columns_of(present)

    def _partitions(self, database: str, name: str) -> dict[str, Any]:
        pages = self._glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
        return {item["StorageDescriptor"]["Location"]: item for page in pages for item in page["Partitions"]}

    def _known(self, table: Table) -> Known:
        """What a source table may have; asked for after what is held against it, since batches come meanwhile."""
        return known_columns(table, [*self._schemas(table), *self._under_way(table)])

    def _schemas(self, table: Table) -> list[Any]:
        """The columns of every schema that a table's batches brought, held ones included."""
        bucket = self._arguments.ingestion_bucket
        found = []
        for item in self._listed(f"{SCHEMAS}/{table.domain}/{table.name}/"):
            body = self._s3.get_object(Bucket=bucket, Key=item.key)["Body"].read()
            found.append(json.loads(body)["columns"])
        return found

    def _under_way(self, table: Table) -> list[Any]:
        """The columns of batches without a verdict, or with one that may be half way: schemas that are not kept yet."""
        bucket = self._arguments.ingestion_bucket
        # whoever commits a verdict has finished the one before it
        newest = CommitLog(self._s3, bucket, VERDICTS).newest()
        judged = (
            [schema.columns for schema in schemas_of_objects(newest) if schema.table == table.name] if newest else []
        )
        through = int(newest.state["through"].get(table.domain, 0)) if newest else 0
        pending = [manifest.tables for manifest in CommitLog(self._s3, bucket, table.domain).since(through)]
        return judged + [found[table.name].extra["schema"] for found in pending if table.name in found]

    def _listed(self, prefix: str, bucket: str = "") -> list[Item]:
        return list(self._pages(prefix, bucket or self._arguments.ingestion_bucket))

    def _pages(self, prefix: str, bucket: str) -> Iterator[Item]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                yield Item(item["Key"], item["Size"], item["LastModified"])

    def _is_settled(self, item: Item) -> bool:
        return item.modified <= self._now - SETTLED
