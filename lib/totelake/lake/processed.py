"""The processed zone: what follows the commit of a star table, done by the builder or by whoever recovers its work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Callable

from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.lake.commits import CommitLog
from totelake.lake.converted_views import lacks_conversions, publish_conversions, widen_conversions
from totelake.lake.layout import Layout
from totelake.lake.locations import behind, move
from totelake.lake.manifest import Manifest
from totelake.lake.partition_columns import follow_table, partitions_behind
from totelake.lake.partitions import (
    ensure_log_table,
    log_differs,
    log_name,
    move_quarantine,
    register,
    register_quarantine,
)
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.tables import columns_of
from totelake.lake.views import entries, is_narrower, is_view, lacks_columns, publish, registered_views, widen_view
from totelake.ports.object_store import ObjectStore
from totelake.ports.schema_catalog import Document, SchemaCatalog
from totelake.runtime import moments


class ProcessedZone:
    """The processed bucket with its logs, and the Data Catalog's database over it."""

    def __init__(self, store: ObjectStore, catalog: SchemaCatalog, now: Callable[[], datetime] = moments.now) -> None:
        self.store, self.catalog, self._now = store, catalog, now
        # by view over several star tables, why it is not as it is to be
        self.refused: dict[str, str] = {}

    def log(self, table: Table) -> CommitLog:
        """A star table's commits."""
        return CommitLog(self.store, table.name)

    def newest(self, table: Table) -> StarCommit:
        """A star table's newest commit; an empty one before the first."""
        return StarCommit.of(table, self.log(table).newest())

    def commits(self, table: Table, after: int = 0) -> list[StarCommit]:
        """A star table's commits beyond a number, the oldest first."""
        return [StarCommit.of(table, manifest) for manifest in self.log(table).since(after)]

    def _newest_from(self, table: Table, manifest: Manifest) -> StarCommit:
        """The newest commit, that one or a later one: it says where everything is now."""
        return StarCommit.of(table, self.log(table).newest(manifest.number) or manifest)

    def finish(self, table: Table, manifest: Manifest) -> None:
        """Widen, copy, register, move, publish. All of it can be repeated. A commit without rows moves no view."""
        bucket, newest = self.store.bucket, self._newest_from(table, manifest)
        layout = newest.layout
        current = layout.current(table.name, manifest)
        self.refused.update(widen_conversions(self.catalog, load_contracts(), table))
        self._set_columns(table)
        self.log(table).finish(current)
        register(self.catalog, table, bucket, current)
        register_quarantine(self.catalog, table, bucket, manifest)
        if newest.rebuilt:
            move_quarantine(self.catalog, table, bucket, newest.rebuilt)
        layout = self._move(table, manifest, layout)
        if self.publishes(table, manifest, layout) or (manifest.number >= layout.newest and self._lacks_a_view(table)):
            publish(self.catalog, table, StarCommit.of(table, manifest).through)
        if self._log_differs(table):
            self._set_columns(table)
        self.refused.update(publish_conversions(self.catalog, load_contracts(), table))

    def lags(self, table: Table) -> bool:
        """Whether log, partitions or views are not as they are to be, as before a deployment or when somebody changed
        them."""
        return (
            self._log_differs(table)
            or self._lacks_a_view(table)
            or any(is_narrower(table, view) for view in registered_views(self.catalog, table))
            or bool(partitions_behind(self.catalog, log_name(table)))
            or lacks_conversions(self.catalog, load_contracts(), table)
        )

    def _lacks_a_view(self, table: Table) -> bool:
        """Whether something else has the name of one of the table's views, or one lacks a column of the contract."""
        return any(not is_view(entry) or lacks_columns(table, entry) for entry in entries(self.catalog, table))

    def _log_differs(self, table: Table) -> bool:
        present = self.catalog.table(log_name(table))
        if present is None or not log_differs(table, self.store.bucket, present, ()):
            return False
        return log_differs(table, self.store.bucket, present, _shown(registered_views(self.catalog, table)))

    def _set_columns(self, table: Table) -> None:
        """Give views, log and partitions the contract's columns, in the order in which no reader fails.

        A column that the contract has lost stays as long as a view shows it.
        """
        views = registered_views(self.catalog, table)
        for view in views:
            if is_narrower(table, view):
                widen_view(self.catalog, table, view["Name"])
        ensure_log_table(self.catalog, table, self.store.bucket, _shown(views))
        follow_table(self.catalog, log_name(table))

    def _move(self, table: Table, manifest: Manifest, layout: Layout) -> Layout:
        """Point the Data Catalog to rewritten partitions, their objects first; the newest layout.

        The Data Catalog does not check what a partition's change replaces. A run that moved one back meanwhile finds
        it behind here, and moves it again.
        """
        log = self.log(table)
        while folders := behind(self.catalog, table, layout):
            for number in {layout.moved[folder] for folder in folders}:
                log.finish(layout.current(table.name, log.get(number)))
            move(self.catalog, table, self.store.bucket, layout, folders, self._now())
            layout = self._newest_from(table, manifest).layout
        return layout

    def publishes(self, table: Table, manifest: Manifest, layout: Layout) -> bool:
        """Whether a commit moves the views. Commits before a compaction leave that to it, as it has their rows."""
        has_rows = bool(manifest.objects_of(table.name)) or manifest.number == 1
        return has_rows and manifest.number >= layout.newest


def _shown(views: Iterable[Document]) -> frozenset[str]:
    """The columns that views show."""
    return frozenset(name for view in views for name, _ in columns_of(view))
