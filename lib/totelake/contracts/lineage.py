"""The columns that each query of catalog/queries reads: found by sqlglot, compiled into the wheel for jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from totelake.contracts.conversions import converted_columns
from totelake.contracts.model import FACT, Table
from totelake.contracts.queries import queries_of
from totelake.contracts.sql_errors import problem
from totelake.errors import ContractError

COMPILED = "lineage.json"
_HISTORY = ("valid_from", "valid_to", "deleted_at")
Lineage = Mapping[str, Mapping[str, Sequence[str]]]


def relations_of(table: Table) -> dict[str, tuple[str, ...]]:
    """The relations that both the lake and the warehouse have over a star table, with their columns."""
    names = tuple(column.name for column in table.lake_columns)
    found = {table.name: names}
    if table.kind == FACT:
        found[f"current_{table.short_name}"] = names
        found[f"history_{table.short_name}"] = names + _HISTORY
    if table.conversion:
        found[table.conversion.view] = names + converted_columns(table.conversion)
    return found


def lineage(files: Mapping[str, Any], tables: Sequence[Table]) -> Lineage:
    """The columns that are read, by query and relation: the compiled ones, without those found by sqlglot."""
    compiled: Lineage | None = files.get(COMPILED)
    return find_lineage(files, tables) if compiled is None else compiled


def find_lineage(files: Mapping[str, Any], tables: Sequence[Table]) -> Lineage:
    """Read every query. Raises ContractError for invalid SQL and for an unknown relation or column."""
    relations = {name: columns for table in tables for name, columns in relations_of(table).items()}
    return {
        name: {relation: sorted(columns) for relation, columns in sorted(_read(name, query.sql, relations).items())}
        for name, query in queries_of(files).items()
    }


def _read(name: str, sql: str, relations: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import traverse_scope

    schema: dict[str, object] = {relation: dict.fromkeys(columns, "unknown") for relation, columns in relations.items()}
    found: dict[str, set[str]] = {}
    try:
        tree = qualify(parse_one(sql, read="athena"), dialect="athena", schema=schema, quote_identifiers=False)
        for scope in traverse_scope(tree):
            for column in scope.columns:
                source = scope.sources.get(column.table)
                if isinstance(source, exp.Table):
                    found.setdefault(source.name, set()).add(column.name)
    except SqlglotError as error:
        raise ContractError(
            f"catalog/queries/{name}.sql cannot be used: {problem(error)}; correct the query"
        ) from error
    for relation in sorted(set(found) - set(relations)):
        raise ContractError(
            f"catalog/queries/{name}.sql reads {relation}, which is not in both the lake and the warehouse; "
            f"use one of {', '.join(sorted(relations)) or 'none: no contract of a star table is there'}"
        )
    return found
