"""How the schema of what arrived, or of what is registered, differs from its contract. Decides, reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from totelake.contracts.model import Column, Table
from totelake.contracts.types import hive_type

_REMEDY = "change the source back, or the contract"


@dataclass(frozen=True)
class Difference:
    """One column that is not as its contract says; both sides in words."""

    table: str
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} is {self.found}, the contract says {self.expected}"


def source_differences(table: Table, schema: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Compare a batch's source schema (name, type, required, enum) with the contract, column by column."""
    found = {str(column["name"]): column for column in schema}
    differences = []
    for column in table.columns:
        there = _described(found[column.name]) if column.name in found else "missing"
        if there != _contract(column):
            differences.append(Difference(table.name, column.name, there, _contract(column)))
    for name, entry in found.items():
        if name not in table.column_names:
            differences.append(Difference(table.name, name, _described(entry), "nothing of it"))
    return differences


def _described(entry: Mapping[str, Any]) -> str:
    return _words(str(entry["type"]).strip('"'), bool(entry["required"]), entry.get("enum", ()))


def _contract(column: Column) -> str:
    return _words(column.type.strip('"'), column.required, column.enum)


def _words(kind: str, required: bool, enum: Sequence[str]) -> str:
    labels = f" of {', '.join(enum)}" if enum else ""
    return f"{kind}{labels}{' NOT NULL' if required else ''}"


def registered_differences(table: Table, columns: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Compare the columns that the Data Catalog has with the contract, by name and Hive type."""
    found = {str(column["Name"]): str(column["Type"]) for column in columns}
    return [
        Difference(table.name, column.name, found.get(column.name, "not registered"), hive_type(column.type))
        for column in table.columns
        if found.get(column.name) != hive_type(column.type)
    ]


def sentence(differences: Sequence[Difference], where: str) -> str:
    """All differences in one sentence that says where they are and what to do."""
    return f"{where}: {'; '.join(str(item) for item in differences)}; {_REMEDY}, and run the job again"
