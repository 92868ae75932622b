"""What every SchemaCatalog does: inherited by the tests of each implementation, which give the fixture `catalog`.

Where implementations differ, what the API reference of AWS Glue documents decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from totelake.errors import ConfigurationError, LakeError
from totelake.lake.tables import as_input, change_table, parquet_storage
from totelake.ports.schema_catalog import SchemaCatalog


def table_input(name: str = "design", column: str = "design_id", **parameters: str) -> dict[str, Any]:
    """A table with one column, partitioned by day."""
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", **parameters},
        "StorageDescriptor": parquet_storage(f"s3://lake/{name}/", [(column, "int")]),
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
    }


def partition(day: str, place: str = "") -> dict[str, Any]:
    """A partition of such a table."""
    location = f"s3://lake/{place or day}/"
    return {"Values": [day], "StorageDescriptor": parquet_storage(location, [("design_id", "int")])}


def columns_of(table: Mapping[str, Any] | None) -> list[str]:
    """The names of a table's columns."""
    assert table is not None
    return [column["Name"] for column in table["StorageDescriptor"]["Columns"]]


def read(catalog: SchemaCatalog, name: str = "design") -> Mapping[str, Any]:
    """A table that is there."""
    found = catalog.table(name)
    assert found is not None
    return found


def places_of(catalog: SchemaCatalog, name: str = "design") -> dict[str, str]:
    """The locations of a table's partitions."""
    return {item["Values"][0]: item["StorageDescriptor"]["Location"] for item in catalog.partitions(name)}


class TableBehaviour:
    """Tables: created once, replaced whole, read as they were written."""

    def test_a_table_is_read_as_it_was_created(self, catalog: SchemaCatalog) -> None:
        assert catalog.create(table_input()) is True
        assert as_input(read(catalog)) == table_input()
        assert read(catalog)["DatabaseName"] == catalog.database

    def test_a_table_is_created_once(self, catalog: SchemaCatalog) -> None:
        catalog.create(table_input())
        assert catalog.create(table_input(column="other")) is False
        assert columns_of(catalog.table("design")) == ["design_id"]

    def test_an_unknown_table_is_none_and_has_nothing(self, catalog: SchemaCatalog) -> None:
        assert catalog.table("absent") is None
        assert (list(catalog.versions("absent")), list(catalog.partitions("absent"))) == ([], [])

    def test_all_tables_are_listed_views_too(self, catalog: SchemaCatalog) -> None:
        assert list(catalog.tables()) == []
        catalog.create(table_input("staff"))
        view = {"Name": "current_staff", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": "/* Presto View: x */"}
        catalog.create(view)
        assert {table["Name"]: table["TableType"] for table in catalog.tables()} == {
            "staff": "EXTERNAL_TABLE", "current_staff": "VIRTUAL_VIEW",
        }  # fmt: skip
        assert read(catalog, "current_staff")["ViewOriginalText"] == view["ViewOriginalText"]

    def test_a_table_is_replaced_whole(self, catalog: SchemaCatalog) -> None:
        catalog.create(table_input(note="kept"))
        assert catalog.replace(table_input(column="other"), read(catalog), keep_version=False) is True
        assert columns_of(catalog.table("design")) == ["other"]
        assert read(catalog)["Parameters"] == {"classification": "parquet"}

    def test_what_others_have_set_survives_a_change_of_what_was_read(self, catalog: SchemaCatalog) -> None:
        catalog.create({**table_input(UPDATED_BY_CRAWLER="crawler"), "Owner": "somebody", "Description": "Designs."})
        before = read(catalog)
        changed = as_input(before)
        changed["StorageDescriptor"] = parquet_storage("s3://elsewhere/", [("design_id", "bigint")])
        assert catalog.replace(changed, before, keep_version=True) is True
        after = read(catalog)
        assert (after["Parameters"]["UPDATED_BY_CRAWLER"], after["Owner"], after["Description"]) == (
            "crawler", "somebody", "Designs.",
        )  # fmt: skip
        assert after["StorageDescriptor"]["Location"] == "s3://elsewhere/"

    def test_a_table_that_is_not_there_cannot_be_replaced(self, catalog: SchemaCatalog) -> None:
        catalog.create(table_input())
        with pytest.raises(LakeError, match="UpdateTable failed"):
            catalog.replace(table_input("absent"), read(catalog), keep_version=False)

    @pytest.mark.parametrize(
        "wrong", [{"TableType": "EXTERNAL_TABLE"}, {"Name": "x", "VersionId": "1"}, {"Name": "x", "Misspelt": {}}]
    )
    def test_what_is_no_input_of_a_table_is_refused(self, catalog: SchemaCatalog, wrong: Mapping[str, Any]) -> None:
        catalog.create(table_input())
        with pytest.raises(ConfigurationError, match="AWS was not asked: "):
            catalog.create(wrong)
        with pytest.raises(ConfigurationError, match="AWS was not asked: "):
            catalog.replace(wrong, read(catalog), keep_version=False)
        assert [table["Name"] for table in catalog.tables()] == ["design"]

    def test_a_table_as_it_was_read_is_no_input(self, catalog: SchemaCatalog) -> None:
        catalog.create(table_input())
        with pytest.raises(ConfigurationError, match="AWS was not asked: "):
            catalog.replace(read(catalog), read(catalog), keep_version=False)

    def test_what_was_read_does_not_change_with_the_table(self, catalog: SchemaCatalog) -> None:
        given = table_input()
        catalog.create(given)
        given["Parameters"]["changed"] = "later"
        read(catalog)["StorageDescriptor"]["Columns"].clear()
        assert as_input(read(catalog)) == table_input()


class PartitionBehaviour:
    """Partitions: added where they are missing, replaced one by one."""

    @pytest.fixture(autouse=True)
    def table(self, catalog: SchemaCatalog) -> None:
        catalog.create(table_input())

    def test_partitions_are_read_as_they_were_added(self, catalog: SchemaCatalog) -> None:
        catalog.add_partitions("design", [partition("1"), partition("2")])
        assert places_of(catalog) == {"1": "s3://lake/1/", "2": "s3://lake/2/"}

    def test_a_partition_that_is_there_stays(self, catalog: SchemaCatalog) -> None:
        catalog.add_partitions("design", [partition("1")])
        catalog.add_partitions("design", [partition("1", "elsewhere"), partition("2")])
        assert places_of(catalog) == {"1": "s3://lake/1/", "2": "s3://lake/2/"}

    def test_none_and_many_can_be_added(self, catalog: SchemaCatalog) -> None:
        catalog.add_partitions("design", [])
        # AWS Glue takes 100 in one request
        catalog.add_partitions("design", [partition(f"{number:03d}") for number in range(205)])
        assert len(list(catalog.partitions("design"))) == 205

    def test_partitions_of_an_unknown_table_are_refused(self, catalog: SchemaCatalog) -> None:
        with pytest.raises(LakeError, match="BatchCreatePartition failed"):
            catalog.add_partitions("absent", [partition("1")])

    def test_a_partition_is_replaced_and_no_other(self, catalog: SchemaCatalog) -> None:
        catalog.add_partitions("design", [partition("1"), partition("2")])
        moved = {**partition("1", "elsewhere"), "Parameters": {"moved_at": "now"}}
        assert catalog.replace_partition("design", moved) is True
        assert places_of(catalog) == {"1": "s3://lake/elsewhere/", "2": "s3://lake/2/"}
        found = {item["Values"][0]: item.get("Parameters") or {} for item in catalog.partitions("design")}
        assert found == {"1": {"moved_at": "now"}, "2": {}}

    @pytest.mark.parametrize("name", ["design", "absent"])
    def test_a_partition_that_is_not_there_cannot_be_replaced(self, catalog: SchemaCatalog, name: str) -> None:
        assert catalog.replace_partition(name, partition("9")) is False
        assert places_of(catalog) == {}

    def test_partitions_are_replaced_where_they_are(self, catalog: SchemaCatalog) -> None:
        catalog.add_partitions("design", [partition(f"{number:03d}") for number in range(205)])
        moved = [partition(f"{number:03d}", f"elsewhere/{number}") for number in range(100, 300)]
        catalog.replace_partitions("design", [])
        catalog.replace_partitions("design", moved)
        catalog.replace_partitions("absent", moved)
        found = places_of(catalog)
        assert (len(found), found["099"], found["204"]) == (205, "s3://lake/099/", "s3://lake/elsewhere/204/")

    def test_a_partition_as_it_was_read_is_no_input(self, catalog: SchemaCatalog) -> None:
        catalog.add_partitions("design", [partition("1")])
        (found,) = catalog.partitions("design")
        with pytest.raises(ConfigurationError, match="AWS was not asked: "):
            catalog.add_partitions("design", [found])
        with pytest.raises(ConfigurationError, match="AWS was not asked: "):
            catalog.replace_partition("design", found)
        with pytest.raises(ConfigurationError, match="AWS was not asked: "):
            catalog.replace_partitions("design", [found])
        assert places_of(catalog) == {"1": "s3://lake/1/"}

    def test_partitions_outlive_a_change_of_their_table(self, catalog: SchemaCatalog) -> None:
        catalog.add_partitions("design", [partition("1")])
        catalog.replace(table_input(column="other"), read(catalog), keep_version=True)
        assert places_of(catalog) == {"1": "s3://lake/1/"}


class HistoryBehaviour:
    """The lock over the version that was read, and the versions that are kept.

    UpdateTable documents both (`VersionId`, `SkipArchive`). moto ignores them, so its tests do not inherit this.
    """

    def test_a_table_that_was_changed_since_it_was_read_is_not_replaced(self, catalog: SchemaCatalog) -> None:
        catalog.create(table_input())
        before = read(catalog)
        assert catalog.replace(table_input(column="theirs"), before, keep_version=False) is True
        assert catalog.replace(table_input(column="mine"), before, keep_version=False) is False
        assert columns_of(catalog.table("design")) == ["theirs"]
        assert catalog.replace(table_input(column="mine"), read(catalog), keep_version=False) is True

    def test_only_versions_that_are_to_be_kept_are_in_the_history(self, catalog: SchemaCatalog) -> None:
        catalog.create(table_input(column="a"))
        for column, keep_version in (("b", True), ("c", False), ("d", True), ("e", False)):
            catalog.replace(table_input(column=column), read(catalog), keep_version)
        found = catalog.versions("design")
        assert [columns_of(version["Table"]) for version in found] == [["a"], ["c"], ["e"]]
        assert found[-1]["VersionId"] == read(catalog)["VersionId"]

    def test_every_change_has_a_higher_version(self, catalog: SchemaCatalog) -> None:
        catalog.create(table_input())
        seen = [int(read(catalog)["VersionId"])]
        for keep_version in (True, False, True):
            catalog.replace(table_input(), read(catalog), keep_version)
            seen.append(int(read(catalog)["VersionId"]))
        assert seen == sorted(set(seen))

    def test_a_change_that_lost_a_race_is_decided_anew(self, catalog: SchemaCatalog) -> None:
        catalog.create(table_input())
        seen: list[list[str]] = []

        def decide(present: Mapping[str, Any] | None) -> Mapping[str, Any]:
            seen.append(columns_of(present))
            if len(seen) == 1:
                catalog.replace(table_input(column="theirs"), read(catalog), keep_version=False)
            return table_input(column="mine")

        assert change_table(catalog, "design", decide, keep_version=False, sleep=lambda _: None) is True
        assert (seen, columns_of(catalog.table("design"))) == ([["design_id"], ["theirs"]], ["mine"])
