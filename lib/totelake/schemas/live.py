"""The live source compared with the contracts, before the next run meets what has changed. Decides, reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from totelake.contracts.model import Table
from totelake.contracts.types import unquoted
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
from totelake.schemas.described import DescribedTable


def source_changes(
    contracts: Sequence[Table], found: Sequence[DescribedTable], blocked: Mapping[str, Change]
) -> dict[str, list[Change]]:
    """What differs, by table, with the contract as the side before; tables without a contract are new.

    `blocked` are the changes for which a table cannot be captured at all, by table.
    """
    there = {(table.schema, table.name): table for table in found}
    differing: dict[str, list[Change]] = {}
    for contract in contracts:
        table = there.pop((contract.schema, contract.name), None)
        # a view in the table's place is no table, and not missing
        gone = blocked.get(contract.name) or missing_table(contract.name)
        differing[contract.name] = [gone] if table is None or table.problem else _changes(contract, table)
    for name, block in blocked.items():
        same = [change for change in differing[name] if change.column != block.column or change.kind in BREAKING]
        differing[name] = same if block.kind in {change.kind for change in same} else [block, *same]
    differing.update({table.name: [new_table(table.name)] for table in there.values()})
    return differing


def _changes(contract: Table, table: DescribedTable) -> list[Change]:
    fields = tuple(Field(item.name, unquoted(item.type), item.required, item.enum) for item in table.columns)
    found = table.identified_by(contract.unique_index)
    keys = tuple(", ".join(names) for names in (contract.key_names, found))
    key = [changed_key(contract.name, *keys)] if set(contract.key_names) != set(found) else []
    return key + changes(contract.name, contract_fields(contract), fields)
