"""The processed zone: what follows the commit of a star table, for whoever made it and for whoever recovers it."""

from __future__ import annotations

from typing import Any

from totelake.contracts.model import Table
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.partitions import ensure_log_table, register, register_quarantine
from totelake.lake.verdicts import SOURCE
from totelake.lake.views import publish


class ProcessedZone:
    """The processed bucket with its logs, and the catalogue's database over it."""

    def __init__(self, s3: Any, glue: Any, bucket: str, database: str) -> None:
        self._s3, self._glue = s3, glue
        self.bucket, self.database = bucket, database

    def log(self, table: Table) -> CommitLog:
        """A star table's commits."""
        return CommitLog(self._s3, self.bucket, table.name)

    def finish(self, table: Table, manifest: Manifest) -> None:
        """Copy, register, publish; all of it can be repeated. A commit without rows moves no view."""
        self.log(table).finish(manifest)
        ensure_log_table(self._glue, self.database, table, self.bucket)
        register(self._glue, self.database, table, self.bucket, manifest)
        register_quarantine(self._glue, self.database, table, self.bucket, manifest)
        if self.publishes(table, manifest):
            publish(self._glue, self.database, table, int(manifest.state["through"][SOURCE]))

    def publishes(self, table: Table, manifest: Manifest) -> bool:
        """Whether a commit moves the views."""
        return bool(manifest.objects_of(table.name)) or manifest.number == 1
