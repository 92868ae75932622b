"""Checks of the contracts' keys: how many columns, in which order, and what star tables ask of the tables they join."""

from __future__ import annotations

from collections.abc import Mapping

from totelake.contracts.documents import place
from totelake.contracts.key_kinds import INTEGER, MOST_COLUMNS, key_kind
from totelake.contracts.model import SOURCE, Table, TableId, inputs_of
from totelake.errors import ContractError


def check_key(table: Table) -> None:
    """Raises ContractError for a key of too many columns or of none, or whose order is not told."""
    where, count = place(table.origin, table.line), len(table.key)
    if table.kind != SOURCE:
        if count != 1:
            raise ContractError(f"{where}: {table.name} needs exactly one primary key column, it has {count}")
        if table.unique_index is not None:
            raise ContractError(f"{where}: {table.name} is no source table; take its uniqueIndex away")
        return
    if not 1 <= count <= MOST_COLUMNS:
        raise ContractError(
            f"{where}: {table.name} needs a key of 1 to {MOST_COLUMNS} columns with primaryKey: true, it has {count}"
        )
    positions = [column.key_position for column in table.key]
    if count > 1 and positions != list(range(1, count + 1)):
        raise ContractError(
            f"{where}: the key columns of {table.name} have the positions {', '.join(map(str, positions))}; number "
            f"them by primaryKeyPosition from 1 to {count}"
        )


def check_star_keys(by_id: Mapping[TableId, Table], stars: Mapping[str, Table]) -> None:
    """Raises ContractError where a star table is built of a source table without a key of one integer."""
    for star in stars.values():
        for name in inputs_of(star):
            table = by_id[name]
            if len(table.key) != 1 or key_kind(table.key[0].type) != INTEGER:
                has = ", ".join(f"{column.name} {column.type}" for column in table.key)
                raise ContractError(
                    f"{place(star.origin, star.line)}: {star.name} is built of {name}, whose key is {has}; a star "
                    "table's driving and joined tables need a key of one integer, so build it of others"
                )
