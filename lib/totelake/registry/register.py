"""The registered table of a source table: what the crawler cannot express is set here, over the version that was read.

A crawler adds tables and columns; only a verdict knows that a type is wider, or that a column is gone or renamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from totelake.contracts.identifiers import catalogue_name
from totelake.contracts.types import hive_type
from totelake.errors import LakeError, RetriableError
from totelake.lake.partition_columns import follow_table
from totelake.lake.partitions import METADATA
from totelake.lake.tables import as_input, change_table, columns_input, columns_of, storage_of
from totelake.ports.schema_catalog import Document, SchemaCatalog
from totelake.schemas.columns import Columns
from totelake.schemas.hive_widening import is_wider, wider

_METADATA = frozenset([*(name for name, _ in METADATA), "_xid"])
Registered = Sequence[Document]
"""The columns of a table of the Data Catalog: Name and Type."""
_Merge = Callable[[Registered, Columns], "list[tuple[str, str]]"]


def hive_columns(schema: Columns) -> dict[str, str]:
    """The Hive types of a schema by the Data Catalog's names; a column without an exact type, of which nothing is
    accepted, is left out."""
    return {catalogue_name(column.name): hive_type(column.plain_type) for column in schema if column.has_type}


def types_of(present: Registered) -> dict[str, str]:
    """The types of registered columns; names are in lower case, however an earlier registration wrote them."""
    return {catalogue_name(str(item["Name"])): str(item.get("Type") or "") for item in present}


def columns_for(present: Registered, schema: Columns) -> list[tuple[str, str]]:
    """The columns that a table is to have for a schema: without those that are gone, no type narrower than before."""
    wanted = hive_columns(schema)
    before = types_of(present)
    stay = [(name, kind if name in _METADATA else wider(kind, wanted[name])) for name, kind in before.items()
            if name in wanted or name in _METADATA]  # fmt: skip
    return stay + [(name, kind) for name, kind in wanted.items() if name not in before]


def widened_columns(present: Registered, schema: Columns) -> list[tuple[str, str]]:
    """The columns of a table with types wide enough for a schema as well; none comes, goes or becomes another type."""
    wanted = hive_columns(schema)
    before = types_of(present)
    return [(name, wanted[name] if is_wider(kind, wanted.get(name, "")) else kind) for name, kind in before.items()]


def lacking(present: Registered, schema: Columns) -> dict[str, tuple[str, str]]:
    """The columns that a table has not as a schema needs them: the type it has ('' for none) and the needed one."""
    before = types_of(present)
    return {
        name: (before.get(name, ""), kind)
        for name, kind in hive_columns(schema).items()
        if name not in before or wider(before[name], kind) != before[name]
    }


def has_new_columns(present: Registered, schema: Columns) -> bool:
    """Whether a schema has columns that a table does not have at all."""
    return any(not found for found, _ in lacking(present, schema).values())


def set_schema(catalog: SchemaCatalog, name: str, *schemas: Columns) -> bool:
    """Bring a registered table to schemas, one after the other, as one new version, and its partitions after it.

    False when all of them have these columns already.
    """
    return _set_columns(catalog, name, columns_for, schemas)


def widen(catalog: SchemaCatalog, name: str, *schemas: Columns) -> bool:
    """Widen the types of a registered table, and of its partitions after it, so that they take these schemas' values.

    It never takes anything back, so any run may do it at any time: before the objects that need it are in place.
    """
    return _set_columns(catalog, name, widened_columns, schemas)


def _set_columns(catalog: SchemaCatalog, name: str, merge: _Merge, schemas: Sequence[Columns]) -> bool:
    def decide(present: Document | None) -> Document | None:
        if present is None:
            raise RetriableError(
                f"the table {catalog.database}.{name} is gone; run the job again, which registers it anew"
            )
        columns = columns_input(columns_of(present))
        wanted = columns
        for schema in schemas:
            wanted = columns_input(merge(wanted, schema))
        if wanted == columns:
            return None
        return {**as_input(present), "StorageDescriptor": {**storage_of(present), "Columns": wanted}}

    is_changed = change_table(catalog, name, decide, keep_version=True)
    return follow_table(catalog, name) > 0 or is_changed


def inherited_storage(catalog: SchemaCatalog, name: str, crawler: str) -> Document:
    """What partitions of a registered table inherit.

    Raises LakeError when the crawler has not registered it, or somebody left it without a storage descriptor.
    """
    registered = catalog.table(name)
    if registered is None:
        raise LakeError(
            f"the crawler {crawler} registered no table {catalog.database}.{name}; see that it has a target for it"
        )
    storage = storage_of(registered)
    if not storage:
        raise LakeError(
            f"the table {catalog.database}.{name} has no storage descriptor in the Data Catalog; `totelake repair "
            "catalog` or the next run of check_schemas puts it back"
        )
    kept = ("Columns", "InputFormat", "OutputFormat", "SerdeInfo", "Compressed", "Parameters")
    return {field: storage[field] for field in kept if field in storage}
