"""Values as SQL and IEEE 754 have them, where DuckDB has them otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from localathena.sql.refusals import Refused
from localathena.sql.types import type_of
from tests.athena.compared import asked


def rows(sql: str) -> list[list[str | None]]:
    """The rows of a statement that is answered, as Athena's texts."""
    found = asked(sql)
    assert not isinstance(found, Refused), found
    return found.texts()


def refusal(sql: str) -> Any:
    """The class of a statement's refusal."""
    found = asked(sql)
    assert isinstance(found, Refused), found
    return found.kind


_PEOPLE = "(VALUES (1, 'b', 'x'), (2, 'a', 'y')) AS t(id, m, n)"
_NOON = "(VALUES (1, 'b', TIMESTAMP '2024-01-01 01:00 UTC'), (2, 'a', TIMESTAMP '2024-01-01 02:00 UTC')) AS t(id, m, n)"


@pytest.mark.parametrize("distinct", ["", "DISTINCT "])
@pytest.mark.parametrize(
    ("column", "source"), [("CAST(n AS char(2))", _PEOPLE), ("n", _PEOPLE), ("n", _NOON), ("id", _PEOPLE)]
)
@pytest.mark.parametrize("by", ["c", "3"])
def test_rows_are_sorted_by_the_column_of_select_and_no_other(column: str, source: str, by: str, distinct: str) -> None:
    if distinct and source == _NOON:
        distinct = ""
    selected = f"SELECT {distinct}id, m, {column} AS c FROM {source} ORDER BY {by} DESC LIMIT 1"
    assert [row[0] for row in rows(selected)] == ["2"]


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).filter(str.strip)


@settings(deadline=None, max_examples=60)
@given(name=_NAMES | st.sampled_from(["a'||substr(version(),1,0)||'", 'a"b', "'", '""', "c), (d"]))
def test_a_rows_field_may_have_any_name(name: str) -> None:
    written = '"' + name.replace('"', '""') + '"'
    one = f"CAST(row(7, 8) AS row({written} integer, other_field integer))"
    assume(name.lower() != "other_field")
    found = rows(
        f"SELECT {one}[1], {one}[2], {one} = {one}, CAST({one} AS json), t.f FROM UNNEST(ARRAY[{one}]) AS t(f, g)"
    )
    json_text = json.dumps({name.lower(): 7, "other_field": 8}, ensure_ascii=False, separators=(",", ":"))
    assert found == [["7", "8", "true", json_text, "7"]]


@given(name=_NAMES)
def test_a_type_with_a_fields_name_is_read_back_as_it_was_written(name: str) -> None:
    written = '"' + name.replace('"', '""') + '"'
    assert type_of(f"row({written} integer)").fields == (name,)
