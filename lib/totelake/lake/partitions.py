"""The star tables' logs in the Data Catalog, and the partitions that a commit adds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from totelake.contracts.model import Table
from totelake.contracts.types import hive_type
from totelake.lake.keys import COMPACTED, QUARANTINE, star_quarantine
from totelake.lake.manifest import LakeObject, Manifest
from totelake.lake.quarantine import HIVE_COLUMNS, QUARANTINE_TABLE
from totelake.lake.tables import as_input, change_table, columns_input, columns_of, location_of, parquet_storage, placed
from totelake.ports.schema_catalog import Document, SchemaCatalog

METADATA = (("_op", "string"), ("_batch", "bigint"), ("_captured_at", "timestamp"))


def log_name(table: Table) -> str:
    """The name of the Data Catalog's table over a star table's versions."""
    return f"{table.name}_log"


def log_columns(table: Table) -> list[tuple[str, str]]:
    """The log's columns with their Hive types: the contract's, then the metadata."""
    return [(column.name, hive_type(column.type)) for column in table.lake_columns] + list(METADATA)


def ensure_log_table(catalog: SchemaCatalog, table: Table, bucket: str, kept: Collection[str] = ()) -> bool:
    """Create the log's table, or give it the columns, place, format and partition keys that it is to have; True when
    something was written.

    Columns in `kept` stay, though the contract has lost them.
    """

    def decide(present: Document | None) -> Document | None:
        if present is None:
            return {
                "Name": log_name(table),
                "Description": f"{table.grain} Every version, with its operation and batch.",
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
                "StorageDescriptor": parquet_storage(_location(table, bucket), log_columns(table)),
                "PartitionKeys": _keys(table),
            }
        wanted = _as_built(table, bucket, present, kept)
        return None if wanted == as_input(present) else wanted

    return change_table(catalog, log_name(table), decide, keep_version=True)


def log_differs(table: Table, bucket: str, present: Document, kept: Collection[str]) -> bool:
    """Whether a registered log is not as `ensure_log_table` leaves it."""
    return _as_built(table, bucket, present, kept) != as_input(present)


def _as_built(table: Table, bucket: str, present: Document, kept: Collection[str]) -> dict[str, Any]:
    columns = log_columns(table) + lost_columns(table, present, kept)
    there = location_of(present)
    # a rewritten table without partitions has a later place, which its newest layout decides
    is_own = re.fullmatch(rf"s3://{re.escape(bucket)}/({table.name}|{COMPACTED}/{table.name}/\d{{12}})/", there)
    found = placed(present, there if is_own else _location(table, bucket), columns)
    keys = [(item["Name"], item.get("Type")) for item in present.get("PartitionKeys") or ()]
    if keys != [(item["Name"], item["Type"]) for item in _keys(table)]:
        found["PartitionKeys"] = _keys(table)
    return found


def _location(table: Table, bucket: str) -> str:
    return f"s3://{bucket}/{table.name}/"


def _keys(table: Table) -> list[dict[str, str]]:
    return columns_input([(table.partition_by, "string")] if table.partition_by else [])


def lost_columns(table: Table, log: Document, kept: Collection[str]) -> list[tuple[str, str]]:
    """The columns in `kept` that a registered log has and the contract has no more."""
    known = {name for name, _ in log_columns(table)}
    return [(name, kind) for name, kind in columns_of(log) if name in kept and name not in known]


def register(catalog: SchemaCatalog, table: Table, bucket: str, manifest: Manifest) -> int:
    """Register the partitions of a star table's commit; existing ones stay. The number of partitions in the commit."""
    if not table.partition_by:
        return 0
    storage = parquet_storage("", log_columns(table))
    locations = partition_locations(bucket, manifest.objects_of(table.name))
    return register_locations(catalog, log_name(table), storage, locations)


def register_quarantine(catalog: SchemaCatalog, table: Table, bucket: str, manifest: Manifest) -> None:
    """Register the rows that a commit quarantined: one table for all star tables, a partition for each."""
    found = manifest.tables.get(table.name)
    if found is None or not found.quarantine:
        return
    storage = parquet_storage(f"s3://{bucket}/{QUARANTINE}/star/", list(HIVE_COLUMNS))

    def decide(present: Document | None) -> Document | None:
        if present is not None:
            return None
        return {
            "Name": QUARANTINE_TABLE,
            "Description": "Rows that do not fit their star table: the rule they break, and all that is known of them.",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
            "StorageDescriptor": storage,
            "PartitionKeys": columns_input([("target_table", "string")]),
        }

    change_table(catalog, QUARANTINE_TABLE, decide, keep_version=True)
    location = f"s3://{bucket}/{found.quarantine[0].key.rsplit('/', 1)[0]}/"
    register_locations(catalog, QUARANTINE_TABLE, storage, {(table.name,): location})


def move_quarantine(catalog: SchemaCatalog, table: Table, bucket: str, rebuilt: int) -> None:
    """Let the Data Catalog show the quarantine of a table from its newest rebuild on, where it shows what was before.

    What stands there after a rebuild may be nothing.
    """
    location = f"s3://{bucket}/{QUARANTINE}/{star_quarantine(rebuilt)}/{table.name}/"
    for present in catalog.partitions(QUARANTINE_TABLE):
        if present["Values"] == [table.name] and location_of(present) != location:
            storage = parquet_storage(location, list(HIVE_COLUMNS))
            catalog.replace_partition(QUARANTINE_TABLE, {"Values": [table.name], "StorageDescriptor": storage})


def registered_partitions(catalog: SchemaCatalog, name: str) -> frozenset[tuple[str, ...]]:
    """The values of a table's partitions; none when there is no such table."""
    return frozenset(tuple(item["Values"]) for item in catalog.partitions(name))


def partition_locations(bucket: str, items: Iterable[LakeObject]) -> dict[tuple[str, ...], str]:
    """The partitions of objects: values and location."""
    return {
        tuple(item.partition.values()): f"s3://{bucket}/{item.key.rsplit('/', 1)[0]}/"
        for item in items
        if item.partition
    }


def register_locations(
    catalog: SchemaCatalog, name: str, storage: Document, locations: Mapping[tuple[str, ...], str]
) -> int:
    """Register partitions at their locations; their number. Raises LakeError when the Data Catalog refuses one."""
    wanted = [
        {"Values": list(values), "StorageDescriptor": {**storage, "Location": location}}
        for values, location in sorted(locations.items())
    ]
    catalog.add_partitions(name, wanted)
    return len(wanted)
