"""What follows the commit of a verdict: copy, crawl, register, report. All of it can be repeated from the verdict."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from totelake.alerts.catalog_messages import apart_alert, changed_alert
from totelake.alerts.model import Alert
from totelake.alerts.store import is_noted, note
from totelake.contracts import load_contracts
from totelake.contracts.model import TableId
from totelake.errors import LakeError, SchemaMismatchError, TotelakeError, raise_common
from totelake.lake.commits import CommitLog
from totelake.lake.keys import finished_key, schema_key
from totelake.lake.manifest import Manifest, TableCommit
from totelake.lake.partition_columns import follow_table
from totelake.lake.partitions import partition_locations, register_locations
from totelake.lake.records.verdict import LOG, SourceVerdict, Verdict, verdicts_since
from totelake.ports.schema_catalog import Crawler
from totelake.registry.crawl import crawl
from totelake.registry.mend import defects, put_back
from totelake.registry.placement import ObjectSchema, Place, is_in_table, schemas_by_table, schemas_of_objects
from totelake.registry.register import has_new_columns, set_schema, storage_of, widen
from totelake.registry.report import RegistryJob, report_verdict
from totelake.schemas.columns import Columns, TableSchema, documents_of


def finish_verdict(job: RegistryJob, manifest: Manifest, crawler: Crawler) -> None:
    """Copy, register and report what a committed verdict decides; `crawler` is that of the source it is about."""
    verdict = Verdict.of(manifest)
    registration = Registration(job, verdict.source)
    registration.mend(verdict)
    registration.widen(verdict)
    CommitLog(job.ingestion, LOG).finish(manifest)
    registration.finish(verdict, crawler)


def restore_registered(job: RegistryJob, source: str) -> list[str]:
    """Put back a source's registered tables, and the columns of their partitions, as the verdicts left them; the tables
    that were not so."""
    return Registration(job, source).restore([table.name for table in load_contracts().source_tables(source)])


@dataclass(frozen=True)
class _Left:
    """What verdicts left of a table: the schemas of its objects in their order, and its partitions' locations."""

    schemas: list[Columns] = field(default_factory=list)
    locations: dict[tuple[str, ...], str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Odd:
    """A registered table that is not as it was left: which version, what is wrong, and the schema that it should
    show."""

    version: str
    defects: Sequence[str]
    schema: Columns


class Registration:
    """The registered tables of one source, as its verdicts decide.

    A table that somebody else changed is put back; one that cannot be is left apart, and holds no other.
    """

    def __init__(self, job: RegistryJob, source: str) -> None:
        self._job, self._source = job, load_contracts().source(source)
        self._store, self._catalog = job.ingestion, job.ingestion_tables
        self._verdicts = CommitLog(job.ingestion, LOG)
        self._apart: set[str] = set()

    def mend(self, verdict: Verdict) -> None:
        """Put back the tables of what a verdict accepts that are not as the verdicts left them.

        Raises LakeError when none of several can be.
        """
        accepted = self._accepted(verdict)
        is_newest, anew = self._is_newest(verdict), self._anew(verdict)
        odd: dict[str, _Odd] = {}
        for name in sorted(accepted):
            present = self._catalog.table(self._registered(name))
            # the columns of what is registered anew are not there yet, those of an older verdict perhaps no more
            schema = accepted[name][-1].columns if is_newest and name not in anew else ()
            found = defects(present, self._location(name), schema) if present is not None else []
            if present is not None and found:
                odd[name] = _Odd(str(present.get("VersionId", "")), found, schema)
                note(self._job, changed_alert(self._id(name), self._address(name), odd[name].version, found))
        refused: dict[str, TotelakeError] = {}
        for name, left in self._left(odd).items():
            try:
                self._put_back(name, left, odd[name].schema)
            except (LakeError, SchemaMismatchError) as error:
                refused[name] = error
        apart = {name: self._apart_alert(name, odd[name], str(error)) for name, error in refused.items()}
        # a right that is missing, say, is no table's own matter
        raise_common(refused, len(odd), [name for name, alert in apart.items() if is_noted(self._job, alert)])
        for name, alert in apart.items():
            self._set_apart(name, alert, f"{'; '.join(odd[name].defects)}; {refused[name]}")

    def _put_back(self, name: str, left: _Left, schema: Columns) -> None:
        """Put a table back, with all partitions that its verdicts gave it."""
        registered, location = self._registered(name), self._location(name)
        put_back(self._catalog, registered, location, left.schemas)
        still = defects(self._catalog.table(registered) or {}, location, schema)
        if still:
            raise SchemaMismatchError(f"it is not as it was put back: {'; '.join(still)}")
        register_locations(self._catalog, registered, storage_of(self._catalog, registered, ""), left.locations)
        self._job.log.warning("%s was not as its batches left it; it is put back", self._address(name))

    def _apart_alert(self, name: str, odd: _Odd, refused: str) -> Alert:
        return apart_alert(self._id(name), self._address(name), odd.version, odd.defects, refused)

    def _set_apart(self, name: str, alert: Alert, why: str) -> None:
        """Leave a table as it is, and tell; what else there is goes on."""
        self._apart.add(name)
        self._job.log.error("%s: %s", alert.subject, why)
        if note(self._job, alert):
            self._job.metric("TablesHeld", 1, "Count", Source=self._source.name, Table=name)

    def widen(self, verdict: Verdict) -> None:
        """Register the wider types that a verdict accepts, before its objects come: Athena reads none that is wider
        than its table or partition."""
        accepted = self._accepted(verdict)
        for name in sorted(self._anew(verdict) & accepted.keys()):
            if self._columns(name) is not None:
                widen(self._catalog, self._registered(name), *(schema.columns for schema in accepted[name]))

    def finish(self, verdict: Verdict, crawler: Crawler) -> None:
        """Register what a verdict accepts, its objects being in place, and report it."""
        own = verdict.of_source(self._source.name)
        commits = self._commits(verdict)
        schemas = schemas_of_objects(commits)
        unknown = [item for item in schemas if not self._is_there(self._schema_key(item))]
        is_due = self._is_due(verdict)
        accepted = schemas_by_table(schemas)
        made = self._crawl(sorted(accepted), schemas_by_table(unknown), crawler)
        self.restore(made)
        if self._is_newest(verdict):
            anew = own.register if is_due else frozenset()
            for name in sorted((anew & accepted.keys()) - made):
                if set_schema(self._catalog, self._registered(name), accepted[name][-1].columns):
                    self._job.log.info("registered the new schema of %s", name)
        storages = {name: storage_of(self._catalog, self._registered(name), crawler.name) for name in sorted(accepted)}
        for item in unknown:
            self._remember(item)
        self._register_partitions(commits, storages)
        self._follow_changed(storages)
        if is_due:
            report_verdict(self._job, self._source.name, own, load_contracts())
            self._store.create(finished_key(LOG, verdict.number), b"{}")

    def restore(self, names: Collection[str]) -> list[str]:
        """Put back tables that a crawl made of many files, or somebody changed; which were not right."""
        left = self._left([name for name in names if self._catalog.table(self._registered(name)) is not None])
        return [
            name
            for name, found in left.items()
            if put_back(self._catalog, self._registered(name), self._location(name), found.schemas)
        ]

    def _left(self, names: Collection[str]) -> dict[str, _Left]:
        """What the verdicts left of tables."""
        left = {name: _Left() for name in names}
        for verdict in verdicts_since(self._verdicts, 0) if left else ():
            objects = verdict.objects_of(self._source.name)
            for name, schemas in schemas_by_table(schemas_of_objects(objects)).items():
                if name in left:
                    left[name].schemas.extend(schema.columns for schema in schemas)
            for (_, name), item in objects.items():
                if name in left:
                    left[name].locations.update(partition_locations(self._store.bucket, item.objects))
        return left

    def _commits(self, verdict: Verdict) -> dict[Place, TableCommit]:
        """The commits of the tables that are not left apart."""
        found = verdict.objects_of(self._source.name)
        return {place: item for place, item in found.items() if place[1] not in self._apart}

    def _accepted(self, verdict: Verdict) -> dict[str, list[TableSchema]]:
        return schemas_by_table(schemas_of_objects(self._commits(verdict)))

    def _is_due(self, verdict: Verdict) -> bool:
        """Whether a verdict has something to register anew or to report, and nobody has."""
        is_news = _has_reports(verdict.of_source(self._source.name))
        return is_news and not self._is_there(finished_key(LOG, verdict.number))

    def _anew(self, verdict: Verdict) -> frozenset[str]:
        return verdict.of_source(self._source.name).register if self._is_due(verdict) else frozenset()

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

    def _id(self, name: str) -> TableId:
        return TableId(self._source.name, name)

    def _address(self, name: str) -> str:
        return f"{self._catalog.database}.{self._registered(name)}"

    def _location(self, name: str) -> str:
        """Where a table's objects lie."""
        return self._store.address(f"{self._source.name}/{name}/")

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
