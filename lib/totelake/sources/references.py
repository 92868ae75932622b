"""Which references between tables contracts can have: those to columns of a contract, in no circle. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from totelake.schemas.described import DescribedTable

Name = tuple[str, str]
"""A table by schema and plain name."""


def references_among(
    tables: Mapping[Name, DescribedTable], known: Mapping[Name, Collection[str]]
) -> tuple[Mapping[str, Collection[str]], list[str]]:
    """The columns by table whose references a contract can have, and a sentence for each other that leads to a table
    with one. `known` are the columns that the contract of each table names."""
    kept: dict[str, set[str]] = defaultdict(set)
    edges: dict[str, set[str]] = defaultdict(set)
    left_out = []
    for table in tables.values():
        for column in table.columns:
            reference = column.foreign_key
            if reference is None or (column.foreign_schema, reference.table) not in known:
                continue
            if reference.column not in known[column.foreign_schema, reference.table]:
                left_out.append(
                    f"{table.name}.{column.name} refers to {reference}, a column that the contract of "
                    f"{reference.table} does not name: the contract leaves this reference out"
                )
                continue
            if reference.table != table.name and _leads(edges, reference.table, table.name):
                left_out.append(
                    f"{table.name}.{column.name} refers to {reference}, which refers back: the contract leaves this "
                    "reference out, as contracts refer to each other in no circle"
                )
                continue
            edges[table.name].add(reference.table)
            kept[table.name].add(column.name)
    return kept, left_out


def with_references(table: DescribedTable, of: Collection[str] = ()) -> DescribedTable:
    """The table with the references of these columns alone."""
    columns = [column if column.name in of else replace(column, foreign_key=None) for column in table.columns]
    return replace(table, columns=tuple(columns))


def _leads(edges: Mapping[str, Collection[str]], start: str, end: str) -> bool:
    """Whether references lead from one table to another."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name == end:
            return True
        if name not in seen:
            seen.add(name)
            todo.extend(edges.get(name, ()))
    return False
