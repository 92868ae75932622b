"""The processed zone: what follows the commit of a star table, for whoever made it and for whoever recovers it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Callable

from totelake.contracts.model import Table
from totelake.lake.commits import CommitLog
from totelake.lake.layout import Layout
from totelake.lake.locations import behind, move
from totelake.lake.manifest import Manifest
from totelake.lake.partitions import ensure_log_table, register, register_quarantine
from totelake.lake.verdicts import SOURCE
from totelake.lake.views import publish


def _now() -> datetime:
    return datetime.now(timezone.utc)


class ProcessedZone:
    """The processed bucket with its logs, and the catalogue's database over it."""

    def __init__(self, s3: Any, glue: Any, bucket: str, database: str, now: Callable[[], datetime] = _now) -> None:
        self._s3, self._glue, self._now = s3, glue, now
        self.bucket, self.database = bucket, database

    def log(self, table: Table) -> CommitLog:
        """A star table's commits."""
        return CommitLog(self._s3, self.bucket, table.name)

    def layout(self, table: Table, manifest: Manifest) -> Layout:
        """Where the table's partitions lie now: as the newest commit says, that one or one that came after it."""
        return Layout.of((self.log(table).newest(manifest.number) or manifest).state)

    def finish(self, table: Table, manifest: Manifest) -> None:
        """Copy, register, move, publish; all of it can be repeated. A commit without rows moves no view."""
        layout = self.layout(table, manifest)
        current = layout.current(table.name, manifest)
        self.log(table).finish(current)
        ensure_log_table(self._glue, self.database, table, self.bucket)
        register(self._glue, self.database, table, self.bucket, current)
        layout = self._move(table, manifest, layout)
        register_quarantine(self._glue, self.database, table, self.bucket, manifest)
        if self.publishes(table, manifest, layout):
            publish(self._glue, self.database, table, int(manifest.state["through"][SOURCE]))

    def _move(self, table: Table, manifest: Manifest, layout: Layout) -> Layout:
        """Let what was written anew lie there, its objects first; the newest layout.

        The catalogue does not check what it replaces: who moved something back meanwhile sees it here and mends it.
        """
        log = self.log(table)
        while folders := behind(self._glue, self.database, table, layout):
            for number in {layout.moved[folder] for folder in folders}:
                log.finish(layout.current(table.name, log.get(number)))
            move(self._glue, self.database, table, self.bucket, layout, folders, self._now())
            layout = self.layout(table, manifest)
        return layout

    def publishes(self, table: Table, manifest: Manifest, layout: Layout) -> bool:
        """Whether a commit moves the views; those before a compaction leave it to that one, which holds their rows."""
        has_rows = bool(manifest.objects_of(table.name)) or manifest.number == 1
        return has_rows and manifest.number >= layout.newest
