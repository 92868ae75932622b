"""What Glue does with requests to its Data Catalog before it stores or after it reads: moto does none of it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from localapi.documents import Document
from localglue.errors import InvalidInput, with_hint

_FOLDED = ("DatabaseName", "TableName")
_NAMED = frozenset({
    "GetDatabase", "UpdateDatabase", "DeleteDatabase", "GetTable", "UpdateTable", "DeleteTable",
})  # fmt: skip
_INPUTS = ("DatabaseInput", "TableInput")
_MISMATCH = "The number of partition keys do not match the number of partition values"
ATTRIBUTES: Mapping[str, str] = {"NAME": "Name", "TABLE_TYPE": "TableType", "TARGET_DATABASE": "TargetDatabase"}
"""What AttributesToGet calls the members."""


def folded(operation: str, request: Document) -> Document:
    """The request with the names of databases and tables in lower case: Hive knows no others, so Glue folds them."""
    folded = {name: value.lower() if name in _FOLDED else value for name, value in request.items()}
    if operation in _NAMED and "Name" in request:
        folded["Name"] = request["Name"].lower()
    for member in _INPUTS:
        if member in request:
            folded[member] = {**request[member], "Name": request[member]["Name"].lower()}
    if "TablesToDelete" in request:
        folded["TablesToDelete"] = [name.lower() for name in request["TablesToDelete"]]
    return folded


def check_values(partition: Document, table: Document) -> None:
    """Raises InvalidInput for a partition of a partitioned table with more or fewer values than the table has keys."""
    keys, values = table.get("PartitionKeys", ()), partition.get("Values", ())
    if keys and len(keys) != len(values):
        names = ", ".join(key["Name"] for key in keys)
        hint = f"table {table['Name']} is partitioned by {names}; the values are {list(values)}"
        raise InvalidInput(with_hint(_MISMATCH, hint))


def in_segment(values: list[str], segment: Document) -> bool:
    """Whether a partition belongs to one of the parts that readers beside each other read, each partition once.

    Raises InvalidInput for a segment beyond their number.
    """
    number, total = int(segment["SegmentNumber"]), int(segment["TotalSegments"])
    if number >= total:
        raise InvalidInput(f"Segment.SegmentNumber is {number}; with {total} segments the last is {total - 1}")
    return zlib.crc32("\0".join(values).encode()) % total == number


def with_attributes(items: list[Document], request: Document) -> list[Document]:
    """The databases or tables with only what AttributesToGet names. Raises InvalidInput for a list without NAME."""
    wanted = request.get("AttributesToGet")
    if wanted is None:
        return items
    if "NAME" not in wanted:
        raise InvalidInput("AttributesToGet must have NAME; add it")
    members = [ATTRIBUTES[name] for name in wanted]
    return [{member: item[member] for member in members if member in item} for item in items]


def without_columns(partitions: list[Document]) -> list[Document]:
    """The partitions without their columns, for ExcludeColumnSchema."""
    found = []
    for one in partitions:
        storage = {name: value for name, value in one.get("StorageDescriptor", {}).items() if name != "Columns"}
        found.append({**one, "StorageDescriptor": storage})
    return found
