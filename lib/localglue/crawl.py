"""One crawl: lists each target, reads footers, and brings the catalogue in line with what it found."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from localglue import crawled_tables as tables
from localglue.catalogue import Catalogue
from localglue.crawl_partitions import Partitions
from localglue.crawl_policy import Policy
from localglue.discovery import CrawledFile, Found, folders_of, gather, is_crawled, table_name, target_of
from localglue.documents import Document
from localglue.errors import EntityNotFound, GlueError, InvalidInput
from localglue.footers import Footers, NotParquet
from localglue.objects import list_objects
from localglue.states import now

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Say = Callable[[str, str], None]
"""Takes a level and a line for the crawler's log."""
Summary = dict[str, dict[str, int]]
"""How many tables and partitions were added, updated and deleted."""


class CrawlStopped(Exception):
    """The crawl was asked to stop."""


class Crawl:
    """A crawl in progress."""

    def __init__(
        self,
        crawler: Document,
        crawl_id: str,
        s3: S3Client,
        catalogue: Catalogue,
        footers: Footers,
        stop: threading.Event,
        say: Say,
    ) -> None:
        self._crawler, self._crawl_id, self._s3, self._catalogue = crawler, crawl_id, s3, catalogue
        self._footers, self._stop, self._say = footers, stop, say
        self._policy = Policy.of(crawler)
        self.summary: Summary = {"TABLE": {}, "PARTITION": {}}

    def run(self) -> None:
        """Crawl every target. Raises CrawlStopped, GlueError."""
        database = self._crawler.get("DatabaseName")
        if not database:
            raise InvalidInput(f"crawler {self._crawler['Name']} has no DatabaseName; name one")
        self._catalogue.call("GetDatabase", {"Name": database})
        for target in self._crawler["Targets"]["S3Targets"]:
            self._crawl(database, target)

    def _crawl(self, database: str, target: Document) -> None:
        bucket, base = target_of(target["Path"])
        location = f"s3://{bucket}/{base}"
        name, present = self._named(database, table_name(self._crawler.get("TablePrefix", ""), bucket, base), location)
        partitions = Partitions(self._catalogue, database, name, self._policy, self._check)
        skipped = partitions.known() if present and self._policy.only_new_folders else frozenset()
        found = gather(name, location, self._files(bucket, base, tuple(target.get("Exclusions", ())), skipped))
        if found is None:
            self._say("INFO", f"Nothing to crawl below {location}")
            if present and not self._policy.only_new_folders:
                self._gone(database, present)
            return
        table = self._register(database, found, present)
        self._count("PARTITION", partitions.register(found, table))

    def _named(self, database: str, name: str, location: str) -> tuple[str, Document | None]:
        """The table's name and what the catalogue has of it; another table's name gets a suffix, as on AWS."""
        present = self._present(database, name)
        storage = (present or {}).get("StorageDescriptor", {})
        if present is None or storage.get("Location", "").rstrip("/") == location.rstrip("/"):
            return name, present
        other = f"{name}_{hashlib.sha256(location.encode()).hexdigest()[:32]}"
        self._say("WARN", f"Table {name} is at {storage.get('Location')}; {location} is registered as {other}")
        return other, self._present(database, other)

    def _present(self, database: str, name: str) -> Document | None:
        try:
            table: Document = self._catalogue.call("GetTable", {"DatabaseName": database, "Name": name})["Table"]
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
            if not is_crawled(relative, exclusions) or folders_of(relative)[1] in skipped:
                continue
            self._check()
            try:
                footer = self._footers.read(bucket, item)
            except NotParquet as problem:
                self._say("WARN", f"{problem}; it is left out")
                continue
            yield CrawledFile(relative, item.size, item.modified, footer)

    def _register(self, database: str, found: Found, present: Document | None) -> Document:
        """Create or update the table as the policy allows; the table as it is then."""
        crawler = self._crawler["Name"]
        if present is None:
            wanted = tables.new_table(found, crawler, self._crawl_id)
            self._catalogue.call("CreateTable", {"DatabaseName": database, "TableInput": wanted})
            self._done("TABLE", "ADD", f"Created table {found.name} in database {database}")
            return wanted
        wanted = tables.changed_table(found, present, crawler, self._crawl_id, self._policy.only_merges)
        changed = not tables.same_shape(present, wanted)
        if not self._policy.updates:
            if changed:
                self._say("WARN", f"Table {found.name} has changed, which the policy only logs")
            return present
        if changed or not tables.same_parameters(present, wanted):
            update = {"DatabaseName": database, "TableInput": wanted, "SkipArchive": not changed}
            self._catalogue.update_table(update)
        if changed:
            self._done("TABLE", "UPDATE", f"Updated table {found.name} in database {database}")
        return wanted

    def _gone(self, database: str, present: Document) -> None:
        """The target has no objects any more: do what the policy says with a table that this crawler has written."""
        name, parameters = present["Name"], present.get("Parameters", {})
        if parameters.get("UPDATED_BY_CRAWLER") != self._crawler["Name"] or self._policy.deletion == "LOG":
            self._say("WARN", f"Table {name} has no objects any more")
        elif self._policy.deletion == "DELETE_FROM_DATABASE":
            self._catalogue.call("DeleteTable", {"DatabaseName": database, "Name": name})
            self._done("TABLE", "DELETE", f"Deleted table {name} of database {database}")
        elif tables.DEPRECATED not in parameters:
            wanted = tables.deprecated_table(present, now())
            self._catalogue.update_table({"DatabaseName": database, "TableInput": wanted, "SkipArchive": True})
            self._done("TABLE", "UPDATE", f"Deprecated table {name} of database {database}")

    def _done(self, kind: str, what: str, line: str) -> None:
        self._count(kind, {what: 1})
        self._say("INFO", line)

    def _count(self, kind: str, counts: dict[str, int]) -> None:
        for what, number in counts.items():
            self.summary[kind][what] = self.summary[kind].get(what, 0) + number
        if kind == "PARTITION" and counts:
            self._say("INFO", f"Partitions: {', '.join(f'{number} {what}' for what, number in counts.items())}")

    def _check(self) -> None:
        if self._stop.is_set():
            raise CrawlStopped
