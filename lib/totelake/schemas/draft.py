"""A first contract of a table as the source has it, in the Open Data Contract Standard; people complete it."""

from __future__ import annotations

from typing import Any

from totelake.contracts.identifiers import is_contract_name, is_reserved, sql_quoted
from totelake.contracts.key_kinds import ALL_KINDS, MOST_COLUMNS, key_kind
from totelake.contracts.model import SOURCE
from totelake.contracts.types import hive_type, is_time, lake_type
from totelake.errors import SourceError
from totelake.schemas.changes import NAME_RESERVED, NAME_UNUSABLE, unusable
from totelake.schemas.columns import SourceColumn
from totelake.schemas.described import DescribedColumn, DescribedTable

API_VERSION = "v3.1.0"
_LOGICAL = {
    "smallint": "integer", "int": "integer", "bigint": "integer", "boolean": "boolean", "float": "number",
    "double": "number", "date": "date", "timestamp": "timestamp", "string": "string",
    "binary": "string",
}  # fmt: skip


def draft(table: DescribedTable, source: str) -> dict[str, Any]:
    """The contract of a table of that source, silent about `unnamed` columns.

    Raises SourceError when the table cannot be captured: for its name, its columns or its key.
    """
    _check_names(table)
    index, key = _identified(table)
    _check_key_names(table, key)
    custom = [_property("kind", SOURCE), _property("schemaPolicy", "evolve")]
    custom += [_property("uniqueIndex", index)] if index is not None else []
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
                "customProperties": custom,
                "properties": [_column(column, key) for column in table.columns if is_contract_name(column.name)],
            }
        ],
    }


def unnamed(table: DescribedTable) -> tuple[str, ...]:
    """The columns that the lake keeps and no contract can name: their names have more than small letters, digits, _."""
    return tuple(column.name for column in table.columns if not is_contract_name(column.name))


def _check_names(table: DescribedTable) -> None:
    """Raises SourceError for a table that no contract can name, or with columns that the lake cannot hold."""
    where = f"{sql_quoted(table.schema)}.{sql_quoted(table.name)}"
    if not is_contract_name(table.schema):
        raise SourceError(
            f"the schema of {where} has a name that no contract can have; ALTER SCHEMA {sql_quoted(table.schema)} "
            f"RENAME TO {_better(table.schema)}"
        )
    if not is_contract_name(table.name):
        raise SourceError(
            f"the table {where} has a name that no contract can have; ALTER TABLE {where} RENAME TO "
            f"{_better(table.name)}"
        )
    columns = [
        SourceColumn.captured(column.name, column.type, column.required, column.enum) for column in table.columns
    ]
    for change, why in unusable(table.name, columns):
        rename = f": {_renaming(table, change.column)}" if change.kind in (NAME_RESERVED, NAME_UNUSABLE) else ""
        raise SourceError(f"{table.schema}.{table.name}.{why}{rename}")


def _check_key_names(table: DescribedTable, key: tuple[str, ...]) -> None:
    """Raises SourceError for a key with a column that no contract can name."""
    for name in key:
        if not is_contract_name(name):
            raise SourceError(
                f"the key of {table.schema}.{table.name} has the column {name}, a name that no contract can have; "
                f"{_renaming(table, name)}"
            )


def _renaming(table: DescribedTable, column: str) -> str:
    """The statement that gives a column a name that the lake takes."""
    return f"ALTER TABLE {table.schema}.{table.name} RENAME COLUMN {sql_quoted(column)} TO {_better(column)}"


def _better(name: str) -> str:
    """A name that a contract can have, as near to the other as can be told."""
    lower = name.lower()
    is_good = is_contract_name(lower) and not is_reserved(lower)
    return lower if is_good else "a name of small letters, digits and _, at most 63"


def _identified(table: DescribedTable) -> tuple[str | None, tuple[str, ...]]:
    """The columns that identify a row, and the index that does when it is no primary key's. Raises SourceError."""
    where, types = f"{table.schema}.{table.name}", {column.name: column.type for column in table.columns}
    usable = {
        name: key
        for name, key in table.unique_keys.items()
        if len(key) <= MOST_COLUMNS and all(key_kind(types[column]) for column in key)
    }
    if not table.key and usable:
        name = min(usable, key=lambda item: (len(usable[item]), item))
        return name, usable[name]
    if not table.key:
        raise SourceError(
            f"{where} has no primary key and no unique index on columns that are NOT NULL; ALTER TABLE {where} ADD "
            "PRIMARY KEY (...) with the columns that identify a row, and ask for its contract again"
        )
    if len(table.key) > MOST_COLUMNS:
        raise SourceError(
            f"the primary key of {where} has {len(table.key)} columns, and a key may have {MOST_COLUMNS}; give it a "
            "shorter one, and ask for its contract again"
        )
    wrong = [f"{name} {types[name]}" for name in table.key if key_kind(types[name]) is None]
    if wrong:
        raise SourceError(
            f"the primary key of {where} has {', '.join(wrong)}; a key's columns are {ALL_KINDS}, so give it another "
            "one, and ask for its contract again"
        )
    return None, table.key


def _column(column: DescribedColumn, key: tuple[str, ...]) -> dict[str, Any]:
    hive = hive_type("text" if column.enum else lake_type(column.type))
    logical = "time" if is_time(column.type) else _LOGICAL.get(hive, "number")
    found: dict[str, Any] = {"name": column.name, "logicalType": logical, "physicalType": column.type}
    if column.comment:
        found["description"] = column.comment
    found["required"] = column.required
    if column.name in key:
        found.update({"primaryKey": True, "primaryKeyPosition": key.index(column.name) + 1})
    if (
        column.foreign_key
        and is_contract_name(column.foreign_key.table)
        and is_contract_name(column.foreign_key.column)
    ):
        found["relationships"] = [{"type": "foreignKey", "to": str(column.foreign_key)}]
    if column.unique:
        found["unique"] = True
    # a key's default is its sequence, which is no content
    default = [_property("default", column.default)] if column.default and column.name not in key else []
    custom = default + ([_property("enum", list(column.enum))] if column.enum else [])
    return {**found, "customProperties": custom} if custom else found


def _property(name: str, value: Any) -> dict[str, Any]:
    return {"property": name, "value": value}
