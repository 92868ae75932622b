"""Tables of the Data Catalog: created when missing, changed only over the version that was read."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from botocore.exceptions import ClientError

from totelake.errors import RetriableError

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
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
TableInput = Mapping[str, Any]


def parquet_storage(location: str, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The storage descriptor of parquet files at a location; columns as (name, Hive type)."""
    return {**_PARQUET, "Location": location, "Columns": columns_input(columns), "Compressed": False}


def columns_input(columns: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Columns as the Data Catalog takes them."""
    return [{"Name": name, "Type": kind} for name, kind in columns]


def get_table(glue: Any, database: str, name: str) -> dict[str, Any] | None:
    """The table; None when there is none."""
    try:
        table: dict[str, Any] = glue.get_table(DatabaseName=database, Name=name)["Table"]
    except ClientError as error:
        # Glue does not always say what was not found; a missing database shows when the table is made
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        return None
    return table


def as_input(table: Mapping[str, Any]) -> dict[str, Any]:
    """What UpdateTable takes of what GetTable gave."""
    return {field: table[field] for field in _INPUT_FIELDS if field in table}


def put_table(
    glue: Any,
    database: str,
    name: str,
    decide: Callable[[Mapping[str, Any] | None], TableInput | None],
    keep_version: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Create or change a table: `decide` gets what is there and gives what shall be, None to leave it.

    The change goes through only over the version that `decide` saw; else it decides anew. `keep_version` makes a new
    version in the table's history. True when something was written. Raises RetriableError when others keep changing it.
    """
    for attempt in range(_TRIES):
        present = get_table(glue, database, name)
        wanted = decide(present)
        if wanted is None:
            return False
        try:
            if present is None:
                glue.create_table(DatabaseName=database, TableInput=dict(wanted))
            else:
                version = {"VersionId": present["VersionId"]} if "VersionId" in present else {}
                glue.update_table(
                    DatabaseName=database, TableInput=dict(wanted), SkipArchive=not keep_version, **version
                )
            return True
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("AlreadyExistsException", "ConcurrentModificationException"):
                raise
        sleep(random.uniform(0, 0.05 * 2**attempt))  # nosec B311 # spreads retries, guards nothing
    raise RetriableError(f"the table {database}.{name} is changed by others all the time; run the job again")
