"""What a crawl finds, and which types Hive has."""

from __future__ import annotations

import pyarrow as pa
import pytest

from localglue.discovery import CrawledFile, is_crawled, parse_target, partition_of, table_name, table_of_files
from localglue.errors import InvalidInput
from localglue.footers import Footer, UnknownType, hive_type
from localglue.globs import is_excluded


def file(relative: str, columns: dict[str, str], modified: float = 0) -> CrawledFile:
    """A file of 10 bytes and 2 rows."""
    return CrawledFile(relative, 10, modified, Footer(tuple(columns.items()), 2))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pa.int8(), "tinyint"),
        (pa.uint8(), "smallint"),
        (pa.int16(), "smallint"),
        (pa.int32(), "int"),
        (pa.int64(), "bigint"),
        (pa.uint64(), "decimal(20,0)"),
        (pa.float32(), "float"),
        (pa.float64(), "double"),
        (pa.bool_(), "boolean"),
        (pa.string(), "string"),
        (pa.large_string(), "string"),
        (pa.binary(), "binary"),
        (pa.date32(), "date"),
        (pa.timestamp("us"), "timestamp"),
        (pa.timestamp("ms", "UTC"), "timestamp"),
        (pa.decimal128(10, 2), "decimal(10,2)"),
        (pa.dictionary(pa.int32(), pa.string()), "string"),
        (pa.list_(pa.int32()), "array<int>"),
        (pa.map_(pa.string(), pa.list_(pa.bool_())), "map<string,array<boolean>>"),
        (pa.struct([("a", pa.int32()), ("b", pa.struct([("c", pa.date32())]))]), "struct<a:int,b:struct<c:date>>"),
    ],
)
def test_every_parquet_type_has_its_hive_type(kind: pa.DataType, name: str) -> None:
    assert hive_type(kind) == name


@pytest.mark.parametrize("kind", [pa.time64("us"), pa.float16(), pa.duration("s"), pa.null(), pa.list_(pa.time32("s"))])
def test_a_type_without_a_hive_type_is_an_error(kind: pa.DataType) -> None:
    with pytest.raises(UnknownType, match="has no Hive type; write the column with another type"):
        hive_type(kind)


@pytest.mark.parametrize(
    ("path", "found"),
    [("s3://b", ("b", "")), ("s3://b/", ("b", "")), ("s3://b/a/t", ("b", "a/t/")), ("s3://b/a/t/", ("b", "a/t/"))],
)
def test_a_target_is_a_bucket_and_a_folder(path: str, found: tuple[str, str]) -> None:
    assert parse_target(path) == found


@pytest.mark.parametrize("path", ["b/t", "s3://", "s3a://b"])
def test_a_target_must_be_an_s3_address(path: str) -> None:
    with pytest.raises(InvalidInput, match="is not an s3:// address"):
        parse_target(path)


@pytest.mark.parametrize(
    ("prefix", "base", "name"),
    [("", "a/t/", "t"), ("raw_", "a/Sales-Order/", "raw_sales_order"), ("", "", "my_bucket"), ("X", "t/", "xt")],
)
def test_a_table_is_named_after_its_last_folder(prefix: str, base: str, name: str) -> None:
    assert table_name(prefix, "My-bucket", base) == name


def test_folders_are_partition_keys() -> None:
    assert partition_of("day=1/Hour=a%3Ab/x.parquet") == (("day", "hour"), ("1", "a:b"))
    assert partition_of("2026/11/x.parquet") == (("partition_0", "partition_1"), ("2026", "11"))
    assert partition_of("x.parquet") == ((), ())


@pytest.mark.parametrize(
    ("glob", "covered", "free"),
    [
        ("*.csv", ["a.csv"], ["a/b.csv", "a.csv.gz"]),
        ("**.csv", ["a.csv", "a/b/c.csv"], ["a.csvx"]),
        ("a/**", ["a/b", "a/b/c"], ["ab/c"]),
        ("a/*/c", ["a/b/c"], ["a/b/b/c", "a/c"]),
        ("?.[!a-c]", ["x.d"], ["x.a", "xx.d", "/.d"]),
        ("{a,b*}/x", ["a/x", "bcd/x"], ["c/x", "b/c/x"]),
        (r"\*.[x]", ["*.x"], ["a.x"]),
    ],
)
def test_exclusions_are_glue_s_globs(glob: str, covered: list[str], free: list[str]) -> None:
    assert [path for path in [*covered, *free] if is_excluded(path, (glob,))] == covered


def test_hidden_objects_and_folder_markers_are_not_crawled() -> None:
    paths = ["a.parquet", "", "day=1/", "_SUCCESS", "_temporary/0/a.parquet", "day=1/.a.parquet", "day=1/a.parquet"]
    assert [path for path in paths if is_crawled(path, ())] == ["a.parquet", "day=1/a.parquet"]


def test_files_are_counted_for_the_table_and_for_their_partition() -> None:
    found = table_of_files(
        "t", "s3://b/t/", [file("d=1/a", {"x": "int"}), file("d=1/b", {"x": "int"}), file("d=2/a", {"x": "int"})]
    )
    assert found is not None
    assert (found.keys, found.content.objects, found.content.rows, found.content.bytes) == (("d",), 3, 6, 30)
    assert {values: (at, part.objects, part.rows) for values, (at, part) in found.partitions.items()} == {
        ("1",): ("s3://b/t/d=1/", 2, 4),
        ("2",): ("s3://b/t/d=2/", 1, 2),
    }


def test_columns_are_in_order_of_age_and_the_newest_type_wins() -> None:
    files = [file("a", {"x": "bigint", "new": "int", "y": "int"}, 2), file("b", {"x": "int", "y": "int"}, 1)]
    found = table_of_files("t", "s3://b/t/", files)
    assert found is not None and list(found.content.columns.items()) == [("x", "bigint"), ("y", "int"), ("new", "int")]


def test_a_partition_key_is_not_also_a_column() -> None:
    found = table_of_files("t", "s3://b/t/", [file("d=1/a", {"x": "int", "d": "string"})])
    assert found is not None and found.content.columns == {"x": "int"}


def test_no_files_form_no_table_and_mixed_partition_keys_are_an_error() -> None:
    assert table_of_files("t", "s3://b/t/", []) is None
    with pytest.raises(InvalidInput, match=r"different partition keys \(no folder and d=\.\.\.\)"):
        table_of_files("t", "s3://b/t/", [file("a", {}), file("d=1/a", {})])
