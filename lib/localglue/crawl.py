"""One crawl: lists the objects of each target, reads what they say, groups them, and updates the Data Catalog."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from localapi.documents import Document
from localapi.errors import ApiError
from localglue.crawl_partitions import Partitions
from localglue.crawl_policy import Policy
from localglue.data_catalog import DataCatalog
from localglue.discovery import (
    CrawledFile,
    FoundTable,
    PartitionValues,
    Target,
    is_crawled,
    parse_target,
    partition_of,
    table_name,
    table_of_files,
)
from localglue.errors import EntityNotFound, InvalidInput
from localglue.footers import FooterReader, Unclassified
from localglue.grouping import Group, groups_of
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
        """Crawl every target. Raises CrawlStopped, GlueError; nothing is written before all targets were read."""
        database = self._crawler.get("DatabaseName")
        if not database:
            raise InvalidInput(f"crawler {self._crawler['Name']} has no DatabaseName; name one")
        self._catalog.call("GetDatabase", {"Name": database})
        found = [(target, self._read(database, target)) for target in map(self._target, self._paths())]
        number, most = sum(len(groups) for _, groups in found), self._policy.threshold
        if most is not None and number > most:
            raise InvalidInput(
                f"the crawl found {number} tables, more than its TableThreshold of {most}; none is written"
            )
        for target, groups in found:
            if not groups:
                self._log("INFO", f"Nothing to crawl below {target.location}")
            places = {self._register_group(database, target, group) for group in groups}
            if not self._policy.only_new_folders:
                self._handle_what_is_gone(database, target, places)

    def _paths(self) -> list[Document]:
        paths: list[Document] = self._crawler["Targets"]["S3Targets"]
        return paths

    def _target(self, given: Document) -> Target:
        """The target; an object if there is one of just this key."""
        bucket, base = parse_target(given["Path"])
        exclusions = tuple(given.get("Exclusions", ()))
        key = base.rstrip("/")
        if key and not given["Path"].endswith("/"):
            first = next(list_objects(self._s3, bucket, key), None)
            if first is not None and first.key == key:
                return Target(bucket, key, exclusions)
        return Target(bucket, base, exclusions)

    def _read(self, database: str, target: Target) -> list[Group]:
        """The tables that the target's files form. Raises InvalidInput when it has files, and none can be read."""
        skipped: frozenset[PartitionValues] = frozenset()
        if self._policy.only_new_folders:
            name, present = self._name_and_table(database, self._usual_name(target, ""), target.location)
            skipped = self._partitions(database, name).registered() if present else skipped
        files = list(self._files(target, skipped))
        if target.is_object:
            return [Group("", tuple(files))] if files else []
        return groups_of(files, target.level, self._policy.grouping)

    def _usual_name(self, target: Target, path: str) -> str:
        return table_name(self._crawler.get("TablePrefix", ""), target.bucket, target.base + path)

    def _partitions(self, database: str, table: str) -> Partitions:
        return Partitions(self._catalog, database, table, self._policy, self._raise_if_stopped)

    def _register_group(self, database: str, target: Target, group: Group) -> str:
        """Create or update a table with its partitions. Returns its location."""
        location = target.location + group.path
        name, present = self._name_and_table(database, self._usual_name(target, group.path), location)
        found = table_of_files(name, location, group.files)
        if found is not None:
            table = self._register(database, found, present)
            self._count("PARTITION", self._partitions(database, name).register(found, table))
        return location

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
        except ApiError as problem:
            if problem.code != EntityNotFound.code:
                raise
            return None
        return table

    def _files(self, target: Target, skipped: frozenset[PartitionValues]) -> Iterator[CrawledFile]:
        unread: list[Unclassified] = []
        number = 0
        for item in list_objects(self._s3, target.bucket, target.base):
            relative = target.relative(item.key)
            if target.is_object and item.key != target.base:
                continue
            if not is_crawled(relative, target.exclusions) or partition_of(relative)[1] in skipped:
                continue
            self._raise_if_stopped()
            try:
                footer = self._footers.read(target.bucket, item)
            except Unclassified as problem:
                self._log("WARN", f"{problem}; it is skipped")
                unread.append(problem)
                continue
            number += 1
            yield CrawledFile(relative, item.size, item.modified, footer)
        if unread and not number:
            raise InvalidInput(f"none of the objects below {target.location} can be read: {unread[0]}")

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

    def _handle_what_is_gone(self, database: str, target: Target, places: set[str]) -> None:
        """Apply the deletion policy to this crawler's tables at or below the target that have no objects any more."""
        kept = {place.rstrip("/") for place in places}
        whole = target.location.rstrip("/")
        for table in self._catalog.call("GetTables", {"DatabaseName": database})["TableList"]:
            place = table.get("StorageDescriptor", {}).get("Location", "").rstrip("/")
            is_own = table.get("Parameters", {}).get("UPDATED_BY_CRAWLER") == self._crawler["Name"]
            of_target = place == whole or (is_own and place.startswith(f"{whole}/"))
            # a table inside the place of another, or around it, still has objects
            if of_target and not any(
                f"{place}/".startswith(f"{one}/") or f"{one}/".startswith(f"{place}/") for one in kept
            ):
                self._handle_gone(database, table)

    def _handle_gone(self, database: str, present: Document) -> None:
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
