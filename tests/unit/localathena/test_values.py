"""Values as SQL and IEEE 754 have them, where DuckDB has them otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from localathena.sql.refusals import Refused
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
def test_rows_are_sorted_by_the_column_of_select_and_no_other(
    column: str, source: str, by: str, distinct: str
) -> None:
    if distinct and source == _NOON:
        distinct = ""
    selected = f"SELECT {distinct}id, m, {column} AS c FROM {source} ORDER BY {by} DESC LIMIT 1"
    assert [row[0] for row in rows(selected)] == ["2"]
