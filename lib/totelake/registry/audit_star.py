"""The audit of star tables: their logs as registered against their contracts, new files against what is registered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate

from totelake.contracts.model import Table
from totelake.lake.foreign import is_ours
from totelake.lake.keys import COMPACTED
from totelake.lake.layout import Layout
from totelake.lake.partitions import log_name
from totelake.lake.processed import ProcessedZone
from totelake.lake.tables import location_of
from totelake.ports.schema_catalog import Document
from totelake.registry.agreement import (
    Disagreement,
    by_location,
    known_columns,
    of_partitions,
    of_registered,
    partition_name,
    readable_columns,
)
from totelake.registry.audit_files import AuditWindow, FileAudit, Named


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
        known = known_columns(table, ())
        columns = readable_columns(present, known)
        registered = list(self._catalog.partitions(log_name(table))) if table.partition_by else []
        partitions = by_location(registered)
        layout = self._layout(table)
        found = of_registered(table, present, self._location(table, present, layout), known)
        found += self._misplaced(table, registered, layout)
        folders: dict[str, bool] = {}
        named = Named(self._zone.log(table))
        prefixes = self._prefixes(partitions or [location_of(present)])
        for location, prefix in prefixes.items():
            for seen in self._files.seen(self._store.list(prefix), prefix, is_partitioned=False):
                if seen.is_ours:
                    folders[location] = True
                found += self._files.new_file(table, seen, columns, known, named)
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

    def _location(self, table: Table, present: Document, layout: Layout | None) -> str:
        """Where the table is to lie; while a rewrite may be half way, anywhere in this bucket."""
        if not table.partition_by and layout is not None:
            return self._store.address(layout.prefix(table.name, ""))
        lies = location_of(present)
        is_moving = not table.partition_by and lies.startswith(self._store.address(""))
        return lies if is_moving else self._store.address(f"{table.name}/")

    def _prefixes(self, locations: Iterable[str]) -> dict[str, str]:
        """Locations in this bucket with their prefixes; of another it is told that nothing of ours lies there."""
        root = self._store.address("")
        return {
            location: f"{location[len(root) :].rstrip('/')}/" for location in locations if location.startswith(root)
        }

    def _misplaced(self, table: Table, partitions: Iterable[Document], layout: Layout | None) -> list[Disagreement]:
        """Partitions that are registered elsewhere than the table's log says."""
        if layout is None:
            return []
        found = []
        for partition in partitions:
            prefix = layout.prefix(table.name, f"{table.partition_by}={partition['Values'][0]}")
            if location_of(partition) != self._store.address(prefix):
                what = f"the log of {table.name} says that it lies at {prefix}; repair it"
                where = location_of(partition) or partition_name(partition)
                found.append(Disagreement(f"partition {where}", what))
        return found

    def _layout(self, table: Table) -> Layout | None:
        """Where a star table's log says that it lies; None while its newest commit may be half way."""
        newest = self._zone.newest(table)
        if not newest.number or datetime.fromisoformat(newest.committed_at) > self._window.settled:
            return None
        return newest.layout
