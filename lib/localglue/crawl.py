"""One crawl: lists the objects of each target, reads their footers, and updates the Data Catalog."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from localglue.crawl_partitions import Partitions
from localglue.crawl_policy import Policy
from localglue.data_catalog import DataCatalog
from localglue.discovery import (
    CrawledFile,
    FoundTable,
    is_crawled,
    parse_target,
    partition_of,
    table_name,
    table_of_files,
)
from localglue.documents import Document
from localglue.errors import EntityNotFound, GlueError, InvalidInput
from localglue.footers import FooterReader, NotParquet
from localglue.objects import list_objects
from localglue.states import now
from localglue.table_inputs import DEPRECATED, changed_table, deprecated_table, new_table, same_parameters, same_shape

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WriteLog = Callable[[str, str], None]
"""Writes a level and a line to the crawler's log."""
Summary = dict[str, dict[str, int]]
"""Numbers by kind (TABLE, PARTITION) and change (ADD, UPDATE, DELETE)."""


class CrawlStopped(Exception):
    """The crawl ends because it was asked to stop."""


class Crawl:
    """A crawl in progress."""

    def __init__(
        self,
        crawler: Document,
        crawl_id: str,
        s3: S3Client,
        catalog: DataCatalog,
        footers: FooterReader,
        stop: threading.Event,
        log: WriteLog,
    ) -> None:
        self._crawler, self._crawl_id, self._s3, self._catalog = crawler, crawl_id, s3, catalog
        self._footers, self._stop, self._log = footers, stop, log
        self._policy = Policy.of(crawler)
        self.summary: Summary = {"TABLE": {}, "PARTITION": {}}

    def run(self) -> None:
        """Crawl every target. Raises CrawlStopped, GlueError."""
        database = self._crawler.get("DatabaseName")
        if not database:
            raise InvalidInput(f"crawler {self._crawler['Name']} has no DatabaseName; name one")
        self._catalog.call("GetDatabase", {"Name": database})
        for target in self._crawler["Targets"]["S3Targets"]:
            self._crawl(database, target)

    def _crawl(self, database: str, target: Document) -> None:
        bucket, base = parse_target(target["Path"])
        location = f"s3://{bucket}/{base}"
        usual_name = table_name(self._crawler.get("TablePrefix", ""), bucket, base)
        name, present = self._name_and_table(database, usual_name, location)
        partitions = Partitions(self._catalog, database, name, self._policy, self._raise_if_stopped)
        skipped = partitions.registered() if present and self._policy.only_new_folders else frozenset()
        found = table_of_files(name, location, self._files(bucket, base, tuple(target.get("Exclusions", ())), skipped))
        if found is None:
            self._log("INFO", f"Nothing to crawl below {location}")
            if present and not self._policy.only_new_folders:
                self._handle_empty_target(database, present)
            return
        table = self._register(database, found, present)
        self._count("PARTITION", partitions.register(found, table))

    def _name_and_table(self, database: str, name: str, location: str) -> tuple[str, Document | None]:
        """The table's name, and the table if it exists. A name in use for another location gets a suffix, as on AWS."""
        present = self._existing(database, name)
        storage = (present or {}).get("StorageDescriptor", {})
        if present is None or storage.get("Location", "").rstrip("/") == location.rstrip("/"):
            return name, present
        other = f"{name}_{hashlib.sha256(location.encode()).hexdigest()[:32]}"
        self._log("WARN", f"Table {name} is at {storage.get('Location')}; {location} is registered as {other}")
        return other, self._existing(database, other)

    def _existing(self, database: str, name: str) -> Document | None:
        try:
            table: Document = self._catalog.call("GetTable", {"DatabaseName": database, "Name": name})["Table"]
        except GlueError as problem:
            if problem.code != EntityNotFound.code:
                raise
            return None
        return table

    def _files(
        self, bucket: str, base: str, exclusions: tuple[str, ...], skipped: frozenset[tuple[str, ...]]
    ) -> Iterator[CrawledFile]:
        for item in list_objects(self._s3, bucket, base):
            relative = item.key[len(base) :]
            if not is_crawled(relative, exclusions) or partition_of(relative)[1] in skipped:
                continue
            self._raise_if_stopped()
            try:
                footer = self._footers.read(bucket, item)
            except NotParquet as problem:
                self._log("WARN", f"{problem}; it is skipped")
                continue
            yield CrawledFile(relative, item.size, item.modified, footer)

    def _register(self, database: str, found: FoundTable, present: Document | None) -> Document:
        """Create or update the table as the policy allows. Returns the table as it is afterwards."""
        crawler = self._crawler["Name"]
        if present is None:
            wanted = new_table(found, crawler, self._crawl_id)
            self._catalog.call("CreateTable", {"DatabaseName": database, "TableInput": wanted})
            self._report("TABLE", "ADD", f"Created table {found.name} in database {database}")
            return wanted
        wanted = changed_table(found, present, crawler, self._crawl_id, self._policy.only_merges)
        changed = not same_shape(present, wanted)
        if not self._policy.updates:
            if changed:
                self._log("WARN", f"Table {found.name} has changed; the crawler's policy is to log this only")
            return present
        if changed or not same_parameters(present, wanted):
            update = {"DatabaseName": database, "TableInput": wanted, "SkipArchive": not changed}
            self._catalog.update_table(update)
        if changed:
            self._report("TABLE", "UPDATE", f"Updated table {found.name} in database {database}")
        return wanted

    def _handle_empty_target(self, database: str, present: Document) -> None:
        """Apply the deletion policy to the table of a target without objects, if this crawler wrote the table."""
        name, parameters = present["Name"], present.get("Parameters", {})
        if parameters.get("UPDATED_BY_CRAWLER") != self._crawler["Name"] or self._policy.deletion == "LOG":
            self._log("WARN", f"Table {name} no longer has any objects")
        elif self._policy.deletion == "DELETE_FROM_DATABASE":
            self._catalog.call("DeleteTable", {"DatabaseName": database, "Name": name})
            self._report("TABLE", "DELETE", f"Deleted table {name} of database {database}")
        elif DEPRECATED not in parameters:
            wanted = deprecated_table(present, now())
            self._catalog.update_table({"DatabaseName": database, "TableInput": wanted, "SkipArchive": True})
            self._report("TABLE", "UPDATE", f"Deprecated table {name} of database {database}")

    def _report(self, kind: str, change: str, line: str) -> None:
        self._count(kind, {change: 1})
        self._log("INFO", line)

    def _count(self, kind: str, counts: dict[str, int]) -> None:
        for change, number in counts.items():
            self.summary[kind][change] = self.summary[kind].get(change, 0) + number
        if kind == "PARTITION" and counts:
            self._log("INFO", f"Partitions: {', '.join(f'{number} {change}' for change, number in counts.items())}")

    def _raise_if_stopped(self) -> None:
        if self._stop.is_set():
            raise CrawlStopped
