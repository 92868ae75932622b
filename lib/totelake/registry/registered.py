"""What the Data Catalog has registered, compared with the contracts; its table versions are the history of schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from totelake.contracts import load_contracts
from totelake.contracts.identifiers import catalogue_name
from totelake.contracts.model import SOURCE, Table
from totelake.contracts.types import hive_type
from totelake.lake.partitions import METADATA, log_name
from totelake.lake.tables import storage_of
from totelake.ports.schema_catalog import Document, SchemaCatalog
from totelake.schemas.changes import Change, Field, changes

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_CANONICAL = {"int": "integer", "string": "text", "timestamp": "timestamp without time zone", "float": "real"}
# what PostgreSQL has no type for gets a name that none of its types has
_CANONICAL.update({"double": "double precision", "binary": "bytea", "tinyint": "tinyint (Hive)"})
OWN = frozenset((*(name for name, _ in METADATA), "_xid"))
"""The columns that the lake adds to those of the source."""


@dataclass(frozen=True)
class Version:
    """One registered version of a table: when (ISO 8601), and what it changed; empty `changes` for the first."""

    number: int
    at: str
    columns: int
    changes: tuple[Change, ...]


def registered_name(table: Table) -> str:
    """The Data Catalog's name of a contract's table: with its source's prefix, for a star table that of its log."""
    if table.kind != SOURCE:
        return log_name(table)
    return load_contracts().source(table.source).registered_name(table.name)


def registered_fields(columns: Iterable[Document]) -> tuple[Field, ...]:
    """Columns of the Data Catalog, without those of our own; types in PostgreSQL's names, so that they compare."""
    return tuple(
        Field(name, canonical(str(item.get("Type") or "")))
        for item in columns
        if (name := catalogue_name(str(item["Name"]))) not in OWN
    )


def expected_fields(table: Table) -> tuple[Field, ...]:
    """What the Data Catalog should have of a contract's table."""
    return tuple(Field(column.name, canonical(hive_type(column.plain_type))) for column in table.lake_columns)


def canonical(hive: str) -> str:
    """The PostgreSQL type whose widenings are those of the Hive type."""
    decimal = _DECIMAL.fullmatch(hive)
    return f"numeric({decimal.group(1)},{decimal.group(2)})" if decimal else _CANONICAL.get(hive, hive)


def registered_changes(catalog: SchemaCatalog, table: Table) -> list[Change]:
    """How the registered table differs from its contract, the side before; [] when it is not registered yet."""
    present = catalog.table(registered_name(table))
    if present is None:
        return []
    return changes(table.name, expected_fields(table), registered_fields(storage_of(present).get("Columns") or ()))


def versions(catalog: SchemaCatalog, table: Table) -> list[Version]:
    """The registered versions, the oldest first; [] when the table is not registered."""
    return history(table.name, catalog.versions(registered_name(table)))


def history(table: str, found: Sequence[Document]) -> list[Version]:
    """What each version changed; those that changed no column of the table's are left out, but for the first."""
    kept: list[Version] = []
    before: tuple[Field, ...] | None = None
    for item in found:
        described = item["Table"]
        fields = registered_fields(storage_of(described).get("Columns") or ())
        changed = () if before is None else tuple(changes(table, before, fields))
        if before is None or changed:
            moment = described.get("UpdateTime") or described.get("CreateTime")
            at = moment.isoformat(timespec="seconds") if moment else ""
            kept.append(Version(int(item["VersionId"]), at, len(fields), changed))
        before = fields
    return kept
