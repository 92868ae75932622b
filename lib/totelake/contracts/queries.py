"""The queries of catalog/queries, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from totelake.errors import ContractError

LAKE, WAREHOUSE, BOTH = "lake", "warehouse", "both"
_FOLDER, _SUFFIX = "queries/", ".sql"
_HEADER = re.compile(r"-- (\w+): (\S.*)")
_FIELDS = ("title", "description", "on")
_TYPES = ("STRING", "INTEGER", "DECIMAL", "DATETIME", "BOOLEAN")


@dataclass(frozen=True)
class Query:
    """A named query in the SQL that Athena and PostgreSQL share; `on` says where it can be asked.

    `columns` are those that it gives with their types, as QuickSight wants to be told of a query on the warehouse.
    """

    name: str
    title: str
    description: str
    on: str
    sql: str
    columns: tuple[tuple[str, str], ...] = ()


def queries_of(files: Mapping[str, Any]) -> dict[str, Query]:
    """The queries among the catalogue's documents, by name. Raises ContractError for a header that lacks a field."""
    found = {}
    for path in sorted(files):
        if path.startswith(_FOLDER) and path.endswith(_SUFFIX):
            name = path[len(_FOLDER) : -len(_SUFFIX)]
            found[name] = _query(path, name, files[path])
    return found


def _query(path: str, name: str, text: str) -> Query:
    lines = text.splitlines()
    comments = [line for line in lines if line.startswith("--")]
    header = {match.group(1): match.group(2) for match in map(_HEADER.fullmatch, comments) if match}
    wrong = [field for field in _FIELDS if field not in header]
    if wrong or header["on"] not in (LAKE, WAREHOUSE, BOTH):
        raise ContractError(
            f"catalog/{path} needs a line '-- {(wrong or ['on'])[0]}: ...' at its beginning; "
            f"its lines are {', '.join(_FIELDS)}, and on is {LAKE}, {WAREHOUSE} or {BOTH}"
        )
    sql = "\n".join(line for line in lines if not line.startswith("--"))
    columns = _columns(path, header.get("columns", ""))
    return Query(name, header["title"], header["description"], header["on"], sql, columns)


def _columns(path: str, listed: str) -> tuple[tuple[str, str], ...]:
    """`year INTEGER, revenue DECIMAL` as pairs; none for ''. Raises ContractError."""
    found = []
    for one in filter(None, listed.split(",")):
        name, _, kind = one.strip().partition(" ")
        if kind not in _TYPES:
            raise ContractError(
                f"catalog/{path}: the column {one.strip()} has no type; it is one of {', '.join(_TYPES)}"
            )
        found.append((name, kind))
    return tuple(found)
