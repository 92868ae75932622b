"""Recovery: what a commit names and a crash kept from its place is put there, from the manifest alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, partial

from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.errors import LakeError
from totelake.lake.commits import CommitLog
from totelake.lake.layout import Layout, folder_of
from totelake.lake.locations import Place, places
from totelake.lake.manifest import Manifest
from totelake.lake.partitions import partition_locations, registered_partitions
from totelake.lake.processed import ProcessedZone
from totelake.lake.quarantine import QUARANTINE_TABLE
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import Verdict
from totelake.lake.views import is_view, published_batch, views_of
from totelake.registry.finish import Registration
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import MaintainArguments


class Recovery:
    """Both zones as they are; partitions and views are looked up once for each table, and again after a change."""

    def __init__(self, job: Job[MaintainArguments]) -> None:
        self._job = job
        self.zone = ProcessedZone(job.processed, job.processed_tables, job.now)
        # what a table is refused once it is not asked for again by this run
        self._registration = cache(partial(Registration, job))
        self._ingested = cache(partial(registered_partitions, job.ingestion_tables))
        self._quarantined = cache(self._look_up_quarantined)
        self._published = cache(self._look_up_published)
        self._places = cache(self._look_up_places)
        self._layout = cache(self._look_up_layout)
        self._lags = cache(self.zone.lags)

    def verdict(self, manifest: Manifest) -> str:
        """What a verdict lacks, put in place unless this is a dry run; '' when it is whole.

        A verdict of a source that has no contract any more is left as it is.
        """
        verdict = Verdict.of(manifest)
        source = load_contracts().sources.get(verdict.source)
        if source is None:
            return ""
        unfinished = CommitLog(self._job.ingestion, manifest.log).unfinished(manifest)
        lacks = [f"{len(unfinished)} objects"] if unfinished else []
        registration = self._registration(source.name)
        for (_, name), item in verdict.objects_of(source.name).items():
            registered = source.registered_name(name)
            wanted = partition_locations(self._job.ingestion.bucket, item.objects).keys()
            if name not in registration.refused and not self._has(registered, wanted):
                lacks.append(f"partitions of {registered}")
        if registration.lacks_views(verdict):
            lacks.append("views")
        if lacks and not self._job.arguments.dry_run:
            crawler = self._job.crawler(f"{self._job.arguments.crawlers}-{source.name}")
            registration.finish_verdict(manifest, crawler)
            self._forget()
        return ", ".join(dict.fromkeys(lacks))

    def star(self, table: Table, manifest: Manifest) -> str:
        """What a star table's commit lacks, put in place unless this is a dry run; '' when it is whole."""
        layout = self._layout(table)
        current = layout.current(table.name, manifest)
        unfinished = self.zone.log(table).unfinished(current)
        lacks = [f"{len(unfinished)} objects"] if unfinished else []
        found = self._places(table)
        if not {folder_of(item) for item in current.objects_of(table.name)} <= found.keys():
            lacks.append("partitions")
        if self._lags(table):
            lacks.append("columns")
        if any(folder in found and found[folder].moved < number for folder, number in layout.moved.items()):
            lacks.append("moves of partitions")
        has_quarantine = bool(manifest.quarantine_of(table.name))
        if has_quarantine and (table.name,) not in self._quarantined():
            lacks.append("the partition of its quarantine")
        through = StarCommit.of(table, manifest).through
        if self.zone.publishes(table, manifest, layout) and self._published(table) < through:
            lacks.append("views")
        if lacks and not self._job.arguments.dry_run:
            self.zone.finish(table, manifest)
            self._forget()
        return ", ".join(lacks)

    def _has(self, registered: str, wanted: Collection[tuple[str, ...]]) -> bool:
        """Whether a table has partitions; False where the Data Catalog refuses to say, which its registration meets."""
        try:
            return self._ingested(registered).issuperset(wanted)
        except LakeError:
            return False

    def _forget(self) -> None:
        self._ingested.cache_clear()
        self._quarantined.cache_clear()
        self._published.cache_clear()
        self._places.cache_clear()
        self._lags.cache_clear()

    def _look_up_quarantined(self) -> frozenset[tuple[str, ...]]:
        return registered_partitions(self.zone.catalog, QUARANTINE_TABLE)

    def _look_up_published(self, table: Table) -> int:
        """The batch that all views of a table show; -1 when one is missing or none of ours."""
        catalog, batches = self.zone.catalog, []
        for view in views_of(table, catalog.database, 0):
            present = catalog.table(view.name)
            batches.append(published_batch(present) if present and is_view(present) else -1)
        return min(batches)

    def _look_up_places(self, table: Table) -> Mapping[str, Place]:
        return places(self.zone.catalog, table)

    def _look_up_layout(self, table: Table) -> Layout:
        return self.zone.newest(table).layout
