"""Partitions follow their table: in bounded requests, whoever writes meanwhile, and never to a type of other values."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from totelake.errors import ContendedError
from totelake.lake import partition_columns
from totelake.lake.partition_columns import follow_table, partitions_behind
from totelake.lake.tables import as_input, columns_of, parquet_storage
from totelake.ports.memory import MemoryCatalog
from totelake.ports.schema_catalog import Document

Columns = list[tuple[str, str]]
NARROW: Columns = [("key", "int"), ("price", "decimal(10,2)")]
WIDE: Columns = [("key", "bigint"), ("price", "decimal(12,2)")]


class Catalog(MemoryCatalog):
    """One partitioned table; `others` write after each replacement of partitions, in turn."""

    def __init__(self, table: Columns, *partitions: Columns) -> None:
        super().__init__()
        self.others: list[Any] = []
        keys = [{"Name": "day", "Type": "string"}]
        self.create({"Name": "t", "StorageDescriptor": parquet_storage("s3://lake/t/", table), "PartitionKeys": keys})
        self.add_partitions("t", [self.part(number, columns) for number, columns in enumerate(partitions)])

    @staticmethod
    def part(number: int, columns: Columns) -> dict[str, Any]:
        """A partition with these columns."""
        storage = parquet_storage(f"s3://lake/t/{number}/", columns)
        return {"Values": [f"{number:04d}"], "StorageDescriptor": storage, "Parameters": {"note": str(number)}}

    def replace_partitions(self, name: str, partitions: Sequence[Document]) -> None:
        """Replace them, and let the next of the others write."""
        super().replace_partitions(name, partitions)
        if self.others:
            self.others.pop(0)()

    def shapes(self) -> list[Columns]:
        """The columns of every partition."""
        return [columns_of(item) for item in self.partitions("t")]


@pytest.mark.parametrize(
    ("table", "before", "after"),
    [
        (WIDE, NARROW, WIDE),
        ([*NARROW, ("more", "string")], NARROW, [*NARROW, ("more", "string")]),
        (NARROW[:1], NARROW, NARROW[:1]),
        ([("key", "int")], [("Key", "int")], [("key", "int")]),
        ([("key", "decimal(12,2)")], [("key", "int")], None),
        ([("key", "int")], [("key", "bigint")], None),
        ([("key", "decimal(12,3)")], [("key", "decimal(10,2)")], None),
        ([("key", "string"), ("more", "int")], [("key", "date")], [("key", "date"), ("more", "int")]),
    ],
    ids=["wider", "more", "fewer", "case", "other kind", "narrower", "other scale", "other kind and more"],
)
def test_a_partition_has_its_tables_columns_and_keeps_a_type_of_other_values(
    table: Columns, before: Columns, after: Columns | None
) -> None:
    catalog = Catalog(table, before)
    assert follow_table(catalog, "t") == (after is not None)
    assert catalog.shapes() == [after or before]
    assert follow_table(catalog, "t") == 0


def test_many_partitions_follow_and_keep_all_else() -> None:
    catalog = Catalog(WIDE, *[NARROW] * 1000, WIDE)
    assert len(partitions_behind(catalog, "t")) == follow_table(catalog, "t") == 1000
    found = list(catalog.partitions("t"))
    assert [columns_of(item) for item in found] == [WIDE] * 1001
    assert [item["StorageDescriptor"]["Location"] for item in found] == [f"s3://lake/t/{n}/" for n in range(1001)]
    assert [item["Parameters"] for item in found] == [{"note": str(number)} for number in range(1001)]


def test_what_another_run_put_back_or_widened_meanwhile_is_followed() -> None:
    catalog = Catalog(NARROW, NARROW)
    table = catalog.table("t")
    assert table is not None
    wider = {**as_input(table), "StorageDescriptor": parquet_storage("s3://lake/t/", WIDE)}
    catalog.replace(wider, table, keep_version=True)
    stale, widest = catalog.part(0, NARROW), [("key", "bigint"), ("price", "decimal(20,2)")]

    def widen() -> None:
        present = catalog.table("t")
        assert present is not None
        changed = {**as_input(present), "StorageDescriptor": parquet_storage("s3://lake/t/", widest)}
        assert catalog.replace(changed, present, keep_version=True)

    catalog.others = [lambda: catalog.replace_partition("t", stale), widen]
    assert follow_table(catalog, "t") == 1
    assert catalog.shapes() == [widest]


def test_a_table_that_others_change_without_end_is_said_to_be_so() -> None:
    catalog = Catalog(WIDE, NARROW)
    catalog.others = [lambda: catalog.replace_partition("t", catalog.part(0, NARROW))] * 100
    with pytest.raises(ContendedError, match="the partitions of memory.t are changed by others all the time; run"):
        follow_table(catalog, "t")


def test_a_table_that_is_not_there_or_has_no_partitions_has_none_behind() -> None:
    catalog = Catalog(WIDE, NARROW)
    catalog.create({"Name": "flat", "StorageDescriptor": parquet_storage("s3://lake/flat/", WIDE)})
    assert (follow_table(catalog, "absent"), follow_table(catalog, "flat")) == (0, 0)


def test_queries_under_way_have_time_before_partitions_and_before_what_needs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalog, done = Catalog(WIDE, NARROW), list[str]()
    clock = SimpleNamespace(sleep=lambda seconds: done.append(f"{seconds} s"))
    monkeypatch.setattr(partition_columns, "time", clock)
    monkeypatch.setattr(partition_columns, "PLANNING", 2.0)
    catalog.others = [lambda: done.append("partitions")]
    follow_table(catalog, "t")
    assert done == ["2.0 s", "partitions", "2.0 s"]
    follow_table(catalog, "t")
    assert len(done) == 3, "nobody waits where nothing changes"
