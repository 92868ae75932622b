"""Objects as the columns of their tables: lines of text and of JSON, and what is written and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localathena.lake.formats import JSON, LAZY, Format, format_of, selected
from localathena.lake.texts import TextForm, text_form
from localathena.sql.refusals import Refused
from localathena.sql.types import type_of
from localathena.statements.storage import Storage, check_properties, check_written, writer


def read(path: Path, content: bytes, form: Format, **columns: str) -> list[tuple[Any, ...]]:
    """The rows of an object."""
    path.write_bytes(content)
    kinds = [(name, type_of(kind)) for name, kind in columns.items()]
    with duckdb.connect() as connection:
        return connection.execute(selected(connection, form, kinds, [path])).fetchall()


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r\x1d"), max_size=8) | st.sampled_from(
    ["\\", "\\\\", "\\N", "\\,", ",\\", "a,b", "\\\\,", ""]
)


@given(row=st.lists(st.none() | _TEXTS, min_size=2, max_size=2))
def test_what_is_escaped_when_it_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, row: list[str | None]
) -> None:
    parameters = {"field.delim": ",", "escape.delim": "\\"}
    line = text_form(parameters).line(row)
    path = tmp_path_factory.mktemp("lines") / "x"
    assert read(path, f"{line}\n".encode(), Format(LAZY, parameters), a="string", b="string") == [tuple(row)]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"serialization.format": "9"},
        {"field.delim": "\\t", "serialization.null.format": ""},
        {"field.delim": ";", "serialization.null.format": "NULL"},
    ],
)
def test_a_table_of_text_is_written_as_it_is_read(tmp_path: Path, parameters: dict[str, str]) -> None:
    form = Format(LAZY, parameters)
    columns = [("t", type_of("string")), ("b", type_of("binary")), ("n", type_of("int"))]
    rows = [("x", b"\x00\xff", 1), (None, None, None)]
    schema = pa.schema([("t", pa.string()), ("b", pa.binary()), ("n", pa.int32())])
    made = writer(Storage("TEXTFILE", "NONE", form.text), tmp_path / "made", columns, schema)
    made.write(
        pa.RecordBatch.from_arrays(
            [pa.array(column, item.type) for column, item in zip(zip(*rows), schema)], schema=schema
        )
    )
    made.close()
    content = (tmp_path / "made").read_bytes()
    assert read(tmp_path / "x", content, form, t="string", b="binary", n="int") == rows


def test_a_whole_number_of_text_has_no_fraction(tmp_path: Path) -> None:
    rows = read(tmp_path / "x", b"1.5\n2\n+3\n1e2\n-4\n999\n", Format(LAZY, {}), n="tinyint")
    assert [row[0] for row in rows] == [None, 2, 3, None, -4, None]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"line.delim": "|"}, "whose lines end with"),
        ({"escape.delim": "\\", "field.delim": "\\"}, "escape.delim"),
        ({"skip.footer.line.count": "1"}, "skip.footer.line.count"),
        ({"skip.header.line.count": "some"}, "'some'"),
    ],
)
def test_what_is_not_read_of_text_is_refused_by_name(parameters: dict[str, str], words: str) -> None:
    serde = {"SerializationLibrary": "o.LazySimpleSerDe", "Parameters": parameters}
    with pytest.raises(Refused, match=words):
        assert format_of({"StorageDescriptor": {"SerdeInfo": serde}}).text == TextForm()


@pytest.mark.parametrize(("form", "kind"), [("TEXTFILE", "array<int>"), ("JSON", "array<struct<b:binary>>")])
def test_nested_columns_that_cannot_be_read_again_are_not_written(form: str, kind: str) -> None:
    with pytest.raises(Refused, match="the column a of the type array"):
        check_written(Storage(form, "NONE"), [("a", type_of(kind))])


@pytest.mark.parametrize(
    ("properties", "of_table", "words"),
    [
        ({"format": "ORC", "external_location": "s3://b/x"}, False, "UNLOAD has no property external_location"),
        ({"colour": "red"}, True, "has no property colour"),
        ({"is_external": "false"}, True, "is_external"),
    ],
)
def test_a_property_that_is_not_known_is_refused(properties: dict[str, str], of_table: bool, words: str) -> None:
    with pytest.raises(Refused, match=words):
        check_properties(properties, of_table=of_table)


def test_keys_of_json_are_columns_and_fields_whatever_their_case(tmp_path: Path) -> None:
    content = (
        b'{"ID": 1, "Big": {"Inner": [{"N": 1.10}], "s": "Not: \\"Key\\":"}, "map": {"Key": {"X": 1}}, "b": "AP8="}\n'
        b'{"id": 2}\n'
    )
    columns = {
        "id": "int",
        "big": "struct<inner:array<struct<n:decimal(4,2)>>,s:string>",
        "map": "map<string,struct<x:int>>",
        "b": "binary",
    }
    (first, second) = read(tmp_path / "x", content, Format(JSON, {}), **columns)
    assert (first[0], str(first[1]["inner"][0]["n"]), first[1]["s"]) == (1, "1.10", 'Not: "Key":')
    assert (first[2], first[3]) == ({"Key": {"x": 1}}, b"\x00\xff")
    assert second == (2, None, None, None)


@pytest.mark.parametrize(
    "parameters", [{"mapping.ts": "time"}, {"case.insensitive": "FALSE"}, {"dots.in.keys": "true"}]
)
def test_a_parameter_of_json_that_changes_keys_is_refused_by_name(tmp_path: Path, parameters: dict[str, str]) -> None:
    with pytest.raises(Refused, match=next(iter(parameters))):
        read(tmp_path / "x", b"{}\n", Format(JSON, parameters), ts="string")
