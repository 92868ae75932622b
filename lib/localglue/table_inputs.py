"""The TableInput and PartitionInput that a crawler writes to the Data Catalog, as on AWS."""

from __future__ import annotations

from collections.abc import Mapping

from localapi.documents import Document
from localglue.discovery import Contents, FoundTable, PartitionValues
from localglue.formats import Format

DEPRECATED = "DEPRECATED_BY_CRAWLER"
RUN_ID = "CRAWL_RUN_ID"
_KEPT = ("Description", "Owner", "Retention", "PartitionKeys")


def new_table(found: FoundTable, crawler: str, crawl_id: str) -> Document:
    """The TableInput of a table that the Data Catalog does not have yet."""
    parameters = _table_parameters(found, crawler, crawl_id)
    columns = [{"Name": name, "Type": kind} for name, kind in found.content.columns.items()]
    return {
        "Name": found.name,
        "Owner": "owner",
        "Retention": 0,
        "StorageDescriptor": _storage(found.location, columns, parameters, found.content.format),
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in found.keys],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
    }


def changed_table(found: FoundTable, present: Document, crawler: str, crawl_id: str, only_merge: bool) -> Document:
    """The TableInput that updates a table: its columns keep their order, new ones are appended.

    Columns that differ by case alone are one: a crawl's names are in lower case.

    With `only_merge` (MergeNewColumns) the types of existing columns do not change.
    """
    kinds = {} if only_merge else found.content.columns
    there = present["StorageDescriptor"]["Columns"]
    columns = [{**one, "Type": kinds.get(one["Name"].lower(), one["Type"])} for one in there]
    known = {one["Name"].lower() for one in columns}
    columns += [{"Name": name, "Type": kind} for name, kind in found.content.columns.items() if name not in known]
    before = {name: value for name, value in present.get("Parameters", {}).items() if name != DEPRECATED}
    parameters = {**before, **_table_parameters(found, crawler, crawl_id)}
    return {
        **new_table(found, crawler, crawl_id),
        **{name: present[name] for name in _KEPT if name in present},
        "StorageDescriptor": _storage(
            present["StorageDescriptor"]["Location"], columns, parameters, found.content.format
        ),
        "Parameters": parameters,
    }


def deprecated_table(present: Document, moment: float) -> Document:
    """The TableInput that marks a table as deprecated, because it has no objects any more."""
    kept = {name: present[name] for name in (*_KEPT, "Name", "StorageDescriptor", "TableType") if name in present}
    return {**kept, "Parameters": {**present.get("Parameters", {}), DEPRECATED: str(int(moment * 1000))}}


def new_partition(
    values: PartitionValues, location: str, content: Contents, inherited: list[Document] | None
) -> Document:
    """The PartitionInput of a new partition, with the `inherited` columns of its table if there are any."""
    parameters = _statistics(content)
    columns = inherited or [{"Name": name, "Type": kind} for name, kind in content.columns.items()]
    return {
        "Values": list(values),
        "StorageDescriptor": _storage(location, columns, parameters, content.format),
        "Parameters": parameters,
    }


def changed_partition(present: Document, wanted: Document) -> Document | None:
    """The PartitionInput with the new columns at the old location; None if the columns are the same."""
    if columns_of(present) == columns_of(wanted):
        return None
    storage = {**present["StorageDescriptor"], "Columns": wanted["StorageDescriptor"]["Columns"]}
    parameters = {**present.get("Parameters", {}), **wanted["Parameters"]}
    return {"Values": present["Values"], "StorageDescriptor": storage, "Parameters": parameters}


def columns_of(described: Document) -> list[tuple[str, str]]:
    """The columns of a table or partition, as (name, type)."""
    return [(one["Name"], one["Type"]) for one in described["StorageDescriptor"]["Columns"]]


def same_shape(one: Document, other: Document) -> bool:
    """Whether two tables have the same columns, partition keys and location. A difference makes a new version."""
    return _shape(one) == _shape(other)


def same_parameters(one: Document, other: Document) -> bool:
    """Whether two tables have the same parameters, apart from the id of the crawl that wrote them."""
    without: list[Document] = [{**table.get("Parameters", {}), RUN_ID: ""} for table in (one, other)]
    return without[0] == without[1]


def _shape(table: Document) -> tuple[list[tuple[str, str]], list[str], str]:
    keys = [one["Name"] for one in table.get("PartitionKeys", ())]
    location: str = table["StorageDescriptor"]["Location"]
    return columns_of(table), keys, location.rstrip("/")


def _table_parameters(found: FoundTable, crawler: str, crawl_id: str) -> dict[str, str]:
    own = {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler,
        RUN_ID: crawl_id,
    }
    filtered = {"partition_filtering.enabled": "true"} if found.keys else {}
    return {**own, **filtered, **_statistics(found.content)}


def _statistics(content: Contents) -> dict[str, str]:
    return {
        "averageRecordSize": str(content.bytes // max(1, content.rows)),
        "classification": content.format.classification,
        "compressionType": content.format.compression,
        **content.format.parameters,
        "objectCount": str(content.objects),
        "recordCount": str(content.rows),
        "sizeKey": str(content.bytes),
        "typeOfData": "file",
    }


def _storage(location: str, columns: list[Document], parameters: Mapping[str, str], stored: Format) -> Document:
    return {
        "Columns": columns,
        "Location": location,
        **stored.stored([one["Name"] for one in columns]),
        "NumberOfBuckets": -1,
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": dict(parameters),
        "StoredAsSubDirectories": False,
    }
