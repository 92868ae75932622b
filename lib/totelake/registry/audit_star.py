"""The audit of star tables: their logs as registered against their contracts, new files against what is registered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import accumulate

from totelake.contracts.model import Table
from totelake.lake.foreign import is_ours
from totelake.lake.keys import COMPACTED
from totelake.lake.layout import Layout
from totelake.lake.partitions import log_name
from totelake.lake.processed import ProcessedZone
from totelake.ports.schema_catalog import Document
from totelake.registry.agreement import Disagreement, hive_types_of, known_columns, of_partitions, of_registered
from totelake.registry.audit_files import AuditWindow, FileAudit


class StarAudit:
    """One night's look at the processed bucket."""

    def __init__(self, zone: ProcessedZone, window: AuditWindow, files: FileAudit) -> None:
        self._store, self._catalog = zone.store, zone.catalog
        self._zone, self._window, self._files = zone, window, files

    def run(self, table: Table) -> list[Disagreement]:
        """One star table; nothing while it is not registered."""
        present = self._catalog.table(log_name(table))
        if present is None:
            return []
        known, columns = known_columns(table, ()), hive_types_of(present)
        lies = present["StorageDescriptor"]["Location"]
        partitions = self._partitions(table)
        layout = self._layout(table)
        place = "" if table.partition_by or layout is None else layout.prefix(table.name, "")
        found = of_registered(table, present, self._store.address(place) if place else lies, known)
        found += self._misplaced(table, partitions, layout)
        folders: dict[str, bool] = {}
        prefixes = {location: f"{location.split('/', 3)[3].rstrip('/')}/" for location in partitions or [lies]}
        for location, prefix in prefixes.items():
            for seen in self._files.seen(self._store.list(prefix), prefix, is_partitioned=False):
                if seen.is_ours:
                    folders[location] = True
                found += self._files.new_file(table, seen, columns, known)
        self._beside(table, frozenset(prefixes.values()))
        return found + of_partitions(log_name(table), folders if partitions else {}, partitions, columns, known)

    def _beside(self, table: Table, prefixes: frozenset[str]) -> None:
        """Tell of what is not ours outside of all registered places, where Athena does not look."""
        for root, numbers in ((f"{table.name}/", 0), (f"{COMPACTED}/{table.name}/", 1)):
            for item in self._store.list(root):
                folders = item.key[len(root) :].split("/")[:-1]
                above = accumulate((f"{name}/" for name in folders), initial=root)
                relative = item.key[len(root) :].split("/", numbers)[-1]
                if not is_ours(relative, bool(table.partition_by)) and prefixes.isdisjoint(above):
                    self._files.pass_over(item)

    def _partitions(self, table: Table) -> dict[str, Document]:
        if not table.partition_by:
            return {}
        return {item["StorageDescriptor"]["Location"]: item for item in self._catalog.partitions(log_name(table))}

    def _misplaced(self, table: Table, partitions: Mapping[str, Document], layout: Layout | None) -> list[Disagreement]:
        """Partitions that are registered elsewhere than the table's log says."""
        if layout is None:
            return []
        found = []
        for location, partition in partitions.items():
            prefix = layout.prefix(table.name, f"{table.partition_by}={partition['Values'][0]}")
            if location != self._store.address(prefix):
                what = f"the log of {table.name} says that it lies at {prefix}; repair it"
                found.append(Disagreement(f"partition {location}", what))
        return found

    def _layout(self, table: Table) -> Layout | None:
        """Where a star table's log says that it lies; None while its newest commit may be half way."""
        newest = self._zone.newest(table)
        if not newest.number or datetime.fromisoformat(newest.committed_at) > self._window.settled:
            return None
        return newest.layout
