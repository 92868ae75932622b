"""A first contract of a table as the source has it, in the Open Data Contract Standard; people complete it."""

from __future__ import annotations

from typing import Any

from totelake.contracts.model import SOURCE
from totelake.contracts.types import hive_type, is_time, lake_type
from totelake.errors import SourceError
from totelake.schemas.described import DescribedColumn, DescribedTable

API_VERSION = "v3.1.0"
_LOGICAL = {
    "smallint": "integer", "int": "integer", "bigint": "integer", "boolean": "boolean", "float": "number",
    "double": "number", "date": "date", "timestamp": "timestamp", "string": "string",
    "binary": "string",
}  # fmt: skip


def draft(table: DescribedTable, source: str) -> dict[str, Any]:
    """The contract of a table of that source. Raises SourceError for its key, ContractError for a type."""
    if len(table.key) != 1:
        raise SourceError(
            f"{table.schema}.{table.name} needs a primary key of one column, it has "
            f"{', '.join(table.key) or 'none'}; give it one, and ask for its contract again"
        )
    return {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": f"totelake.{source}.{table.name}",
        "name": table.name,
        "version": "1.0.0",
        "status": "draft",
        "domain": source,
        "description": {"purpose": f"The table {source}.{table.name} as the ingestion jobs must find it."},
        "schema": [
            {
                "name": table.name,
                "logicalType": "object",
                "physicalType": "table",
                "physicalName": f"{table.schema}.{table.name}",
                "dataGranularityDescription": table.comment or f"One row per {table.name.replace('_', ' ')}.",
                "customProperties": [_property("kind", SOURCE), _property("schemaPolicy", "evolve")],
                "properties": [_column(column) for column in table.columns],
            }
        ],
    }


def _column(column: DescribedColumn) -> dict[str, Any]:
    hive = hive_type("text" if column.enum else lake_type(column.type))
    logical = "time" if is_time(column.type) else _LOGICAL.get(hive, "number")
    found: dict[str, Any] = {"name": column.name, "logicalType": logical, "physicalType": column.type}
    if column.comment:
        found["description"] = column.comment
    found["required"] = column.required
    if column.primary_key:
        found.update({"primaryKey": True, "primaryKeyPosition": 1})
    if column.foreign_key:
        found["relationships"] = [{"type": "foreignKey", "to": str(column.foreign_key)}]
    if column.unique:
        found["unique"] = True
    # a key's default is its sequence, which is no content
    default = [_property("default", column.default)] if column.default and not column.primary_key else []
    custom = default + ([_property("enum", list(column.enum))] if column.enum else [])
    return {**found, "customProperties": custom} if custom else found


def _property(name: str, value: Any) -> dict[str, Any]:
    return {"property": name, "value": value}
