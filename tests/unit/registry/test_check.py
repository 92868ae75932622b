"""The schemas of what a verdict puts in place."""

from __future__ import annotations

from totelake.lake.manifest import LakeObject, TableCommit
from totelake.lake.records.batch import with_schema
from totelake.registry.placement import schemas_of_objects
from totelake.schemas.columns import SourceColumn, TableSchema

IN_TABLE: dict[str, str] = {"ingested_on": "2026-11-24"}
APART: dict[str, str] = {}


def brought(fingerprint: str, *partitions: dict[str, str], quarantined: int = 0) -> TableCommit:
    """What one batch brought of a table: an object for each of these partitions, and rows that could not be read."""
    objects = tuple(LakeObject("s", "k", 1, 1, "", partition) for partition in partitions)
    schema = TableSchema(fingerprint, (SourceColumn(fingerprint, "text", False),))
    return with_schema(TableCommit(objects, len(objects), quarantined=quarantined), schema)


def found(**tables: TableCommit) -> list[tuple[str, str, bool]]:
    """The schemas of a verdict on these tables, named `b<batch>_<table>`."""
    places = {(int(batch[1:]), table): item for name, item in tables.items() for batch, table in [name.split("_", 1)]}
    return [(item.table, item.schema.fingerprint, item.is_accepted) for item in schemas_of_objects(places)]


def test_each_schema_is_named_once_that_of_the_newest_batch_last() -> None:
    verdict = {"b9_staff": brought("old", IN_TABLE), "b10_staff": brought("new", IN_TABLE)}
    assert found(**verdict) == [("staff", "old", True), ("staff", "new", True)]
    assert found(**verdict, b11_staff=brought("old", IN_TABLE)) == [("staff", "new", True), ("staff", "old", True)]


def test_a_schema_of_which_anything_went_to_the_table_is_accepted() -> None:
    assert found(b1_staff=brought("a", IN_TABLE), b2_staff=brought("a", APART)) == [("staff", "a", True)]
    assert found(b1_staff=brought("a", APART)) == [("staff", "a", False)]


def test_a_batch_of_nothing_but_unreadable_rows_hides_no_schema_before_it() -> None:
    assert found(b1_staff=brought("a", IN_TABLE), b2_staff=brought("a", quarantined=1)) == [("staff", "a", True)]
    assert found(b1_staff=brought("a", quarantined=1)) == []
