"""Where files, catalogue and contracts do not agree, each told with both schemas. Decides, reads nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from totelake.contracts.model import Table
from totelake.contracts.types import hive_type
from totelake.lake.partitions import METADATA
from totelake.registry.registered import OWN, canonical, expected_fields, registered_fields
from totelake.schemas.changes import changes, holds
from totelake.schemas.widening import SAME, WIDENED, relation

Columns = Mapping[str, str]
"""Hive types by column."""
Known = Mapping[str, Collection[str]]
"""By column every Hive type that the contract or an accepted batch gave it."""


@dataclass(frozen=True)
class Disagreement:
    """One place where two sides differ: where, what, and both schemas when it is about schemas."""

    where: str
    what: str
    left: str = ""
    right: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"\n  {self.left}\n  {self.right}" if self.left else "")


def columns_of(described: Mapping[str, Any]) -> dict[str, str]:
    """The columns of a table or partition of the Data Catalog."""
    return {str(item["Name"]): str(item["Type"]) for item in described["StorageDescriptor"]["Columns"]}


def known_columns(table: Table, schemas: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, set[str]]:
    """What the contract and the schemas of accepted batches (name, type, enum) say a table may have."""
    known = {column.name: {hive_type(column.type)} for column in table.lake_columns}
    for schema in schemas:
        for column in schema:
            kind = "string" if column.get("enum") else hive_type(str(column["type"]))
            known.setdefault(str(column["name"]), set()).add(kind)
    return known


def of_columns(where: str, side: str, found: Columns, registered: Columns, known: Known) -> list[Disagreement]:
    """Columns of a file or partition that the registered table does not have, or not so that it can read them."""
    wrong = [
        f"{name} is {kind}, registered as {registered.get(name, 'nothing')}"
        for name, kind in found.items()
        if name not in OWN and not _reads(kind, registered.get(name), known.get(name, ()))
    ]
    return [_told(where, "; ".join(wrong), side, found, registered)] if wrong else []


def of_file(where: str, found: Columns, registered: Columns, known: Known, key: str) -> list[Disagreement]:
    """A file that is not what a batch of the table looks like: as `of_columns`, or without what all of them have."""
    lacks = [name for name in (key, *(name for name, _ in METADATA)) if name not in found]
    if lacks:
        what = f"no batch of this table, it has no {', '.join(lacks)}; remove it"
        return [_told(where, what, "file", found, registered)]
    return of_columns(where, "file", found, registered, known)


def _reads(kind: str, registered: str | None, known: Collection[str]) -> bool:
    if registered is None:
        return False
    return kind in known or relation(canonical(kind), canonical(registered)) in (SAME, WIDENED)


def of_registered(table: Table, present: Mapping[str, Any], location: str, known: Known) -> list[Disagreement]:
    """A registered table that lies elsewhere, breaks its contract, or has columns that no batch brought."""
    where, found = f"registered table {present['Name']}", columns_of(present)
    expected = {column.name: hive_type(column.type) for column in table.lake_columns}
    told = []
    lies = present["StorageDescriptor"].get("Location", "")
    if lies.rstrip("/") != location.rstrip("/"):
        told.append(Disagreement(where, f"it lies at {lies}, its objects at {location}; correct its location"))
    before, after = expected_fields(table), registered_fields(present["StorageDescriptor"]["Columns"])
    held = holds(changes(table.name, before, after), table.policy)
    # a later contract may have other types; a type that a batch brought in between is told by `totelake drift`
    breaking = [change for change in held if found.get(change.column) not in known.get(change.column, ())]
    if breaking:
        told.append(_told(where, "; ".join(map(str, breaking)), "registered", found, expected, "contract"))
    alien = unknown_columns(found, known)
    if alien:
        what = f"{', '.join(alien)} came from a file that no batch brought, not from the source"
        told.append(_told(where, what, "registered", found, expected, "contract"))
    return told


def unknown_columns(found: Columns, known: Known) -> list[str]:
    """Registered columns that neither the contract nor an accepted batch has."""
    return [name for name in found if name not in known and name not in OWN]


def of_partitions(
    table: str, folders: Mapping[str, bool], registered: Mapping[str, Mapping[str, Any]], columns: Columns, known: Known
) -> list[Disagreement]:
    """Partitions against the folders that hold objects (True: long enough to be registered), both by location."""
    told = [
        Disagreement(f"partition {location}", f"its objects are in no registered partition of {table}; repair it")
        for location, is_settled in sorted(folders.items())
        if is_settled and location not in registered
    ]
    for location, partition in sorted(registered.items()):
        if location not in folders:
            told.append(Disagreement(f"partition {location}", f"registered for {table}, but it has no objects"))
        told += of_columns(f"partition {location}", "partition", columns_of(partition), columns, known)
    return told


def _told(where: str, what: str, side: str, left: Columns, right: Columns, other: str = "registered") -> Disagreement:
    return Disagreement(where, what, f"{side}: {_words(left)}", f"{other}: {_words(right)}")


def _words(columns: Columns) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())
