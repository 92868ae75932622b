"""The live source held against the contracts, before the next run meets what has changed. Decides, reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from totelake.capture.postgres.describe import DescribedTable
from totelake.contracts.model import Table
from totelake.schemas.changes import (
    BREAKING,
    Change,
    Field,
    changed_key,
    changes,
    contract_fields,
    missing_table,
    new_table,
)


def source_changes(
    contracts: Sequence[Table], found: Sequence[DescribedTable], obstacles: Mapping[str, Change]
) -> dict[str, list[Change]]:
    """By table what differs, the contract being the side before; tables without a contract are new.

    `obstacles` are changes for which a table cannot be captured at all.
    """
    there = {(table.schema, table.name): table for table in found}
    told: dict[str, list[Change]] = {}
    for contract in contracts:
        table = there.pop((contract.schema, contract.name), None)
        # a view in the table's place is no table, and not missing
        gone = obstacles.get(contract.name) or missing_table(contract.name)
        told[contract.name] = [gone] if table is None else _changes(contract, table)
    for name, obstacle in obstacles.items():
        same = [change for change in told[name] if change.column != obstacle.column or change.kind in BREAKING]
        told[name] = same if obstacle.kind in {change.kind for change in same} else [obstacle, *same]
    told.update({table.name: [new_table(table.name)] for table in there.values()})
    return told


def _changes(contract: Table, table: DescribedTable) -> list[Change]:
    fields = tuple(Field(item.name, item.type.strip('"'), item.required, item.enum) for item in table.columns)
    keys = tuple(", ".join(names) for names in ([column.name for column in contract.key], table.key))
    key = [changed_key(contract.name, *keys)] if keys[0] != keys[1] else []
    return key + changes(contract.name, contract_fields(contract), fields)
