"""Sources and sinks of files: formats, their options, choices of what does not fit, and tables of written files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from awsglue.catalog import Partition, Table, folder_of
from awsglue.data_source import CatalogSource
from awsglue.gluetypes import Field, LongType, StringType, StructType
from awsglue.objects import files_of
from awsglue.tables import Written

from tests.integration.localglue_awsglue.conftest import records, types
from tests.integration.star.samples import OPEN_SOCKETS

pytestmark = OPEN_SOCKETS

Write = Callable[..., str]


def read(context: Any, folder: str, format: str, options: dict[str, Any] | None = None, **connection: Any) -> Any:
    """The frame of a folder."""
    return context.create_dynamic_frame.from_options("s3", {"paths": [folder], **connection}, format, options or {})


def test_json_has_the_types_of_all_records_and_bad_lines_are_errors(context: Any, files: Write) -> None:
    folder = files(**{"a.json": '{"id": 1, "v": 1}\n{"id": 2, "v": "x"}\nnot json\n', "b.json": '[{"id": 3}]\n'})
    found = read(context, folder, "json")
    assert types(found) == {"id": "int", "v": "choice"}
    assert records(found) == [{"id": 1, "v": 1}, {"id": 2, "v": "x"}, {"id": 3, "v": None}]
    assert found.errorsCount() == 1


def test_a_json_path_leads_to_the_records(context: Any, files: Write) -> None:
    folder = files(**{"a.json": '{"page": {\n"rows": [{"id": 1}, {"id": 2}]}}'})
    found = read(context, folder, "json", {"jsonPath": "$.page.rows[*]", "multiLine": True})
    assert records(found) == [{"id": 1}, {"id": 2}]


def test_csv_is_text_with_the_names_of_its_header(context: Any, files: Write) -> None:
    folder = files(**{"a.csv": 'id|text\n1|"a|b"\n'})
    options = {"withHeader": True, "separator": "|"}
    assert records(read(context, folder, "csv", options)) == [{"id": "1", "text": "a|b"}]
    assert list(types(read(context, folder, "csv", {"separator": "|"}))) == ["col0", "col1"]


def test_each_file_of_csv_has_its_own_header(context: Any, files: Write) -> None:
    folder = files(
        **{
            "a.csv": "id,name\n1,a\n",
            "b.csv": "NAME,id\nb,2\n",
            "c.csv": "id,more\n3,x\n",
            "d[1].csv": "id,name\n4,d\n",
        }
    )
    found = read(context, folder, "csv", {"withHeader": True})
    assert records(found) == [
        {"id": "1", "name": "a", "more": None}, {"id": "2", "name": "b", "more": None},
        {"id": "3", "name": None, "more": "x"}, {"id": "4", "name": "d", "more": None}
    ]  # fmt: skip
    plain = read(context, files(**{"e.csv": "1\n", "f.csv": "2,y,z\n"}), "csv", exclusions='["**/{a,b,c,d}*"]')
    assert [list(one) for one in records(plain)][0] == ["col0", "col1", "col2"]


@pytest.mark.parametrize("format", ["parquet", "orc", "json"])
def test_a_file_is_itself_whatever_its_name(
    context: Any, frame: Callable[..., Any], tmp_path: Path, format: str
) -> None:
    context.write_dynamic_frame.from_options(frame({"id": 1}), "s3", {"path": str(tmp_path)}, format)
    part = next(tmp_path.glob("part-*"))
    part.rename(part.with_name(f"a[1-2]{{b}}*.{format}"))
    assert records(read(context, str(tmp_path), format)) == [{"id": 1}]


def test_text_keeps_its_white_space_in_csv(context: Any, frame: Callable[..., Any], tmp_path: Path) -> None:
    context.write_dynamic_frame.from_options(frame({"id": 1, "t": "  a \t"}), "s3", {"path": str(tmp_path)}, "csv")
    assert records(read(context, str(tmp_path), "csv", {"withHeader": True})) == [{"id": "1", "t": "  a \t"}]


def test_a_source_without_new_files_has_a_format_that_is_there(context: Any, files: Write) -> None:
    with pytest.raises(NotImplementedError, match="the format avro"):
        read(context, files(**{"a.avro": "x"}), "avro", exclusions='["**"]')


def test_a_bound_and_the_options_of_a_table_hold_without_a_bookmark(context: Any, files: Write) -> None:
    folder = files(**{"t__k=1__a.json": '{"id": 1}', "t__k=1__b.json": '{"id": 2}', "t__k=2__c.json": '{"id": 3}'})
    for keys, expected in (([], 1), ([{"Name": "k", "Type": "int"}], 1)):
        document = {
            "DatabaseName": "d",
            "Name": "t",
            "PartitionKeys": keys,
            "Parameters": {"classification": "json", "boundedFiles": "1", "exclusions": '["**/a.json"]'},
            "StorageDescriptor": {"Location": f"{folder}/t"},
        }
        source = CatalogSource(context, Table(document), {}, "", "")
        places = [Partition((one,), f"{folder}/t/k={one}") for one in ("1", "2")]
        found = source._of_partitions(places) if keys else source.frame()
        assert (found.count(), records(found)[0]["id"] in (2, 3)) == (expected, True)


def test_only_the_files_of_a_folder_are_read_unless_it_recurses(context: Any, files: Write) -> None:
    folder = files(**{"a.json": '{"id": 1}', "in__b.json": '{"id": 2}', "_hidden.json": "no", "c.txt": "no"})
    kept = {"exclusions": '["**.txt"]'}
    assert records(read(context, folder, "json", **kept)) == [{"id": 1}]
    assert records(read(context, folder, "json", recurse=True, **kept)) == [{"id": 1}, {"id": 2}]
    assert read(context, folder, "json", exclusions='["**"]').toDF().columns == []
    with pytest.raises(NotImplementedError, match="the path pattern"):
        files_of([f"{folder}/*.json"], False, {})


def test_a_table_s_csv_has_its_types_and_a_value_that_does_not_fit_makes_a_choice(context: Any, files: Write) -> None:
    folder = files(
        **{
            "t__k=1__a.csv": "id;n;d\n7;8;2024-01-01\n",
            "t__k=2__a.csv": "id;n;d\nx;9;2024-01-02\n",
            "else__a.csv": "id;n;d\n1;2;\n",
        }
    )
    found = table_source(context, folder, {"id": "bigint", "n": "int", "d": "date"})
    assert types(found) == {"id": "choice", "n": "int", "d": "date", "k": "int"}
    assert [(one["id"], one["n"], str(one["d"]), one["k"]) for one in records(found)] == [
        ("x", 9, "2024-01-02", 2), (1, 2, "None", 3), (7, 8, "2024-01-01", 1)
    ]  # fmt: skip


def table_source(context: Any, folder: str, columns: dict[str, str]) -> Any:
    """The frame of a table with partitions: two that lie as Hive lays them, and one that lies elsewhere."""
    table = Table(
        {
            "DatabaseName": "d",
            "Name": "t",
            "PartitionKeys": [{"Name": "k", "Type": "int"}],
            "Parameters": {"classification": "csv", "skip.header.line.count": "1", "delimiter": ";"},
            "StorageDescriptor": {
                "Location": f"{folder}/t",
                "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
            },
        }
    )
    places = [
        Partition(("1",), f"{folder}/t/k=1/"),
        Partition(("2",), f"{folder}/t/k=2"),
        Partition(("3",), f"{folder}/else"),
    ]
    return CatalogSource(context, table, {}, "", "")._of_partitions(places)


@pytest.mark.parametrize("format", ["parquet", "orc", "json", "csv"])
def test_what_is_written_is_read_again(context: Any, frame: Callable[..., Any], tmp_path: Path, format: str) -> None:
    rows = [{"id": 1, "text": 'a,"b', "nothing": None}, {"id": 2, "text": "ü", "nothing": None}]
    context.write_dynamic_frame.from_options(
        frame=frame(*rows), connection_type="s3", connection_options={"path": str(tmp_path)}, format=format
    )
    found = read(context, str(tmp_path), format, {"withHeader": True})
    expected = [
        {"id": "1" if format == "csv" else 1, "text": 'a,"b'},
        {"id": "2" if format == "csv" else 2, "text": "ü"},
    ]
    assert records(found.select_fields(["id", "text"])) == expected
    assert not list(tmp_path.glob("_*"))


def test_partition_keys_become_folders_and_a_spigot_writes_a_sample(
    context: Any, frame: Callable[..., Any], tmp_path: Path
) -> None:
    found = frame({"id": 1, "k": "a b"}, {"id": 2, "k": "c/d"})
    sink = context.getSink("s3", path=str(tmp_path / "out"), partitionKeys=["k"])
    sink.setFormat("json")
    sink.write(found)
    places = {f"{tmp_path}/out/{one.name}" for one in (tmp_path / "out").iterdir()}
    assert places == {folder_of(f"{tmp_path}/out", ["k"], [value]) for value in ("a b", "c/d")}
    assert found.spigot(str(tmp_path / "sample"), {"topk": 1}) is found
    assert read(context, str(tmp_path / "sample"), "json").count() == 1
    with pytest.raises(ValueError, match="the partition keys z are no fields"):
        context.getSink("s3", "json", path=str(tmp_path), partitionKeys=["z"]).write(found)


@pytest.mark.parametrize("format", ["parquet", "csv", "json", "orc"])
def test_a_written_table_has_what_readers_of_its_format_need(format: str) -> None:
    schema = StructType([Field("id", LongType()), Field("k", StringType())])
    document = Written("d", "t", "s3://b/t/", format, schema, ["k"], {"separator": "|"}).document()
    storage = document["StorageDescriptor"]
    assert (storage["Columns"], document["PartitionKeys"]) == (
        [{"Name": "id", "Type": "bigint"}], [{"Name": "k", "Type": "string"}]
    )  # fmt: skip
    assert Table({"DatabaseName": "d", **document}).format == format
    assert Table({"DatabaseName": "d", **document}).csv_and_json()["skipFirst"] == (format == "csv")
    assert ("skip.header.line.count" in document["Parameters"]) == (format == "csv")
    assert (storage["SerdeInfo"]["Parameters"].get("field.delim") == "|") == (format == "csv")
