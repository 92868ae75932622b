"""The views over a source's registered tables, moved when the objects and partitions of a batch are in place.

A view that cannot be made or moved is told and holds nothing: the table itself, star tables and warehouse are right.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Callable

from totelake.alerts.catalog_messages import unshown_alert, view_alert
from totelake.alerts.store import note
from totelake.contracts.identifiers import source_view_names
from totelake.contracts.model import Table, TableId
from totelake.contracts.sources import Source
from totelake.errors import ContendedError, LakeError, QuotaError, TotelakeError
from totelake.lake.keys import schema_key, view_key
from totelake.lake.reading import schema_at
from totelake.lake.records.verdict import SourceVerdict, TableStanding
from totelake.lake.source_views import follow_columns, is_made_by_us, put_source_view, source_views
from totelake.lake.tables import VIEW_TYPE
from totelake.lake.views import is_view, published_batch
from totelake.ports.schema_catalog import Document
from totelake.registry.mend import defects
from totelake.registry.register import hive_columns, types_of
from totelake.registry.report import RegistryJob
from totelake.schemas.columns import Columns

# what one view may be refused by itself; any other failure passes, and fails the run
_OWN = (LakeError, ContendedError, QuotaError)


class SourceViews:
    """The views of one source's tables, as one run finds and leaves them."""

    def __init__(self, job: RegistryJob, source: Source, tables: Iterable[Table]) -> None:
        self._job, self._source = job, source
        self._store, self._catalog = job.ingestion, job.ingestion_tables
        self._tables = {table.name: table for table in tables}
        self._entries: dict[str, Document] | None = None
        self._done: set[str] = set()

    def follow(self, name: str, schemas: Sequence[Columns]) -> None:
        """Prepare the views of a table for schemas that it is about to have, one after the other."""
        table = self._tables.get(name)
        if table is None or not schemas:
            return
        types = {column: kind for schema in schemas for column, kind in hive_columns(schema).items()}
        stay = hive_columns(schemas[-1]).keys()
        registered = self._source.registered_name(name)
        work = partial(follow_columns, self._catalog, registered, table.key_names, types, stay)
        self._guarded(name, work)

    def publish(self, own: SourceVerdict, moved: Collection[str], apart: Collection[str]) -> None:
        """Move the views of tables to the newest batch that a verdict accepts of each; all that it accepts is in place.

        Views of other tables that are missing, or that somebody changed, are put back as well, but for tables that are
        left `apart`: what they lack would be half a batch.
        """
        self._tell_unshown(own)
        for name in self._with_events(own, apart):
            if name in moved or (name not in self._done and self._is_odd(name)):
                self._guarded(name, partial(self._put, name, own.standings[name], own.through))

    def lag(self, own: SourceVerdict, moved: Collection[str], apart: Collection[str]) -> list[str]:
        """The tables of which a view is missing, was changed, or is behind what a verdict accepts of the table."""
        return [
            name
            for name in self._with_events(own, apart)
            if name not in self._done
            and self._is_registered(name)
            and (self._is_odd(name, of_ours=True) or (name in moved and self._is_behind(name, own)))
        ]

    def _with_events(self, own: SourceVerdict, apart: Collection[str]) -> list[str]:
        """The tables of which anything was ever accepted, without those that are left apart."""
        return sorted(
            name
            for name, standing in own.standings.items()
            if standing.accepted and name in self._tables and name not in apart
        )

    def _views(self, name: str) -> Mapping[str, Document | None]:
        """What is registered under the names of a table's views, as this run found it."""
        names = source_view_names(self._source.registered_name(name))
        return {view: self._registered.get(view) for view in names}

    def _is_registered(self, name: str) -> bool:
        """Whether there is a table that views could be over."""
        return self._source.registered_name(name) in self._registered

    @property
    def _registered(self) -> Mapping[str, Document]:
        """All tables and views of the database by name, looked up once."""
        if self._entries is None:
            self._entries = {str(item["Name"]): item for item in self._catalog.tables()}
        return self._entries

    def _is_odd(self, name: str, of_ours: bool = False) -> bool:
        """Whether one of a table's views is missing, or no view as it was made; `of_ours`: none of somebody else's."""
        return any(
            entry is None or not (is_made_by_us(entry) and is_view(entry))
            for view, entry in self._views(name).items()
            if not of_ours or entry is None or is_made_by_us(entry) or self._was_made(view, entry)
        )

    def _is_behind(self, name: str, own: SourceVerdict) -> bool:
        through = _through(own.standings[name], own.through)
        ours = [entry for entry in self._views(name).values() if entry is not None and is_made_by_us(entry)]
        return any(published_batch(entry) < through for entry in ours)

    def _was_made(self, view: str, entry: Document) -> bool:
        """Whether a view of somebody's has the name of one that we made before: it was changed, or taken away."""
        return entry.get("TableType") == VIEW_TYPE and self._store.size(view_key(view)) is not None

    def _put(self, name: str, standing: TableStanding, through: int) -> None:
        """Put a table's views where its events say. Raises LakeError for what somebody else has under their names."""
        table, registered = self._tables[name], self._source.registered_name(name)
        schema = schema_at(self._store, schema_key(self._source.name, name, standing.accepted)).columns
        present = self._catalog.table(registered)
        if present is None or defects(present, self._store.address(f"{self._source.name}/{name}/"), schema):
            self._job.log.info("the views of %s wait until it is registered as its batches left it", registered)
            return
        wanted = hive_columns(schema)
        columns = [item for item in types_of(present["StorageDescriptor"]["Columns"]).items() if item[0] in wanted]
        missing = [column for column in table.key_names if column not in wanted]
        if missing:
            self._job.log.info("the views of %s wait for events with %s", registered, ", ".join(missing))
            return
        batch, refused = _through(standing, through), []
        for view in source_views(registered, columns, table.key_names, self._catalog.database, batch):
            entry = self._views(name)[view.name]
            was_made = entry is not None and not is_made_by_us(entry) and self._was_made(view.name, entry)
            try:
                is_put = put_source_view(self._catalog, view, batch, was_made)
            except LakeError as error:
                refused.append(error)
                continue
            if is_put and entry is None:
                self._store.create(view_key(view.name), json.dumps({"at": self._job.now().isoformat()}).encode())
            elif is_put and not is_view(entry or {}):
                self._job.log.warning("the view %s was not as it was made; it is put back", view.name)
        if refused:
            raise refused[0]
        self._done.add(name)

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        """Do work on a table's views; a refusal is told, once, and tried again by every run."""
        try:
            work()
        except _OWN as error:
            self._tell(name, error)

    def _tell_unshown(self, own: SourceVerdict) -> None:
        """Tell of batches that are released and stay in the dead letters, since their schema is not the contract's."""
        batches: dict[str, list[str]] = {}
        for release in own.released:
            if release.item.strict:
                batches.setdefault(release.table, []).append(str(release.batch))
        for name, numbers in batches.items():
            alert = unshown_alert(TableId(self._source.name, name), self._address(name), numbers)
            if note(self._job, alert):
                self._job.log.warning(
                    "the table %s and its views lack batch %s", self._address(name), ", ".join(numbers)
                )

    def _address(self, name: str) -> str:
        return f"{self._catalog.database}.{self._source.registered_name(name)}"

    def _tell(self, name: str, error: TotelakeError) -> None:
        self._job.log.error("the views of %s stay as they are: %s", self._address(name), error)
        note(self._job, view_alert(TableId(self._source.name, name), self._address(name), str(error)))


def _through(standing: TableStanding, through: int) -> int:
    """The batch up to which all of a table is accepted: the newest one, or that before the first which is held."""
    return min(standing.held) - 1 if standing.held else through
