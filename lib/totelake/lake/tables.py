"""Tables of the Data Catalog: created when missing, put back when somebody changed them, over the version read."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any, Callable

from totelake.errors import ContendedError
from totelake.ports.schema_catalog import Document, SchemaCatalog

VIEW_TYPE = "VIRTUAL_VIEW"
_TRIES = 8
_INPUT_FIELDS = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
)
_PARTITION_INPUT_FIELDS = ("Values", "StorageDescriptor", "Parameters")
_FORMATS = ("InputFormat", "OutputFormat")
_FORMAT_PARAMETERS = ("classification", "spark.sql.sources.provider")
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}


def parquet_storage(location: str, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The storage descriptor of parquet files at a location; columns as (name, Hive type)."""
    return {**_PARQUET, "Location": location, "Columns": columns_input(columns), "Compressed": False}


def columns_input(columns: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Columns as the Data Catalog takes them."""
    return [{"Name": name, "Type": kind} for name, kind in columns]


def storage_of(described: Document) -> Document:
    """The storage descriptor of a table, view or partition; an empty one where it has none, as AWS Glue allows."""
    return described.get("StorageDescriptor") or {}


def location_of(described: Document) -> str:
    """The location of a table or partition; '' where it has none."""
    return str(storage_of(described).get("Location") or "")


def columns_of(described: Document) -> list[tuple[str, str]]:
    """The columns of a table, view or partition as (name, Hive type).

    AWS Glue asks for neither storage nor types: there are none then, and a column without a type has ''.
    """
    return [(item["Name"], str(item.get("Type") or "")) for item in storage_of(described).get("Columns") or ()]


def storage_differences(storage: Document, location: str) -> dict[str, Any]:
    """What a storage descriptor is to have and has not: the place of parquet objects, and their format."""
    wanted = parquet_storage(location, [])
    other = {field: wanted[field] for field in _FORMATS if storage.get(field) != wanted[field]}
    if _library(storage) != _library(wanted):
        other["SerdeInfo"] = wanted["SerdeInfo"]
    if str(storage.get("Location", "")).rstrip("/") != location.rstrip("/"):
        other["Location"] = location
    return other


def _library(storage: Document) -> str:
    return str((storage.get("SerdeInfo") or {}).get("SerializationLibrary", ""))


def misleading_parameters(table: Document) -> dict[str, str]:
    """The parameters by which engines read a table otherwise than as parquet in its registered partitions."""
    return {name: value for name, value in _parameters(table).items() if _misleads(name, value)}


def _misleads(name: str, value: str) -> bool:
    if name in _FORMAT_PARAMETERS:
        return value.lower() != "parquet"
    return name == "table_type" or (name == "projection.enabled" and value.lower() == "true")


def _parameters(table: Document) -> dict[str, str]:
    return {str(name): str(value) for name, value in (table.get("Parameters") or {}).items()}


def placed(present: Document, location: str, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A registered table as input, over parquet objects at a location and with these columns; no view any more, and
    without parameters by which it would be read otherwise."""
    storage = storage_of(present) or parquet_storage(location, columns)
    found = {**as_input(present), "StorageDescriptor": {**storage, **storage_differences(storage, location)}}
    if columns_of(present) != list(columns):
        found["StorageDescriptor"]["Columns"] = columns_input(columns)
    if present.get("TableType") == VIEW_TYPE:
        found = {name: value for name, value in found.items() if not name.startswith("View")}
        found["TableType"] = "EXTERNAL_TABLE"
    misleading = misleading_parameters(present)
    if misleading:
        kept = {name: value for name, value in _parameters(present).items() if name not in misleading}
        found["Parameters"] = {**kept, "classification": "parquet"}
    return found


def as_input(table: Document) -> dict[str, Any]:
    """The part of a table of GetTable that UpdateTable takes."""
    return {field: table[field] for field in _INPUT_FIELDS if field in table}


def as_partition_input(partition: Document) -> dict[str, Any]:
    """The part of a partition of GetPartitions that UpdatePartition takes."""
    return {field: partition[field] for field in _PARTITION_INPUT_FIELDS if field in partition}


def change_table(
    catalog: SchemaCatalog,
    name: str,
    decide: Callable[[Document | None], Document | None],
    keep_version: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Create or change a table: `decide` gets the table and gives the one to write, None to leave it as it is.

    The change goes through only over the version that `decide` saw; otherwise it decides again. `keep_version` adds a
    version to the table's history. True when the table was written. Raises ContendedError when others keep changing it.
    """
    for attempt in range(_TRIES):
        present = catalog.table(name)
        wanted = decide(present)
        if wanted is None:
            return False
        is_done = catalog.create(wanted) if present is None else catalog.replace(wanted, present, keep_version)
        if is_done:
            return True
        sleep(random.uniform(0, 0.05 * 2**attempt))  # nosec B311 # spreads retries, guards nothing
    raise ContendedError(f"the table {catalog.database}.{name} is changed by others all the time; run the job again")
