"""Which references between tables contracts can have: those to tables with a contract, in no circle. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from totelake.schemas.described import DescribedTable

Name = tuple[str, str]
"""A table by schema and plain name."""


def references_among(
    tables: Mapping[Name, DescribedTable], known: Collection[Name]
) -> tuple[Mapping[str, Collection[str]], list[str]]:
    """The columns by table whose references lead to one of `known`, and a sentence for each that closes a circle."""
    kept: dict[str, set[str]] = defaultdict(set)
    edges: dict[str, set[str]] = defaultdict(set)
    closing = []
    for table in tables.values():
        for column in table.columns:
            reference = column.foreign_key
            if reference is None or (column.foreign_schema, reference.table) not in known:
                continue
            if reference.table != table.name and _leads(edges, reference.table, table.name):
                closing.append(
                    f"{table.name}.{column.name} refers to {reference}, which refers back: the contract leaves this "
                    "reference out, as contracts refer to each other in no circle"
                )
                continue
            edges[table.name].add(reference.table)
            kept[table.name].add(column.name)
    return kept, closing


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
