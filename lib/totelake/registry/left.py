"""What verdicts left of a source's tables: the schemas and the partitions of their objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from totelake.lake.partitions import partition_locations
from totelake.lake.records.verdict import Verdict
from totelake.registry.placement import schemas_by_table, schemas_of_objects
from totelake.schemas.columns import Columns, TableSchema

Locations = dict[tuple[str, ...], str]
"""Locations of partitions by their values."""


@dataclass(frozen=True)
class Left:
    """What verdicts left of a table: the schemas of its objects in their order, and its partitions' locations."""

    schemas: list[Columns] = field(default_factory=list)
    locations: Locations = field(default_factory=dict)

    @property
    def has_objects(self) -> bool:
        """Whether any verdict gave the table objects: without them there is nothing to register."""
        return bool(self.schemas or self.locations)


def accepted_schemas(verdict: Verdict, source: str) -> dict[str, list[TableSchema]]:
    """By table the schemas of the objects that a verdict gives it, in their order."""
    return schemas_by_table(schemas_of_objects(verdict.objects_of(source)))


def locations_of(verdict: Verdict, source: str, bucket: str) -> dict[str, Locations]:
    """By table the partitions that a verdict gives it."""
    found: dict[str, Locations] = {}
    for (_, name), item in verdict.objects_of(source).items():
        found.setdefault(name, {}).update(partition_locations(bucket, item.objects))
    return found


def left_by(verdicts: Iterable[Verdict], source: str, bucket: str, names: Collection[str]) -> dict[str, Left]:
    """What verdicts, in their order, left of these tables."""
    left = {name: Left() for name in names}
    for verdict in verdicts if left else ():
        for name, schemas in accepted_schemas(verdict, source).items():
            if name in left:
                left[name].schemas.extend(schema.columns for schema in schemas)
        for name, locations in locations_of(verdict, source, bucket).items():
            if name in left:
                left[name].locations.update(locations)
    return left


def without_objects(left: Mapping[str, Left]) -> frozenset[str]:
    """The tables that no verdict gave objects."""
    return frozenset(name for name, found in left.items() if not found.has_objects)
