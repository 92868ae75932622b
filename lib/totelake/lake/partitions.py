"""The star tables' logs in the Data Catalog, and the partitions of what a commit brought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from totelake.contracts.model import Table
from totelake.contracts.types import hive_type
from totelake.errors import LakeError
from totelake.lake.catalogue import as_input, columns_input, get_table, parquet_storage, put_table
from totelake.lake.keys import QUARANTINE
from totelake.lake.manifest import Manifest
from totelake.lake.quarantine import HIVE_COLUMNS, QUARANTINE_TABLE

METADATA = (("_op", "string"), ("_batch", "bigint"), ("_captured_at", "timestamp"))
_MOST_AT_ONCE = 100


def log_name(table: Table) -> str:
    """The name of the catalogue's table over a star table's versions."""
    return f"{table.name}_log"


def log_columns(table: Table) -> list[tuple[str, str]]:
    """The log's columns with their Hive types: the contract's, then the metadata."""
    return [(column.name, hive_type(column.type)) for column in table.lake_columns] + list(METADATA)


def ensure_log_table(glue: Any, database: str, table: Table, bucket: str) -> bool:
    """Create the log's table, or add the columns that its contract has gained; True when something was written."""
    columns = log_columns(table)
    location = f"s3://{bucket}/{table.name}/"

    def decide(present: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        if present is None:
            return {
                "Name": log_name(table),
                "Description": f"{table.grain} Every version, with its operation and batch.",
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
                "StorageDescriptor": parquet_storage(location, columns),
                "PartitionKeys": columns_input([(table.partition_by, "string")] if table.partition_by else []),
            }
        if [(item["Name"], item["Type"]) for item in present["StorageDescriptor"]["Columns"]] == columns:
            return None
        changed = as_input(present)
        changed["StorageDescriptor"] = {**present["StorageDescriptor"], "Columns": columns_input(columns)}
        return changed

    return put_table(glue, database, log_name(table), decide, keep_version=True)


def register(glue: Any, database: str, table: Table, bucket: str, manifest: Manifest) -> int:
    """Register the partitions of a star table's commit; those that are there already stay. How many it named."""
    if not table.partition_by:
        return 0
    storage = parquet_storage("", log_columns(table))
    locations = partition_locations(bucket, manifest.objects_of(table.name))
    return register_locations(glue, database, log_name(table), storage, locations)


def register_quarantine(glue: Any, database: str, table: Table, bucket: str, manifest: Manifest) -> None:
    """Make what a commit set apart readable: one table over all star tables, a partition for each."""
    found = manifest.tables.get(table.name)
    if found is None or not found.quarantine:
        return
    storage = parquet_storage(f"s3://{bucket}/{QUARANTINE}/star/", list(HIVE_COLUMNS))

    def decide(present: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
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

    put_table(glue, database, QUARANTINE_TABLE, decide, keep_version=True)
    location = f"s3://{bucket}/{found.quarantine[0].key.rsplit('/', 1)[0]}/"
    register_locations(glue, database, QUARANTINE_TABLE, storage, {(table.name,): location})


def registered_partitions(glue: Any, database: str, name: str) -> frozenset[tuple[str, ...]]:
    """The values of a table's partitions; none when there is no such table."""
    if get_table(glue, database, name) is None:
        return frozenset()
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
    return frozenset(tuple(item["Values"]) for page in pages for item in page["Partitions"])


def partition_locations(bucket: str, items: Iterable[Any]) -> dict[tuple[str, ...], str]:
    """The partitions that objects lie in: values and location."""
    return {
        tuple(item.partition.values()): f"s3://{bucket}/{item.key.rsplit('/', 1)[0]}/"
        for item in items
        if item.partition
    }


def register_locations(
    glue: Any, database: str, name: str, storage: Mapping[str, Any], locations: Mapping[tuple[str, ...], str]
) -> int:
    """Register partitions at their locations. Raises LakeError with the catalogue's own words when one is refused."""
    wanted = [
        {"Values": list(values), "StorageDescriptor": {**storage, "Location": location}}
        for values, location in sorted(locations.items())
    ]
    for start in range(0, len(wanted), _MOST_AT_ONCE):
        answer = glue.batch_create_partition(
            DatabaseName=database, TableName=name, PartitionInputList=wanted[start : start + _MOST_AT_ONCE]
        )
        for refused in answer.get("Errors", ()):
            detail = refused["ErrorDetail"]
            if detail["ErrorCode"] != "AlreadyExistsException":
                raise LakeError(
                    f"the partition {'/'.join(refused['PartitionValues'])} of {database}.{name} was refused: "
                    f"{detail.get('ErrorMessage', detail['ErrorCode'])}; mend the table and run the job again"
                )
    return len(wanted)
