"""Which files form one table."""

from __future__ import annotations

import pytest

from localglue.discovery import CrawledFile
from localglue.footers import Footer
from localglue.formats import PARQUET, Format
from localglue.grouping import Grouping, are_similar, groups_of

AB, CD, ABC = ({"a": "int", "b": "int"}, {"c": "int", "d": "int"}, {"a": "int", "b": "int", "c": "string"})
CSV = Format("csv", "none", {"delimiter": ","})


def tables(
    files: dict[str, dict[str, str]], formats: dict[str, Format] | None = None, **grouping: object
) -> dict[str, list[str]]:
    """The paths of the tables, with those of their files."""
    found = [
        CrawledFile(path, 1, 1.0, Footer(tuple(columns.items()), 1, (formats or {}).get(path, PARQUET)))
        for path, columns in files.items()
    ]
    groups = groups_of(found, 2, Grouping(**grouping))  # type: ignore[arg-type]
    return {group.path: [file.relative for file in group.files] for group in groups}


def test_folders_of_one_schema_are_partitions_of_one_table() -> None:
    assert tables({"day=1/x": AB, "day=2/x": ABC}) == {"": ["day=1/x", "day=2/x"]}


def test_folders_of_different_schemas_are_tables_as_in_glues_guide() -> None:
    files = {"year=2017/data1.json": AB, "year=2018/data2.json": CD}
    assert tables(files) == {"year=2017/": ["data1.json"], "year=2018/": ["data2.json"]}
    assert tables(files, combines=True) == {"": list(files)}


def test_tables_lie_as_deep_as_their_schemas_differ() -> None:
    files = {"raw/orders/d=1/x": AB, "raw/orders/d=2/x": AB, "raw/people/d=1/x": CD}
    assert tables(files) == {"raw/orders/": ["d=1/x", "d=2/x"], "raw/people/": ["d=1/x"]}


def test_files_beside_each_other_that_differ_are_tables_of_their_own() -> None:
    assert tables({"a.csv": AB, "b.csv": CD}) == {"a.csv": ["a.csv"], "b.csv": ["b.csv"]}


def test_many_files_of_one_folder_do_not_hide_another_folder() -> None:
    files = {**{f"orders/{number}": AB for number in range(20)}, "people/1": CD}
    assert sorted(tables(files)) == ["orders/", "people/"]


@pytest.mark.parametrize("combines", [False, True])
def test_files_of_different_formats_never_form_one_table(combines: bool) -> None:
    files = {"one/x": AB, "two/x": AB}
    assert tables(files, {"two/x": CSV}, combines=combines) == {"one/": ["x"], "two/": ["x"]}


def test_the_table_level_says_where_tables_are() -> None:
    files = {"orders/2026/x": AB, "orders/2027/x": AB, "people/2026/x": AB}
    assert tables(files, level=3) == {"orders/": ["2026/x", "2027/x"], "people/": ["2026/x"]}
    assert list(tables(files, level=1)) == [""]


@pytest.mark.parametrize(
    ("schemas", "similar"),
    [
        ([AB, AB], True),
        ([AB, CD], False),
        ([AB] * 7 + [CD] * 3, False),
        ([AB] * 8 + [CD] * 2, True),
        ([AB] * 20 + [{f"x{number}": "int"} for number in range(5)], False),
        ([AB] * 20 + [{f"x{number}": "int"} for number in range(4)], True),
    ],
)
def test_more_than_70_percent_and_no_more_than_five_schemas(schemas: list[dict[str, str]], similar: bool) -> None:
    assert are_similar(schemas) is similar
