"""A registered table that somebody changed: what of it is not as the verdicts left it, and how it is put back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from totelake.contracts.identifiers import PARTITION_KEYS, catalogue_name
from totelake.errors import RetriableError
from totelake.lake.partition_columns import follow_table
from totelake.lake.partitions import METADATA
from totelake.lake.tables import (
    VIEW_TYPE,
    as_input,
    as_partition_input,
    change_table,
    columns_input,
    columns_of,
    location_of,
    misleading_parameters,
    placed,
    storage_differences,
    storage_of,
)
from totelake.ports.schema_catalog import Document, SchemaCatalog
from totelake.registry.register import columns_for, lacking, types_of
from totelake.schemas.columns import Columns

_KEYS = columns_input([(name, "string") for name in PARTITION_KEYS])


def strangers(catalog: SchemaCatalog, present: Document, location: str) -> str:
    """Why a table of one of our names is somebody else's, in words; '' for ours.

    Ours lies where its objects do, or has a partition there when somebody has changed its place.
    """
    lies = location_of(present)
    if _is_at(lies, location) or any(
        _is_at(location_of(item), location) for item in catalog.partitions(present["Name"])
    ):
        return ""
    return (
        f"it is not of totelake's making: it lies at {lies or 'no place'}, and no partition of it at {location}; drop "
        "it, or give it another name, and the next run registers ours"
    )


def _is_at(lies: str, location: str) -> bool:
    """Whether a place is a location or below it, by whichever of S3's schemes."""
    return f"{lies.split('://')[-1].rstrip('/')}/".startswith(location.split("://")[-1])


def defects(present: Document, location: str, schema: Columns) -> list[str]:
    """What keeps a registered table from showing the objects of a schema at a location, in words; [] for nothing."""
    return list(_defects(present, location, schema))


def _defects(present: Document, location: str, schema: Columns) -> Iterator[str]:
    storage = storage_of(present)
    columns = storage.get("Columns") or ()
    if present.get("TableType") == VIEW_TYPE:
        yield "it is a view"
    if storage_differences(storage, location):
        lies = storage.get("Location", "nowhere")
        yield f"it is no table of parquet at {location}, but {storage.get('InputFormat', 'of nothing')} at {lies}"
    for name, value in misleading_parameters(present).items():
        yield f"its parameter {name} is {value}"
    if _keys(present) != _names(_KEYS):
        yield f"its partition keys are {', '.join(_keys(present)) or 'none'}, not {', '.join(_names(_KEYS))}"
    for column, (found, needed) in lacking(columns, schema).items():
        yield f"{column} is {found or 'not registered'}, its objects have {needed}"
    for column, count in Counter(catalogue_name(str(item["Name"])) for item in columns).items():
        if count > 1:
            yield f"it has {column} more than once, which Athena refuses"
    types = types_of(columns)
    for column in PARTITION_KEYS:
        if column in types:
            yield f"it has a column {column}, which is a partition key"
    for column, kind in METADATA:
        if types.get(column) != kind:
            yield f"{column} is {types.get(column, 'not registered')}, its objects have {kind}"


def put_back(catalog: SchemaCatalog, name: str, location: str, schemas: Sequence[Columns]) -> bool:
    """Give a table, as a new version, the columns of schemas, one after the other, and the place, format and partition
    keys of its objects; then its partitions the columns. False when all is so already.

    Raises LakeError when the Data Catalog takes no such table, RetriableError when it has none of the name any more.
    """

    def decide(present: Document | None) -> Document | None:
        if present is None:
            raise RetriableError(
                f"the table {catalog.database}.{name} is gone; run the job again, which registers it anew"
            )
        wanted = _as_left(present, location, schemas)
        return None if wanted == as_input(present) else wanted

    is_changed = change_table(catalog, name, decide, keep_version=True)
    return follow_table(catalog, name) > 0 or is_changed


def put_partitions_back(
    catalog: SchemaCatalog, name: str, storage: Document, locations: Mapping[tuple[str, ...], str]
) -> int:
    """Give registered partitions the place and format of their objects; how many had others.

    `storage` is what one gets where it has nothing of its own any more. Raises LakeError when one is refused.
    """
    changed = []
    for item in catalog.partitions(name):
        location = locations.get(tuple(item["Values"]))
        # by its own alone, as Athena reads it and the audit tells it: a partition inherits nothing once it is there
        other = storage_differences(storage_of(item), location) if location is not None else {}
        if other:
            whole = {**storage, **storage_of(item), **other}
            changed.append({**as_partition_input(item), "StorageDescriptor": whole})
    if changed:
        catalog.replace_partitions(name, changed)
    return len(changed)


def _as_left(present: Document, location: str, schemas: Sequence[Columns]) -> dict[str, Any]:
    columns = columns_input(columns_of(present))
    for schema in schemas:
        columns = columns_input(columns_for(columns, schema))
    own = dict(METADATA)
    columns = [{**item, "Type": own.get(catalogue_name(item["Name"]), item["Type"])} for item in columns]
    columns += columns_input([(name, kind) for name, kind in METADATA if name not in types_of(columns)])
    found = placed(present, location, [(item["Name"], item["Type"]) for item in columns])
    if _keys(present) != _names(_KEYS):
        found["PartitionKeys"] = _KEYS
    return found


def _keys(table: Document) -> list[str]:
    return _names(table.get("PartitionKeys") or ())


def _names(keys: Sequence[Document]) -> list[str]:
    """Partition keys as they compare: names, and types where they are not text."""
    return [
        catalogue_name(str(item["Name"])) + ("" if item.get("Type") == "string" else f" {item.get('Type')}")
        for item in keys
    ]
