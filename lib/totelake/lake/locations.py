"""The locations of partitions and logs in the Data Catalog, moved to where a star table's log says; never back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from totelake.contracts.model import Table
from totelake.lake.keys import COMPACTED
from totelake.lake.layout import Layout
from totelake.lake.partitions import log_columns, log_name, register_locations
from totelake.lake.tables import change_table, columns_of, location_of, parquet_storage, placed
from totelake.ports.schema_catalog import Document, SchemaCatalog

MOVED_AT = "totelake.moved_at"
_NUMBER = re.compile(rf"^s3://[^/]+/{COMPACTED}/[^/]+/(\d{{12}})/")


@dataclass(frozen=True)
class Place:
    """Where the Data Catalog has a partition, or a table without partitions.

    `moved` is the commit that rewrote it to that place, 0 for its first place; `since` is when the Data Catalog was
    changed, None when that was not noted.
    """

    moved: int
    since: datetime | None = None

    @classmethod
    def of(cls, entry: Document) -> Place:
        """Read it from a table or partition of the Data Catalog."""
        found = _NUMBER.match(location_of(entry))
        noted = (entry.get("Parameters") or {}).get(MOVED_AT)
        return cls(int(found[1]) if found else 0, _moment(noted))


def _moment(noted: object) -> datetime | None:
    """A moment as `move` notes it; None for what is none, as somebody may write there."""
    try:
        found = datetime.fromisoformat(str(noted))
    except ValueError:
        return None
    return found if found.tzinfo else None


def places(catalog: SchemaCatalog, table: Table) -> dict[str, Place]:
    """The places of a star table's partitions by folder; none when the Data Catalog has no such table."""
    present = catalog.table(log_name(table))
    if present is None:
        return {}
    if not table.partition_by:
        return {"": Place.of(present)}
    found = catalog.partitions(log_name(table))
    return {f"{table.partition_by}={item['Values'][0]}": Place.of(item) for item in found}


def behind(catalog: SchemaCatalog, table: Table, layout: Layout) -> list[str]:
    """The folders of rewritten partitions that the Data Catalog still has at an older place."""
    present = places(catalog, table) if layout.moved else {}
    return sorted(
        folder for folder, number in layout.moved.items() if folder not in present or present[folder].moved < number
    )


def move(
    catalog: SchemaCatalog, table: Table, bucket: str, layout: Layout, folders: Iterable[str], now: datetime
) -> None:
    """Point the Data Catalog to the rewritten partitions, one call for each; their objects must be in place."""
    for folder in folders:
        location = f"s3://{bucket}/{layout.prefix(table.name, folder)}"
        if folder:
            _move_partition(catalog, table, folder.split("=", 1)[1], location, now)
        else:
            _move_table(catalog, table, location, layout.moved[folder], now)


def _move_partition(catalog: SchemaCatalog, table: Table, value: str, location: str, now: datetime) -> None:
    name, storage = log_name(table), parquet_storage(location, log_columns(table))
    entry = {"Values": [value], "StorageDescriptor": storage, "Parameters": {MOVED_AT: now.isoformat()}}
    if not catalog.replace_partition(name, entry):
        register_locations(catalog, name, storage, {(value,): location})


def _move_table(catalog: SchemaCatalog, table: Table, location: str, number: int, now: datetime) -> None:
    def decide(present: Document | None) -> Document | None:
        if present is None or Place.of(present).moved >= number:
            return None
        changed = placed(present, location, columns_of(present) or log_columns(table))
        changed["Parameters"] = {**(changed.get("Parameters") or {}), MOVED_AT: now.isoformat()}
        return changed

    change_table(catalog, log_name(table), decide, keep_version=False)
