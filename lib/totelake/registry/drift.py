"""How what is registered differs from its contract. Decides, reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from totelake.contracts.model import Table
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
