"""Partitions and logs in the Data Catalog, moved to where a star table's log says that they lie; never back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from totelake.contracts.model import Table
from totelake.lake.catalogue import as_input, get_table, parquet_storage, put_table
from totelake.lake.keys import COMPACTED
from totelake.lake.layout import Layout
from totelake.lake.partitions import log_columns, log_name, register_locations

MOVED_AT = "totelake.moved_at"
_NUMBER = re.compile(rf"^s3://[^/]+/{COMPACTED}/[^/]+/(\d{{12}})/")


@dataclass(frozen=True)
class Place:
    """Where the catalogue has a partition, or a table without any: the commit that wrote it there, and since when.

    `moved` is 0 for the first place of all; `since` is None where nobody noted it.
    """

    moved: int
    since: datetime | None = None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Place:
        """That of a table or partition as the catalogue gives it."""
        found = _NUMBER.match(entry["StorageDescriptor"].get("Location", ""))
        noted = entry.get("Parameters", {}).get(MOVED_AT)
        return cls(int(found[1]) if found else 0, datetime.fromisoformat(noted) if noted else None)


def places(glue: Any, database: str, table: Table) -> dict[str, Place]:
    """Where a star table's log is, by partition folder; empty when the catalogue does not know it."""
    present = get_table(glue, database, log_name(table))
    if present is None:
        return {}
    if not table.partition_by:
        return {"": Place.of(present)}
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=log_name(table))
    return {
        f"{table.partition_by}={item['Values'][0]}": Place.of(item) for page in pages for item in page["Partitions"]
    }


def behind(glue: Any, database: str, table: Table, layout: Layout) -> list[str]:
    """The folders of partitions that were written anew and do not lie there yet."""
    present = places(glue, database, table) if layout.moved else {}
    return sorted(
        folder for folder, number in layout.moved.items() if folder not in present or present[folder].moved < number
    )


def move(
    glue: Any, database: str, table: Table, bucket: str, layout: Layout, folders: Iterable[str], now: datetime
) -> None:
    """Let partitions lie where they were written anew, each by one call; all objects must be there."""
    for folder in folders:
        location = f"s3://{bucket}/{layout.prefix(table.name, folder)}"
        if folder:
            _move_partition(glue, database, table, folder.split("=", 1)[1], location, now)
        else:
            _move_table(glue, database, table, location, layout.moved[folder], now)


def _move_partition(glue: Any, database: str, table: Table, value: str, location: str, now: datetime) -> None:
    name, storage = log_name(table), parquet_storage(location, log_columns(table))
    entry = {"Values": [value], "StorageDescriptor": storage, "Parameters": {MOVED_AT: now.isoformat()}}
    try:
        glue.update_partition(DatabaseName=database, TableName=name, PartitionValueList=[value], PartitionInput=entry)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        register_locations(glue, database, name, storage, {(value,): location})


def _move_table(glue: Any, database: str, table: Table, location: str, number: int, now: datetime) -> None:
    def decide(present: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        if present is None or Place.of(present).moved >= number:
            return None
        changed = as_input(present)
        changed["StorageDescriptor"] = {**present["StorageDescriptor"], "Location": location}
        changed["Parameters"] = {**present.get("Parameters", {}), MOVED_AT: now.isoformat()}
        return changed

    put_table(glue, database, log_name(table), decide, keep_version=False)
