"""Recovery: what a commit names and a crash kept from its place is put there, from the manifest alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from totelake.contracts.model import Table
from totelake.lake.catalogue import get_table
from totelake.lake.commits import CommitLog
from totelake.lake.layout import Layout, folder_of
from totelake.lake.locations import Place, places
from totelake.lake.manifest import Manifest
from totelake.lake.partitions import partition_locations, registered_partitions
from totelake.lake.processed import ProcessedZone
from totelake.lake.quarantine import QUARANTINE_TABLE
from totelake.lake.verdicts import SOURCE
from totelake.lake.views import BATCH_PARAMETER, views_of
from totelake.registry.check import finish_verdict
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime


class Recovery:
    """Both zones as they are; partitions and views are asked once for each table, and again after a change."""

    def __init__(self, runtime: Runtime, arguments: JobArguments) -> None:
        self._runtime, self._arguments = runtime, arguments
        self._glue: Any = runtime.clients.glue
        self._zone = ProcessedZone(
            runtime.clients.s3, self._glue, arguments.processed_bucket, arguments.processed_database, runtime.now
        )
        self._partitions = lru_cache(maxsize=None)(self._ask_partitions)
        self._published = lru_cache(maxsize=None)(self._ask_published)
        self._places = lru_cache(maxsize=None)(self._ask_places)
        self._layout = lru_cache(maxsize=None)(self._ask_layout)

    def verdict(self, verdict: Manifest) -> str:
        """What a verdict lacks, put in place unless this is a dry run; '' when it is whole."""
        log = CommitLog(self._runtime.clients.s3, self._arguments.ingestion_bucket, verdict.log)
        unfinished = log.unfinished(verdict)
        lacks = [f"{len(unfinished)} objects"] if unfinished else []
        for key, item in verdict.tables.items():
            name = key.rsplit(".", 1)[1]
            wanted = set(partition_locations(self._arguments.ingestion_bucket, item.objects))
            if not wanted <= self._partitions(self._arguments.ingestion_database, name):
                lacks.append(f"partitions of {name}")
        if lacks and not self._arguments.dry_run:
            finish_verdict(self._runtime, self._arguments, verdict)
            self._forget()
        return ", ".join(dict.fromkeys(lacks))

    def star(self, table: Table, manifest: Manifest) -> str:
        """What a star table's commit lacks, put in place unless this is a dry run; '' when it is whole."""
        layout = self._layout(table)
        current = layout.current(table.name, manifest)
        unfinished = self._zone.log(table).unfinished(current)
        lacks = [f"{len(unfinished)} objects"] if unfinished else []
        found = self._places(table)
        if not {folder_of(item) for item in current.objects_of(table.name)} <= found.keys():
            lacks.append("partitions")
        if any(folder in found and found[folder].moved < number for folder, number in layout.moved.items()):
            lacks.append("moves of partitions")
        has_quarantine = bool(manifest.quarantine_of(table.name))
        if has_quarantine and (table.name,) not in self._partitions(self._zone.database, QUARANTINE_TABLE):
            lacks.append("the partition of its quarantine")
        shown = int(manifest.state["through"][SOURCE])
        if self._zone.publishes(table, manifest, layout) and self._published(table) < shown:
            lacks.append("views")
        if lacks and not self._arguments.dry_run:
            self._zone.finish(table, manifest)
            self._forget()
        return ", ".join(lacks)

    def _forget(self) -> None:
        self._partitions.cache_clear()
        self._published.cache_clear()
        self._places.cache_clear()

    def _ask_published(self, table: Table) -> int:
        """The batch that all views of a table show; -1 when one is missing."""
        database, batches = self._zone.database, []
        for view in views_of(table, database, 0):
            present = get_table(self._glue, database, view.name)
            batches.append(int(present.get("Parameters", {}).get(BATCH_PARAMETER, -1)) if present else -1)
        return min(batches)

    def _ask_places(self, table: Table) -> Mapping[str, Place]:
        return places(self._glue, self._zone.database, table)

    def _ask_layout(self, table: Table) -> Layout:
        newest = self._zone.log(table).newest()
        return Layout.of(newest.state) if newest else Layout()

    def _ask_partitions(self, database: str, name: str) -> frozenset[tuple[str, ...]]:
        return registered_partitions(self._glue, database, name)
