"""Checks of the contracts of feeds: sources that are no database, which say themselves what a database would tell."""

from __future__ import annotations

from collections.abc import Mapping

from totelake.contracts.documents import place
from totelake.contracts.model import Column, Table, TableId
from totelake.contracts.sources import FILES, Source
from totelake.contracts.types import BINARY, is_text
from totelake.errors import ContractError

FORMATS = ("json", "jsonl", "csv")
"""A JSON array of objects, an object a line, comma-separated values under a line of names; each may be gzipped."""

_ROUNDED = ("real", "double precision")


def check_feeds(sources: Mapping[str, Source], by_id: Mapping[TableId, Table], stars: Mapping[str, Table]) -> None:
    """Raises ContractError for a table that says what its kind of source does not have, or lacks what it needs."""
    for table in by_id.values():
        where, source = place(table.origin, table.line), sources[table.source]
        if (table.dataset is not None) != (source.kind == FILES):
            wanted = f"write one of {', '.join(FORMATS)}" if source.kind == FILES else "take it away"
            raise ContractError(f"{where}: the format of {table.name}, of a source of kind {source.kind}: {wanted}")
        if table.dataset is not None:
            _check_dataset(where, table)
            _check_apart(where, table, by_id)
        for column in table.columns:
            _check_column(table, column, source)
    for star in stars.values():
        for column in star.columns:
            if column.number_of:
                raise ContractError(f"{place(star.origin, column.line)}: {star.name}.{column.name} is no source's "
                                    "column; take its numberOf away")  # fmt: skip


def _check_dataset(where: str, table: Table) -> None:
    assert table.dataset is not None  # nosec B101 # whoever calls has seen it
    prefix, found = table.dataset.prefix, table.dataset.format
    if found not in FORMATS:
        raise ContractError(f"{where}: the format of {table.name} is '{found}'; use {', '.join(FORMATS)}")
    if prefix and (not prefix.endswith("/") or prefix.startswith("/")):
        raise ContractError(
            f"{where}: the prefix of {table.name} is '{prefix}'; write it with a slash at its end and none at its "
            "beginning"
        )


def _check_apart(where: str, table: Table, by_id: Mapping[TableId, Table]) -> None:
    """Raises ContractError where the files of a table would be those of another one, too."""
    for other in by_id.values():
        if other is table or other.source != table.source or table.dataset is None or other.dataset is None:
            continue
        if table.dataset.prefix.startswith(other.dataset.prefix):
            raise ContractError(
                f"{where}: the files of {table.name} at '{table.dataset.prefix}' lie below those of {other.name} at "
                f"'{other.dataset.prefix}'; give each a prefix of its own"
            )


def _check_column(table: Table, column: Column, source: Source) -> None:
    where = f"{place(table.origin, column.line)}: {table.name}.{column.name}"
    if source.is_database:
        if column.number_of:
            raise ContractError(f"{where} is a column of a database, which has its own numbers; take numberOf away")
        return
    if column.stored or column.type == BINARY:
        raise ContractError(
            f"{where} is of type {column.type}, which no feed can bring; use text, or a type of docs/files.md"
        )
    if column.primary_key and column.type in _ROUNDED:
        raise ContractError(f"{where} is of type {column.type}, which no key can have; use a numeric or text")
    if column.enum and not is_text(column.type):
        raise ContractError(f"{where} is of type {column.type} and has an enum; take it away, or use text")
    if source.kind == FILES:
        _check_unapplied(where, column)
    if not column.number_of:
        return
    others = {item.name: item for item in table.columns if not item.number_of}
    for name in column.number_of:
        if name not in others or not others[name].required:
            raise ContractError(f"{where} is the number of {name}, which is no required column; name one that is")
    if column.type != "bigint" or not column.primary_key or len(table.key) > 1:
        raise ContractError(f"{where} is made of other columns; let it be a bigint and the only column of the key")


def _check_unapplied(where: str, column: Column) -> None:
    """Raises ContractError for a bound that no record would be held against."""
    bounds = {"minimum": column.minimum, "maximum": column.maximum, "pattern": column.pattern}
    named = [name for name, value in bounds.items() if value is not None]
    if named:
        raise ContractError(
            f"{where} has a {named[0]}, which files are not held against; take it away, and use a type or enum that "
            "takes only what is right"
        )
