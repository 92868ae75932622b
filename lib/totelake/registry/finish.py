"""What follows the commit of a verdict: copy, crawl, register, report. All of it can be repeated from the verdict."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from totelake.alerts.catalog_messages import changed_alert
from totelake.alerts.store import note
from totelake.contracts import load_contracts
from totelake.contracts.model import TableId
from totelake.errors import LakeError, SchemaMismatchError, TotelakeError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import finished_key, schema_key
from totelake.lake.manifest import Manifest
from totelake.lake.partition_columns import follow_table
from totelake.lake.partitions import register_locations
from totelake.lake.records.verdict import LOG, SourceVerdict, Verdict, verdicts_since
from totelake.lake.tables import storage_of
from totelake.ports.schema_catalog import Crawler
from totelake.registry.apart import ApartTables
from totelake.registry.crawl import crawl
from totelake.registry.left import Left, Locations, accepted_schemas, left_by, locations_of, without_objects
from totelake.registry.mend import defects, put_back, put_partitions_back, strangers
from totelake.registry.placement import ObjectSchema, is_in_table, schemas_by_table, schemas_of_objects
from totelake.registry.register import has_new_columns, inherited_storage, set_schema, widen
from totelake.registry.report import RegistryJob, report_verdict
from totelake.registry.source_views import SourceViews
from totelake.schemas.columns import Columns, TableSchema, documents_of


def restore_registered(job: RegistryJob, source: str) -> list[str]:
    """Put back a source's registered tables, and the columns of their partitions, as the verdicts left them; the tables
    that were not so.

    Raises what the Data Catalog refuses for one of them, once the others are put back.
    """
    registration = Registration(job, source)
    found = registration.restore([table.name for table in load_contracts().source_tables(source)])
    for refused in registration.refused.values():
        raise refused
    return found


@dataclass(frozen=True)
class _Look:
    """A registered table as it is found: its version, and what of it is not as it was left."""

    version: str
    defects: Sequence[str]


class Registration:
    """The registered tables of one source, as its verdicts decide.

    A table that somebody else changed is put back; one for which the Data Catalog refuses something is left apart, and
    holds no other.
    """

    def __init__(self, job: RegistryJob, source: str) -> None:
        self._job, self._source = job, load_contracts().source(source)
        self._store, self._catalog = job.ingestion, job.ingestion_tables
        self._verdicts = CommitLog(job.ingestion, LOG)
        tables = load_contracts().source_tables(source)
        self._apart = ApartTables(job, self._source, [table.name for table in tables])
        self._views = SourceViews(job, self._source, tables)

    @property
    def refused(self) -> Mapping[str, TotelakeError]:
        """The tables that this run leaves apart, and why."""
        return self._apart.refused

    def finish_verdict(self, manifest: Manifest, crawler: Crawler) -> None:
        """Copy, register and report what a committed verdict decides; `crawler` is that of the source it is about.

        Raises LakeError when the Data Catalog refuses each of several tables.
        """
        verdict = Verdict.of(manifest)
        moved = self._apart.marked | _with_objects(verdict, self._source.name)
        self._apart.stay(sorted(self._accepted(verdict)))
        self._mend(verdict)
        self._widen(verdict)
        self._verdicts.finish(manifest)
        self._finish(verdict, crawler)
        self._publish(verdict, moved)

    def lacks_views(self, verdict: Verdict) -> bool:
        """Whether views of the tables are missing or not as a verdict leaves them; those of a later one are its own."""
        own, moved = verdict.of_source(self._source.name), _with_objects(verdict, self._source.name)
        return self._is_newest(verdict) and bool(self._views.lag(own, moved, self._left_apart))

    def restore(self, names: Collection[str]) -> list[str]:
        """Put back tables that somebody changed, and views over them; which tables were not right."""
        left = self._left(names)
        looks = self._apart.each(names, self._look, without_objects(left))
        found = self._put_back({name: left[name] for name, look in looks.items() if look is not None})
        newest = self._verdicts.newest()
        judged_in = Verdict.of(newest).of_source(self._source.name).judged_in
        manifest = self._verdicts.get(judged_in) if judged_in else None
        # what a run is about to finish, it publishes, too
        if manifest is not None and not self._verdicts.unfinished(manifest):
            self._publish(Verdict.of(manifest), frozenset(names))
        return found

    def _publish(self, verdict: Verdict, moved: Collection[str]) -> None:
        """Move the views of tables to what the newest verdict accepts, and put others back."""
        if self._is_newest(verdict):
            self._views.publish(verdict.of_source(self._source.name), moved, self._left_apart)

    @property
    def _left_apart(self) -> frozenset[str]:
        return self._apart.marked.union(self._apart.refused)

    def _mend(self, verdict: Verdict) -> None:
        """Put back the tables of what a verdict accepts that are not as the verdicts left them, and all that earlier
        runs left apart."""
        accepted, marked = self._accepted(verdict), self._apart.marked
        is_newest, anew = self._is_newest(verdict), self._anew(verdict)
        # the columns of what waits or is registered anew are not there yet, those of an older verdict perhaps no more
        schemas = {
            name: found[-1].columns for name, found in accepted.items() if is_newest and name not in anew | marked
        }
        looks = self._apart.each(sorted(accepted.keys() | marked), lambda name: self._look(name, schemas.get(name, ())))
        present = {name: look for name, look in looks.items() if look is not None}
        for name, look in present.items():
            if look.defects:
                note(self._job, changed_alert(self._id(name), self._address(name), look.version, look.defects))
        self._put_back(self._left([name for name, look in present.items() if look.defects or name in marked]))
        # a table that is not registered and has nothing to be registered lacks nothing
        for name in without_objects(self._left([name for name in looks if name not in present and name in marked])):
            self._apart.take_up(name)

    def _look(self, name: str, schema: Columns = ()) -> _Look | None:
        """A table as it is registered; None when it is not. Raises LakeError for somebody else's of its name."""
        present, location = self._catalog.table(self._registered(name)), self._location(name)
        if present is None:
            return None
        found = defects(present, location, schema)
        why = strangers(self._catalog, present, location) if found else ""
        if why:
            raise LakeError(why)
        return _Look(str(present.get("VersionId", "")), found)

    def _put_back(self, left: Mapping[str, Left]) -> list[str]:
        """Put back registered tables, with all partitions that their verdicts gave them; which were not so."""
        done = self._apart.each(left, lambda name: self._put_one_back(name, left[name]), without_objects(left))
        for name in done:
            self._apart.take_up(name)
        return [name for name, was_odd in done.items() if was_odd]

    def _put_one_back(self, name: str, left: Left) -> bool:
        registered, location = self._registered(name), self._location(name)
        was_odd = put_back(self._catalog, registered, location, left.schemas)
        newest = left.schemas[-1] if left.schemas else ()
        still = defects(self._catalog.table(registered) or {}, location, newest)
        if still:
            raise SchemaMismatchError(f"it is not as it was put back: {'; '.join(still)}")
        storage = inherited_storage(self._catalog, registered, "")
        register_locations(self._catalog, registered, storage, left.locations)
        if put_partitions_back(self._catalog, registered, storage, left.locations) or was_odd:
            self._job.log.warning("%s was not as its batches left it; it is put back", self._address(name))
            return True
        return False

    def _widen(self, verdict: Verdict) -> None:
        """Register the wider types that a verdict accepts, before its objects come: Athena reads none that is wider
        than its table or partition."""
        accepted = self._accepted(verdict)
        anew = sorted(self._anew(verdict) & accepted.keys())
        self._apart.each(anew, lambda name: self._widen_one(name, accepted[name]))

    def _widen_one(self, name: str, schemas: Sequence[TableSchema]) -> None:
        if self._columns(name) is not None:
            self._views.follow(name, [schema.columns for schema in schemas])
            widen(self._catalog, self._registered(name), *(schema.columns for schema in schemas))

    def _finish(self, verdict: Verdict, crawler: Crawler) -> None:
        """Register what a verdict accepts, its objects being in place, and report it."""
        own, is_due = verdict.of_source(self._source.name), self._is_due(verdict)
        schemas = schemas_of_objects(verdict.objects_of(self._source.name))
        unknown = [item for item in schemas if not self._is_there(self._schema_key(item))]
        accepted = schemas_by_table(schemas)
        locations = locations_of(verdict, self._source.name, self._store.bucket)
        made = self._crawl(accepted.keys() | self._apart.marked, schemas_by_table(unknown), crawler)
        self._put_back(self._left(made))
        anew = own.register - made if is_due and self._is_newest(verdict) else frozenset()
        self._apart.each(
            sorted(accepted), lambda name: self._register(name, accepted[name][-1], name in anew, locations[name])
        )
        # the builders read a schema here, those of a table that is left apart, too
        for item in unknown:
            self._remember(item)
        if is_due:
            report_verdict(self._job, self._source.name, own, load_contracts())
            self._store.create(finished_key(LOG, verdict.number), b"{}")

    def _register(self, name: str, newest: TableSchema, is_anew: bool, locations: Locations) -> None:
        """Register a table's newest schema where it is another one, and its partitions."""
        registered = self._registered(name)
        if is_anew and set_schema(self._catalog, registered, newest.columns):
            self._job.log.info("registered the new schema of %s", name)
        storage = inherited_storage(self._catalog, registered, "")
        register_locations(self._catalog, registered, storage, locations)
        # another run may have changed the table while this one registered partitions as it was
        if self._columns(name) != (storage.get("Columns") or ()):
            follow_table(self._catalog, registered)

    def _left(self, names: Collection[str]) -> dict[str, Left]:
        """What the verdicts left of tables."""
        # before the verdicts are read: a mark that comes later may be about one that is not among them
        self._apart.look()
        verdicts = verdicts_since(self._verdicts, 0) if names else ()
        return left_by(verdicts, self._source.name, self._store.bucket, names)

    def _accepted(self, verdict: Verdict) -> dict[str, list[TableSchema]]:
        return accepted_schemas(verdict, self._source.name)

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
        self, names: Collection[str], unknown: Mapping[str, Sequence[TableSchema]], crawler: Crawler
    ) -> frozenset[str]:
        """Let the crawler register new tables, and columns that no schema had before; the tables that are new."""
        present = self._apart.each(sorted(names), self._columns)
        wanted = [
            name
            for name, columns in present.items()
            if columns is None or any(has_new_columns(columns, schema.columns) for schema in unknown.get(name, ()))
        ]
        if wanted:
            self._job.log.info("crawling, since these tables have a new schema: %s", ", ".join(wanted))
            try:
                crawl(crawler)
            except LakeError as failure:
                # the tables that it was for wait for the next one, and no others
                self._apart.leave(dict.fromkeys(wanted, failure), len(present))
        made = [name for name, columns in present.items() if columns is None]
        return frozenset(
            self._apart.each(made, lambda name: inherited_storage(self._catalog, self._registered(name), crawler.name))
        )

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
        columns: Sequence[Mapping[str, object]] = storage_of(present).get("Columns") or ()
        return columns

    def _is_there(self, key: str) -> bool:
        return self._store.size(key) is not None

    def _schema_key(self, item: ObjectSchema) -> str:
        return schema_key(self._source.name, item.table, item.schema.fingerprint)

    def _remember(self, item: ObjectSchema) -> None:
        document = {"table": item.table, "columns": documents_of(item.schema.columns)}
        self._store.create(self._schema_key(item), json.dumps(document, indent=1).encode("utf-8"))


def _with_objects(verdict: Verdict, source: str) -> frozenset[str]:
    """The tables that a verdict gives objects."""
    return frozenset(name for (_, name), item in verdict.objects_of(source).items() if is_in_table(item))


def _has_reports(verdict: SourceVerdict) -> bool:
    """Whether anything has to be registered anew or reported, once."""
    return bool(verdict.register or verdict.reports or any(batch.held for batch in verdict.batches))
