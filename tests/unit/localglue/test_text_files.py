"""CSV and JSON, as Glue's built-in classifiers read them."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localglue.formats import Format, wider
from localglue.text_files import NotBuilt, Text, read_text


def read(text: str | bytes) -> Text | None:
    """What a whole file says."""
    content = text.encode() if isinstance(text, str) else text
    return read_text(content, len(content))


@pytest.mark.parametrize(
    ("text", "columns", "records"),
    [
        ("id,name,price\n1,a,1.5\n2,b,2\n", {"id": "bigint", "name": "string", "price": "double"}, 2),
        ("Id|Is Open|Day\n1|true|2026-01-01\n", {"id": "bigint", "is open": "boolean", "day": "string"}, 1),
        ("a\tb\n1\t\n\t2\n", {"a": "bigint", "b": "bigint"}, 2),
        ("a;b\n1;x\n2;y", {"a": "bigint", "b": "string"}, 2),
        ("a\x01b\n1\x01-3e2\n", {"a": "bigint", "b": "double"}, 1),
        ('name,amount\n"Smith, Jo",3\n', {"name": "string", "amount": "bigint"}, 1),
        ("1,x\n2,y\n", {"col0": "bigint", "col1": "string"}, 2),
        ("name,city\njo,leeds\n", {"col0": "string", "col1": "string"}, 2),
        ("a,a\n1,2\n", {"col0": "string", "col1": "string"}, 2),
        (f"{'x' * 150},b\n1,2\n", {"col0": "string", "col1": "string"}, 2),
        ("a,b,\n1,2,\n3,4,\n", {"a": "bigint", "b": "bigint", "col2": "string"}, 2),
        ("a,col2,\n1,2,\n3,4,\n", {"a": "bigint", "col2": "bigint", "col5": "string"}, 2),
        ("ORCHARD,trees\nnorth,7\n", {"orchard": "string", "trees": "bigint"}, 1),
        ("BZh9,trees\nnorth,7\n", {"bzh9": "string", "trees": "bigint"}, 1),
        ("\ufeffid,name\n1,a\n", {"id": "bigint", "name": "string"}, 1),
    ],
)
def test_csv_has_the_columns_and_the_header_of_glues_rules(text: str, columns: dict[str, str], records: int) -> None:
    found = read(text)
    assert found is not None and (dict(found.columns), found.records) == (columns, records)


@pytest.mark.parametrize(
    "text",
    ["one column\nof words\n", "a,b\n", "a,b\n1,2,3\n", "", "words", '{"a": 1', "[1, 2", '{"a": 1} x', b"\xff\xfe,"],
)
def test_what_is_neither_csv_nor_json_is_told(text: str | bytes) -> None:
    assert read(text) is None


def test_a_format_says_how_to_read_the_file() -> None:
    found = read('id|"name"\n1|a\n')
    assert found is not None
    assert found.format == Format(
        "csv",
        "none",
        {"areColumnsQuoted": "true", "columnsOrdered": "true", "delimiter": "|", "skip.header.line.count": "1"},
        {"field.delim": "|"},
    )
    assert found.format.stored(["id", "name"])["SerdeInfo"]["Parameters"] == {"field.delim": "|"}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ('{"A": 1, "b": 2.5}\n{"A": 2, "c": true}\n', {"a": "int", "b": "double", "c": "boolean"}),
        ('{"n": 1}{"n": 3000000000}', {"n": "bigint"}),
        ('{"n": 1}\n{"n": 1.5}', {"n": "double"}),
        ('{"n": 1}\n{"n": "x"}', {"n": "string"}),
        ('{"n": null}', {"n": "string"}),
        ('{"p": {"x": 1, "y": [1, 2]}}\n{"p": {"z": "a"}}', {"p": "struct<x:int,y:array<int>,z:string>"}),
        ('{"l": [], "m": [{"a": 1}, {"b": 2}]}', {"l": "array<string>", "m": "array<struct<a:int,b:int>>"}),
        ('[{"a": 1}, {"a": 2, "b": "x"}]', {"array": "array<struct<a:int,b:string>>"}),
    ],
)
def test_json_has_the_types_that_hold_all_values(text: str, columns: dict[str, str]) -> None:
    found = read(text)
    assert found is not None and dict(found.columns) == columns
    assert found.format.stored(list(columns))["SerdeInfo"]["Parameters"] == {"paths": ",".join(columns)}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [("int", "bigint", "bigint"), ("double", "bigint", "double"), ("bigint", "string", "string"),
     ("boolean", "bigint", "string"), ("struct<a:int>", "struct<a:int,b:int>", "struct<a:int,b:int>")],
)  # fmt: skip
def test_types_of_several_files_of_text_are_widened(one: str, other: str, both: str) -> None:
    assert wider(one, other) == both


ROWS = st.lists(
    st.fixed_dictionaries(
        {"a": st.integers(-(2**60), 2**60), "b": st.text(max_size=5), "c": st.none() | st.floats(0, 9)}
    ),
    min_size=1,
)


@given(ROWS, st.booleans())
def test_any_lines_of_json_are_read_packed_or_not(rows: list[dict[str, Any]], packed: bool) -> None:
    plain = "\n".join(json.dumps(row) for row in rows).encode()
    found = read(gzip.compress(plain) if packed else plain)
    assert found is not None
    assert (found.records, found.format.compression) == (len(rows), "gzip" if packed else "none")
    assert {name for name, _ in found.columns} == {"a", "b", "c"}


@given(st.binary(max_size=200))
def test_whatever_bytes_an_object_has_reading_them_ends_in_an_answer(content: bytes) -> None:
    try:
        read(content)
    except NotBuilt:
        assert content


@pytest.mark.parametrize("text", ["id,name\n" + "1,x\n" * 100, '{"a": 1}\n' * 100, f"[{','.join(['1'] * 200)}]"])
def test_the_beginning_of_a_file_is_enough(text: str) -> None:
    whole, part = read(text), read_text(text.encode()[:60], len(text))
    assert whole is not None and part is not None
    assert (part.columns, part.share < 0.5, part.records < whole.records) == (whole.columns, True, True)


@pytest.mark.parametrize(
    "content", [b"ORC\x00", b"ORC\x07,1\n2,3\n", b"Obj\x01", b"BZh9", b"PK\x03\x04", b"<?xml version='1.0'?>"]
)
def test_what_glue_reads_and_this_does_not_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(NotBuilt):
        read(content)
