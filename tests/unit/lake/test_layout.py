"""Where the partitions of a star table lie, and when one is due to be written anew."""

from __future__ import annotations

import pytest

from totelake.lake.layout import SMALL, Layout
from totelake.lake.manifest import COMPACTION, DATA, LakeObject, TableCommit
from totelake.lake.records.star_commit import StarCommit, live_objects

TABLE = "fact_payment"


def item(month: str = "2024-08", name: str = "1-0", size: int = 10, rows: int = 1) -> LakeObject:
    partition = {"created_month": month} if month else {}
    folder = f"created_month={month}/" if month else ""
    return LakeObject(f"_inflight/{name}", f"{TABLE}/{folder}{name}.parquet", rows, size, "", partition)


def commit(number: int, *items: LakeObject, kind: str = DATA, layout: Layout | None = None) -> StarCommit:
    content = TableCommit(items, len(items))
    return StarCommit(TABLE, "source", number, kind, commit=content, layout=layout or Layout())


def test_only_small_objects_count_and_those_of_each_partition_by_themselves() -> None:
    layout = Layout().grown([item(), item(size=SMALL), item("deleted")]).grown([item(), item("2024-09")])
    assert layout.small == {"created_month=2024-08": 2, "created_month=deleted": 1, "created_month=2024-09": 1}
    assert (layout.due(2), layout.due(3)) == (["created_month=2024-08"], [])


def test_a_partition_that_was_written_anew_begins_to_count_anew() -> None:
    layout = Layout().grown([item(), item("2024-09")]).compacted(["created_month=2024-08"], 7)
    assert layout == Layout({"created_month=2024-08": 7}, {"created_month=2024-09": 1})
    assert layout.grown([item()]).due(1) == ["created_month=2024-08", "created_month=2024-09"]


def test_a_state_without_a_layout_is_one_before_the_first_compaction() -> None:
    assert Layout.of({"through": {}}) == Layout()


def test_a_layout_is_the_same_after_it_was_written_and_read() -> None:
    layout = Layout({"created_month=2024-08": 7}, {"": 3})
    assert Layout.of(layout.state()) == layout


@pytest.mark.parametrize(
    ("month", "key"),
    [
        ("2024-08", "compacted/fact_payment/000000000007/created_month=2024-08/9-0.parquet"),
        ("2024-09", "fact_payment/created_month=2024-09/9-0.parquet"),
    ],
)
def test_new_objects_go_where_their_partition_lies(month: str, key: str) -> None:
    placed = Layout({"created_month=2024-08": 7}).placed(TABLE, TableCommit((item(month, "9-0"),), 1))
    assert [found.key for found in placed.objects] == [key]


def test_a_table_without_partitions_lies_apart_from_its_former_place() -> None:
    assert (Layout().prefix("dim_staff", ""), Layout({"": 7}).prefix("dim_staff", "")) == (
        "dim_staff/",
        "compacted/dim_staff/000000000007/",
    )


def test_what_a_compaction_replaced_is_no_part_of_the_table() -> None:
    first, other, anew, later = item(name="1-0"), item("2024-09"), item(name="2-0"), item(name="3-0")
    layout = Layout({"created_month=2024-08": 2})
    log = [commit(1, first, other), commit(2, anew, kind=COMPACTION, layout=layout), commit(3, later, layout=layout)]
    assert live_objects(log) == [other, anew, later]
    assert live_objects(log[:1]) == [first, other]
    assert live_objects([]) == []
