"""Where files, Data Catalog and contracts disagree, each place with both schemas. Decides, reads nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from totelake.contracts.identifiers import namesakes
from totelake.contracts.model import Table
from totelake.contracts.types import hive_type
from totelake.lake.partitions import METADATA
from totelake.lake.tables import location_of, misleading_parameters, storage_differences, storage_of
from totelake.ports.schema_catalog import Document
from totelake.registry.register import hive_columns, types_of
from totelake.registry.registered import OWN, canonical, expected_fields, registered_fields
from totelake.schemas.changes import changes, holds
from totelake.schemas.columns import Columns
from totelake.schemas.widening import SAME, WIDENED, relation

HiveTypes = Mapping[str, str]
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


def hive_types_of(described: Document) -> dict[str, str]:
    """The columns of a table or partition of the Data Catalog."""
    return types_of(storage_of(described).get("Columns") or ())


def known_columns(table: Table, schemas: Iterable[Columns]) -> dict[str, set[str]]:
    """What the contract and the schemas of batches say a table may have, by the Data Catalog's names."""
    known = {column.name: {hive_type(column.plain_type)} for column in table.lake_columns}
    for schema in schemas:
        for name, kind in hive_columns(schema).items():
            known.setdefault(name, set()).add(kind)
    return known


def of_columns(where: str, side: str, found: HiveTypes, registered: HiveTypes, known: Known) -> list[Disagreement]:
    """Columns of a file or partition that the registered table does not have, or not so that it can read them."""
    wrong = [
        f"{name} is {kind}, registered as {registered.get(name, 'nothing')}"
        for name, kind in found.items()
        if name not in OWN and not _reads(kind, registered.get(name), known.get(name, ()))
    ]
    return [_of_schemas(where, "; ".join(wrong), side, found, registered)] if wrong else []


def of_file(
    where: str, found: HiveTypes, registered: HiveTypes, known: Known, key: Sequence[str]
) -> list[Disagreement]:
    """A file that is not what a batch of the table looks like: as `of_columns`, or without what all of them have."""
    lacks = [name for name in (*key, *(name for name, _ in METADATA)) if name not in found]
    if lacks:
        what = f"no batch of this table, it has no {', '.join(lacks)}; remove it"
        return [_of_schemas(where, what, "file", found, registered)]
    return of_columns(where, "file", found, registered, known)


def _reads(kind: str, registered: str | None, known: Collection[str]) -> bool:
    if registered is None:
        return False
    return kind in known or relation(canonical(kind), canonical(registered)) in (SAME, WIDENED)


def of_registered(table: Table, present: Document, location: str, known: Known) -> list[Disagreement]:
    """A registered table that lies elsewhere, breaks its contract, or has columns that no batch brought."""
    where, found = f"registered table {present['Name']}", hive_types_of(present)
    columns = storage_of(present).get("Columns") or ()
    expected = {column.name: hive_type(column.plain_type) for column in table.lake_columns}
    disagreements = []
    lies = location_of(present)
    if lies.rstrip("/") != location.rstrip("/"):
        what = f"it lies at {lies or 'no place'}, its objects at {location}; correct its location"
        disagreements.append(Disagreement(where, what))
    misleading = ", ".join(f"{name}={value}" for name, value in misleading_parameters(present).items())
    if misleading:
        disagreements.append(Disagreement(where, f"by {misleading} it is read as something else; repair it"))
    before, after = expected_fields(table), registered_fields(columns)
    twice = namesakes(str(item["Name"]) for item in columns)
    if twice:
        what = f"it has {', '.join(twice)} more than once but for case, which Athena refuses; repair it"
        disagreements.append(Disagreement(where, what))
    held = holds(changes(table.name, before, after), table.policy)
    # a later contract may have other types; `totelake drift` reports a type that a batch brought in between
    breaking = [change for change in held if found.get(change.column) not in known.get(change.column, ())]
    if breaking:
        what = "; ".join(map(str, breaking))
        disagreements.append(_of_schemas(where, what, "registered", found, expected, "contract"))
    foreign = foreign_columns(found, known)
    if foreign:
        what = f"{', '.join(foreign)} came from a file that no batch brought, not from the source"
        disagreements.append(_of_schemas(where, what, "registered", found, expected, "contract"))
    return disagreements


def foreign_columns(found: HiveTypes, known: Known) -> list[str]:
    """Registered columns that neither the contract nor a batch has."""
    return [name for name in found if name not in known and name not in OWN]


def readable_columns(present: Document, known: Known) -> HiveTypes:
    """The columns that files and partitions of a registered table have to fit: its own.

    Where it has none, that is told of the table itself, and they have to fit what is known.
    """
    return hive_types_of(present) or {name: sorted(kinds)[0] for name, kinds in known.items()}


def by_location(partitions: Iterable[Document]) -> dict[str, Document]:
    """Partitions by location, one without a location by its name."""
    return {location_of(item) or partition_name(item): item for item in partitions}


def partition_name(partition: Document) -> str:
    """A partition's values and table, in words."""
    return f"{'/'.join(partition['Values'])} of {partition['TableName']}"


def of_partitions(
    table: str, folders: Mapping[str, bool], registered: Mapping[str, Document], columns: HiveTypes, known: Known
) -> list[Disagreement]:
    """Partitions against the folders that hold objects (True: long enough to be registered), both by location."""
    disagreements = [
        Disagreement(f"partition {location}", f"its objects are in no registered partition of {table}; repair it")
        for location, is_settled in sorted(folders.items())
        if is_settled and location not in registered
    ]
    for location, partition in sorted(registered.items()):
        where = f"partition {location}"
        if location not in folders:
            disagreements.append(Disagreement(where, f"registered for {table}, but it has no objects"))
        disagreements += of_columns(where, "partition", hive_types_of(partition), columns, known)
    return disagreements


def of_places(partitions: Iterable[Document], places: Mapping[tuple[str, ...], str]) -> list[Disagreement]:
    """Partitions that lie elsewhere than their objects, or are none of parquet; `places` has locations by values."""
    disagreements = []
    for item in partitions:
        values, storage = tuple(item["Values"]), storage_of(item)
        if values in places and storage_differences(storage, places[values]):
            lies = f"{storage.get('InputFormat') or 'of no format'} at {location_of(item) or 'no place'}"
            what = f"it is {lies}, its objects are parquet at {places[values]}; repair it"
            disagreements.append(Disagreement(f"partition {partition_name(item)}", what))
    return disagreements


def of_unknown_tables(present: Iterable[Document], names: Collection[str]) -> list[Disagreement]:
    """Tables that a crawler made for what no contract names, as it does when names collide."""
    return [
        Disagreement(
            f"registered table {item['Name']}",
            f"no contract names it, and it lies at {location_of(item) or 'no place'}; remove it",
        )
        for item in present
        if item["Name"] not in names and "UPDATED_BY_CRAWLER" in (item.get("Parameters") or {})
    ]


def _of_schemas(
    where: str, what: str, side: str, left: HiveTypes, right: HiveTypes, other: str = "registered"
) -> Disagreement:
    return Disagreement(where, what, f"{side}: {_words(left)}", f"{other}: {_words(right)}")


def _words(columns: HiveTypes) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())
