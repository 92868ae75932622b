"""What follows the commit of a verdict: copy, crawl, register, report. All of it can be repeated from the verdict."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from totelake.contracts import load_contracts
from totelake.lake.commits import CommitLog
from totelake.lake.keys import finished_key, schema_key
from totelake.lake.manifest import Manifest, TableCommit
from totelake.lake.partition_columns import follow_table
from totelake.lake.partitions import partition_locations, register_locations
from totelake.lake.records.verdict import LOG, SourceVerdict, Verdict, verdicts_since
from totelake.ports.schema_catalog import Crawler
from totelake.registry.crawl import crawl
from totelake.registry.placement import ObjectSchema, Place, is_in_table, schemas_by_table, schemas_of_objects
from totelake.registry.register import check_registered, has_new_columns, set_schema, storage_of, widen
from totelake.registry.report import RegistryJob, report_verdict
from totelake.schemas.columns import Columns, TableSchema, documents_of


def finish_verdict(job: RegistryJob, manifest: Manifest, crawler: Crawler) -> None:
    """Copy, register and report what a committed verdict decides; `crawler` is that of the source it is about."""
    verdict = Verdict.of(manifest)
    registration = Registration(job, verdict.source)
    registration.widen(verdict)
    CommitLog(job.ingestion, LOG).finish(manifest)
    registration.finish(verdict, crawler)


def restore_registered(job: RegistryJob, source: str) -> list[str]:
    """Give a source's registered tables, and their partitions, the columns that the verdicts left them; the tables
    that had others."""
    return Registration(job, source).restore([table.name for table in load_contracts().source_tables(source)])


class Registration:
    """The registered tables of one source, as its verdicts decide."""

    def __init__(self, job: RegistryJob, source: str) -> None:
        self._job, self._source = job, load_contracts().source(source)
        self._store, self._catalog = job.ingestion, job.ingestion_tables
        self._verdicts = CommitLog(job.ingestion, LOG)

    def widen(self, verdict: Verdict) -> None:
        """Register the wider types that a verdict accepts, before its objects come: Athena reads none that is wider
        than its table or partition."""
        own = verdict.of_source(self._source.name)
        accepted = schemas_by_table(schemas_of_objects(verdict.objects_of(self._source.name)))
        due = own.register & accepted.keys()
        if due and not self._is_there(finished_key(LOG, verdict.number)):
            for name in sorted(due):
                if self._columns(name) is not None:
                    widen(self._catalog, self._registered(name), *(schema.columns for schema in accepted[name]))

    def finish(self, verdict: Verdict, crawler: Crawler) -> None:
        """Register what a verdict accepts, its objects being in place, and report it."""
        own, commits = verdict.of_source(self._source.name), verdict.objects_of(self._source.name)
        schemas = schemas_of_objects(commits)
        unknown = [item for item in schemas if not self._is_there(self._schema_key(item))]
        mark = finished_key(LOG, verdict.number)
        is_due = _has_reports(own) and not self._is_there(mark)
        accepted = schemas_by_table(schemas)
        made = self._crawl(sorted(accepted), schemas_by_table(unknown), crawler)
        self.restore(made)
        if self._is_newest(verdict):
            anew = own.register if is_due else frozenset()
            for name in sorted(set(accepted) - made):
                self._register(name, accepted[name][-1], name in anew, crawler)
        storages = {name: storage_of(self._catalog, self._registered(name), crawler.name) for name in sorted(accepted)}
        for item in unknown:
            self._remember(item)
        self._register_partitions(commits, storages)
        self._follow_changed(storages)
        if is_due:
            report_verdict(self._job, self._source.name, own, load_contracts())
            self._store.create(mark, b"{}")

    def restore(self, names: Collection[str]) -> list[str]:
        """Give tables that a crawl made of many files, or somebody changed, the verdicts' columns; which."""
        schemas: dict[str, list[Columns]] = {name: [] for name in names if self._columns(name) is not None}
        for verdict in verdicts_since(self._verdicts, 0) if schemas else ():
            found = schemas_by_table(schemas_of_objects(verdict.objects_of(self._source.name)))
            for name in found.keys() & schemas.keys():
                schemas[name] += [schema.columns for schema in found[name]]
        return [name for name, found in schemas.items() if set_schema(self._catalog, self._registered(name), *found)]

    def _is_newest(self, verdict: Verdict) -> bool:
        """Whether no verdict on the source came later: one that did has registered what there is since."""
        newest = self._verdicts.newest(verdict.number)
        return newest is None or Verdict.of(newest).of_source(self._source.name).judged_in == verdict.number

    def _crawl(
        self, accepted: Sequence[str], unknown: Mapping[str, Sequence[TableSchema]], crawler: Crawler
    ) -> frozenset[str]:
        """Let the crawler register new tables, and columns that no schema had before; the tables that are new."""
        present = {name: self._columns(name) for name in accepted}
        made = frozenset(name for name, columns in present.items() if columns is None)
        wanted = [
            name
            for name, columns in present.items()
            if columns is None or any(has_new_columns(columns, schema.columns) for schema in unknown.get(name, ()))
        ]
        if wanted:
            self._job.log.info("crawling, since these tables have a new schema: %s", ", ".join(wanted))
            crawl(crawler)
        return made

    def _register(self, name: str, schema: TableSchema, is_new: bool, crawler: Crawler) -> None:
        """Set what the crawler cannot express of a schema that is new, see that a known one is as it was left."""
        registered = self._registered(name)
        present = storage_of(self._catalog, registered, crawler.name)["Columns"]
        if not is_new:
            check_registered(self._catalog.database, registered, present, schema.columns)
        elif set_schema(self._catalog, registered, schema.columns):
            self._job.log.info("registered the new schema of %s", name)

    def _register_partitions(
        self, commits: Mapping[Place, TableCommit], storages: Mapping[str, Mapping[str, object]]
    ) -> None:
        for (_, name), item in commits.items():
            if is_in_table(item):
                locations = partition_locations(self._store.bucket, item.objects)
                register_locations(self._catalog, self._registered(name), storages[name], locations)

    def _follow_changed(self, storages: Mapping[str, Mapping[str, object]]) -> None:
        """Let partitions follow tables that another run changed while this one registered partitions as they were."""
        for name, storage in storages.items():
            if self._columns(name) != storage["Columns"]:
                follow_table(self._catalog, self._registered(name))

    def _registered(self, name: str) -> str:
        return self._source.registered_name(name)

    def _columns(self, name: str) -> Sequence[Mapping[str, object]] | None:
        """The columns of a registered table; None when it is not registered."""
        present = self._catalog.table(self._registered(name))
        if present is None:
            return None
        columns: Sequence[Mapping[str, object]] = present["StorageDescriptor"]["Columns"]
        return columns

    def _is_there(self, key: str) -> bool:
        return self._store.size(key) is not None

    def _schema_key(self, item: ObjectSchema) -> str:
        return schema_key(self._source.name, item.table, item.schema.fingerprint)

    def _remember(self, item: ObjectSchema) -> None:
        document = {"table": item.table, "columns": documents_of(item.schema.columns)}
        self._store.create(self._schema_key(item), json.dumps(document, indent=1).encode("utf-8"))


def _has_reports(verdict: SourceVerdict) -> bool:
    """Whether anything has to be registered anew or reported, once."""
    return bool(verdict.register or verdict.reports or any(batch.held for batch in verdict.batches))
