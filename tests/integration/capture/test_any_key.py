"""Keys of every type that a key may have, alone and with others: each row is captured under its own key."""

from __future__ import annotations

import pytest

from tests.integration.capture.conftest import Source
from tests.integration.capture.keyed import Keyed, table_of
from totelake.operate.reconcile.finding import EQUAL
from totelake.runtime.job_arguments import DISABLE
from totelake.schemas.columns import SourceColumn

pytestmark = pytest.mark.integration
MOOD = "CREATE TYPE mood AS ENUM ('ok', 'it''s', '', 'Bad', 'bad')"
# values of each type in SQL: six to begin with, then one that comes, then one that a key is changed to
VALUES = {
    "smallint": ("0", "-1", "1", "32767", "-32768", "256", "7", "-256"),
    "integer": ("0", "-1", "1", "2147483647", "-2147483648", "65536", "7", "-65536"),
    "bigint": ("0", "-1", "1", "9223372036854775807", "-9223372036854775808", "4294967296", "7", "-4294967296"),
    "uuid": tuple(f"'{first}0000000-0000-4000-8000-{first * 12}'" for first in "0f7a89b1"),
    "text": ("''", "' '", "'a'", "'A'", "'é'", "E'line\\nbreak, \"quote\" \\\\ '''", "'a '", "'Ä𝄞'"),
    "character varying(10)": ("''", "'a b'", "'a'", "'A'", "'é'", "'ab'", "'a-b'", "'NULL'"),
    "character(3)": ("''", "'a'", "E'a\\x01'", "'ab'", "'é'", "'abc'", "'b'", "'A'"),
    "date": (
        "'2024-02-29'", "'0001-01-01'", "'9999-12-31'", "'1969-12-31'", "'1970-01-01'", "'2000-01-01'", "'2024-03-01'",
        "'1582-10-15'",
    ),
    "timestamp without time zone": (
        "'2024-02-29 23:59:59.999999'", "'0001-01-01'", "'9999-12-31 00:00:00.5'", "'1969-12-31 23:59:59.1'",
        "'1970-01-01'", "'2000-01-01'", "'2024-03-01 12:00'", "'1999-12-31 23:59:59.999999'",
    ),
    "timestamp with time zone": (
        "'2024-02-29 23:59:59.999999+02'", "'0001-01-02+00'", "'9999-12-30 00:00:00.5+00'", "'1969-12-31 15:59:59-08'",
        "'1970-01-01+00'", "'2000-01-01+05:30'", "'2024-03-01 12:00+00'", "'1999-12-31 23:59:59.999999+00'",
    ),
    "numeric(20,4)": ("0", "-0.0001", "0.0001", "1.5", "-1.5", "9999999999999999.9999", "10", "-123456789.01"),
    "bytea": (r"'\x'", r"'\x00'", r"'\x0001'", r"'\xff00ff'", r"'\x61'", r"'\x5c'", r"'\x00ff'", r"'\x22'"),
    '"mood"': ("'ok'", "'it''s'", "''"),
    "boolean": ("false", "true"),
}  # fmt: skip
COMPOSITES = (
    ("integer", "integer"), ("uuid", "integer"), ("text", "text"), ("text", "bigint", "date"), ("character(3)", "text"),
    ("numeric(20,4)", "text", "boolean"), ("boolean", "timestamp without time zone"), ('"mood"', "text", "smallint"),
    ("bytea", "bytea"), ("timestamp with time zone", "bytea", "text"),
    ("smallint", "integer", "bigint", "uuid", "text", "date", "numeric(20,4)", "boolean"),
)  # fmt: skip


def is_captured(*kinds: str) -> bool:
    """Whether the lake has a type for each."""
    return all(SourceColumn("k", kind, True).has_type for kind in kinds)


KEYS = [(kind,) for kind in VALUES if is_captured(kind)] + [kinds for kinds in COMPOSITES if is_captured(*kinds)]


def table_with(kinds: tuple[str, ...], source: Source, patch: pytest.MonkeyPatch) -> Keyed:
    """An empty table with a key of these types and two more columns."""
    names = [f"k{place}" for place in range(len(kinds))]
    columns = {**dict(zip(names, kinds)), "amount": "integer", "note": "text"}
    found = Keyed(source, patch, table_of(columns, names))
    source.sql(MOOD)
    found.create(", ".join(f"{name} {kind}" for name, kind in columns.items()) + f", PRIMARY KEY ({', '.join(names)})")
    return found


def keys_of(kinds: tuple[str, ...]) -> list[str]:
    """Keys in SQL, all of them different: of one type its values, of several every value of each column."""
    if len(kinds) == 1:
        return list(VALUES[kinds[0]])
    count = max(len(VALUES[kind]) for kind in kinds)
    rows = {
        tuple(VALUES[kind][(place + turn * (column + 1)) % len(VALUES[kind])] for column, kind in enumerate(kinds))
        for turn in (0, 1)
        for place in range(count)
    }
    return [", ".join(row) for row in sorted(rows)]


def where(kinds: tuple[str, ...], key: str) -> str:
    names = ", ".join(f"k{place}" for place in range(len(kinds)))
    return f"({names}) = ROW({key})" if len(kinds) > 1 else f"k0 = {key}"


@pytest.mark.parametrize("kinds", KEYS, ids="-".join)
def test_rows_that_come_change_and_go_are_captured_under_their_keys(
    kinds: tuple[str, ...], source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, keys = table_with(kinds, source, monkeypatch), keys_of(kinds)
    names = ", ".join(f"k{place}" for place in range(len(kinds)))
    first, more = (keys, []) if len(keys) < 4 else (keys[:-2], keys[-2:])
    source.sql(*(f"INSERT INTO thing VALUES ({key}, {number}, NULL)" for number, key in enumerate(first)))
    assert [item for item, _ in table.run()] == ["I"] * len(first)
    assert (table.lake(), table.run()) == (table.rows(), [])
    assert table.places() == [(place, 1) for place in range(len(first))]
    source.sql(f"UPDATE thing SET note = 'new', amount = NULL WHERE {where(kinds, first[0])}")
    if more:
        source.sql(f"INSERT INTO thing VALUES ({more[0]}, 1, NULL)")
        source.sql(f"UPDATE thing SET ({names}) = ROW({more[1]}) WHERE {where(kinds, first[1])}")
    assert sorted(item for item, _ in table.run()) == (["D", "I", "I", "U"] if more else ["U"])
    assert table.lake() == table.rows()
    source.sql(f"DELETE FROM thing WHERE {where(kinds, first[0])}")
    assert [item for item, _ in table.run()] == ["D"]
    assert (table.lake(), table.run(bookmark=DISABLE), table.run()) == (table.rows(), [], [])
    assert [outcome for outcome, _ in table.outcomes()] == [EQUAL, EQUAL]
