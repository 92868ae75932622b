"""docs/types.md names every type that is tested on a real server, with the lake's type of it, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.conftest import ROOT
from tests.integration.capture.type_values import AS_TEXT, EXTENSIONS, NATIVE, Kind
from totelake.contracts.types import arrow_type, hive_type, lake_type, spark_type

_TEXT = (ROOT / "docs" / "types.md").read_text(encoding="utf-8")
_NAME = re.compile(r"`([^`]+)`")


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table below that line of headings."""
    lines = iter(_TEXT.splitlines())
    for line in lines:
        if line.startswith(f"| {heading} |"):
            next(lines)
            break
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def documented_name(kind: str, found: Kind) -> str:
    """A tested type as the tables name it; '' for one that the tests make themselves."""
    if kind.endswith("[]"):
        return "T[]"
    if found.hive.startswith("decimal"):
        return "numeric(p,s)"
    plain = re.sub(r"\([^)]*\)", "", kind)
    return "interval" if plain.startswith("interval") else "" if "." in plain else plain


def test_the_types_of_the_lake_are_those_of_the_first_table() -> None:
    tested = {(documented_name(kind, found), found.hive.split("(")[0]) for kind, found in NATIVE.items()}
    tested = {item for item in tested if item[0]}
    told = {(name, hive.split("(")[0]) for cells in rows("PostgreSQL | Arrow, parquet") for hive in [cells[2]]
            for name in _NAME.findall(cells[0])}  # fmt: skip
    assert told == tested
    for cells in rows("PostgreSQL | Arrow, parquet"):
        kind = _NAME.findall(cells[0])[0].replace("(p,s)", "(9,2)")
        kept, asked = lake_type(kind), [cell.replace("(p,s)", "(9,2)") for cell in cells[1:4]]
        arrow = re.sub(r"\[day\]", "", str(arrow_type(kept))).replace("decimal128(9, 2)", "decimal128(9,2)")
        assert [arrow, hive_type(kept), spark_type(kept)] == asked


def test_the_types_that_are_text_are_those_of_the_second_table() -> None:
    tested = {documented_name(kind, found) for kind, found in AS_TEXT.items()} - {""}
    tested |= {re.sub(r"public\.|\(.*", "", kind) for kinds in EXTENSIONS.values() for kind in kinds}
    told = {name for cells in rows("PostgreSQL | the text") for name in _NAME.findall(cells[0])}
    assert told == tested
    assert {lake_type(kind) for kind in AS_TEXT} == {"text"}
