"""The audit of one source: its files, a crawl, then its registered tables and partitions.

Files are looked at before the crawler is started: one that belongs to no batch would become part of a table's schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from totelake.contracts import Contracts
from totelake.contracts.identifiers import catalogue_name
from totelake.contracts.model import Table
from totelake.lake.commits import CommitLog
from totelake.lake.keys import SCHEMAS, is_schema
from totelake.lake.partition_columns import follow_table
from totelake.lake.reading import schema_at
from totelake.lake.records.batch import Batch, schema_of
from totelake.lake.records.verdict import LOG as VERDICTS
from totelake.lake.records.verdict import Verdict
from totelake.lake.tables import as_input, change_table, storage_of
from totelake.ports.object_store import Listed
from totelake.ports.schema_catalog import Document
from totelake.registry.agreement import (
    Disagreement,
    Known,
    by_location,
    foreign_columns,
    hive_types_of,
    known_columns,
    of_partitions,
    of_places,
    of_registered,
    readable_columns,
)
from totelake.registry.audit_files import AuditWindow, FileAudit, Named, Seen
from totelake.registry.crawl import crawl, crawled_since
from totelake.registry.mend import strangers
from totelake.registry.placement import schemas_of_objects
from totelake.registry.registered import registered_name
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import AuditArguments
from totelake.schemas.columns import Columns


class SourceAudit:
    """One night's look at one source."""

    def __init__(
        self, job: Job[AuditArguments], source: str, contracts: Contracts, window: AuditWindow, files: FileAudit
    ) -> None:
        self._job, self._source, self._window, self._files = job, source, window, files
        self._tables = contracts.source_tables(source)
        self._store, self._catalog = job.ingestion, job.ingestion_tables
        self._named = Named(CommitLog(job.ingestion, source))

    def run(self) -> list[Disagreement]:
        """Files, crawl, registered tables."""
        listed = {table.name: self._seen(table) for table in self._tables}
        found = [item for table in self._tables for item in self._new_files(table, listed[table.name])]
        if found:
            self._job.log.warning("the crawler is not started: it would register what these files say")
        else:
            self._crawl()
        for table in self._tables:
            found += self._registered(table, listed[table.name])
        return found

    def _crawl(self) -> None:
        """Crawl, unless that was done in the days before: a crawl is billed for ten minutes."""
        arguments = self._job.arguments
        crawler = self._job.crawler(f"{arguments.crawlers}-{self._source}")
        begun = crawled_since(crawler, self._job.now(), arguments.crawl_days)
        if begun is None:
            crawl(crawler)
        else:
            text = "the crawler %s is not started: its last crawl began %s, and crawl_days is %d"
            self._job.log.info(text, crawler.name, f"{begun:%Y-%m-%d %H:%M}", arguments.crawl_days)

    def _seen(self, table: Table) -> list[Seen]:
        prefix = _prefix(table)
        return self._files.seen(self._store.list(prefix), prefix, is_partitioned=True)

    def _new_files(self, table: Table, items: Sequence[Seen]) -> list[Disagreement]:
        """What the footers of a table's new files say, against all that is known of its schemas."""
        known = self._known(table)
        present = self._catalog.table(registered_name(table))
        is_ours = present is not None and not self._strangers(table, present)
        widest = hive_types_of(present) if present is not None and is_ours else {}
        expected = {**{name: sorted(kinds)[0] for name, kinds in known.items()}, **widest}
        return [found for item in items for found in self._files.new_file(table, item, expected, known, self._named)]

    def _registered(self, table: Table, seen: Sequence[Seen]) -> list[Disagreement]:
        """The registered table and its partitions; columns that no batch brought are removed."""
        name = registered_name(table)
        present = self._catalog.table(name)
        items = [found.item for found in seen if found.is_ours]
        if present is None:
            has_settled = any(self._window.is_settled(item) for item in items)
            return [Disagreement(name, "it has objects, but is not registered; repair it")] if has_settled else []
        why = self._strangers(table, present)
        if why:
            return [Disagreement(f"registered table {name}", why)]
        known = self._known(table)
        found = of_registered(table, present, self._store.address(_prefix(table)), known)
        foreign = foreign_columns(hive_types_of(present), known)
        if foreign:
            self._remove_columns(name, foreign)
        followed = follow_table(self._catalog, name)
        if followed:
            self._job.log.warning("%d partitions of %s did not have its columns; they do now", followed, name)
        partitions = list(self._catalog.partitions(name))
        folders = self._folders(items)
        places: dict[tuple[str, ...], str] = {
            (location.rstrip("/").rsplit("=", 1)[-1],): location for location in folders
        }
        found += of_places(partitions, places)
        columns = readable_columns(present, known)
        return found + of_partitions(name, folders, by_location(partitions), columns, known)

    def _strangers(self, table: Table, present: Document) -> str:
        return strangers(self._catalog, present, self._store.address(_prefix(table)))

    def _folders(self, items: Sequence[Listed]) -> Mapping[str, bool]:
        """The folders that hold objects; whether any of a folder's objects is settled."""
        folders: dict[str, bool] = {}
        for item in items:
            location = self._store.address(item.folder)
            folders[location] = folders.get(location, False) or self._window.is_settled(item)
        return folders

    def _remove_columns(self, name: str, foreign: Sequence[str]) -> None:
        def decide(present: Document | None) -> Document | None:
            if present is None:
                return None
            storage = storage_of(present)
            columns = storage.get("Columns") or ()
            kept = [item for item in columns if catalogue_name(item["Name"]) not in foreign]
            if len(kept) == len(columns):
                return None
            return {**as_input(present), "StorageDescriptor": {**storage, "Columns": kept}}

        if change_table(self._catalog, name, decide, keep_version=True):
            self._job.log.warning("%s.%s: %s removed", self._catalog.database, name, ", ".join(foreign))

    def _known(self, table: Table) -> Known:
        """What a table may have; asked for after what is compared with it was read, since batches come meanwhile."""
        return known_columns(table, [*self._kept_schemas(table), *self._schemas_under_way(table)])

    def _kept_schemas(self, table: Table) -> list[Columns]:
        """Every schema that a table's batches brought, held ones included."""
        listed = self._store.list(f"{SCHEMAS}/{table.source}/{table.name}/")
        return [schema_at(self._store, item.key).columns for item in listed if is_schema(item.key)]

    def _schemas_under_way(self, table: Table) -> list[Columns]:
        """The schemas of batches without a verdict, or with one that may be half way: they are not kept yet."""
        log = CommitLog(self._store, VERDICTS)
        newest = Verdict.of(log.newest())
        own = newest.of_source(self._source)
        # whoever judges a source has finished its verdict before
        last = newest if own.judged_in in (0, newest.number) else Verdict.of(log.get(own.judged_in))
        judged = [
            item.schema.columns
            for item in schemas_of_objects(last.objects_of(self._source))
            if item.table == table.name
        ]
        batches = map(Batch.of, CommitLog(self._store, self._source).since(own.through))
        pending = [batch.commits[table.name] for batch in batches if table.name in batch.commits]
        return judged + [schema_of(item).columns for item in pending]


def _prefix(table: Table) -> str:
    return f"{table.source}/{table.name}/"
