"""One statement asked here, beside what the real engine answered."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb

from localathena.sql.answers import Answered, ask, text
from localathena.sql.refusals import Refused
from localathena.sql.statements import translate
from localathena.sql.types import Type

# what two engines add up in another order differs in the last digits of a double
_NEAR = 1e-12
_LENGTH = re.compile(r"varchar\(\d+\)")
NOW = datetime(2026, 11, 30, 12, 0, 0)
EQUAL, NOT_HERE = "equal", "not answered on this machine"


class NoTables:
    """A catalogue without a table."""

    name, database = "awsdatacatalog", "lake"

    def relation(self, database: str, name: str) -> None:
        """None."""

    def databases(self) -> Sequence[str]:
        """The one database, which is empty."""
        return ["lake"]

    def relations(self, database: str) -> Sequence[tuple[str, str]]:
        """None."""
        return []


def asked(sql: str) -> Answered | Refused:
    """What is answered here, or the refusal."""
    try:
        translation = translate(sql, NoTables(), NOW)
        with duckdb.connect() as connection:
            return ask(connection, translation)
    except Refused as refused:
        return refused


def verdict(wanted: dict[str, Any]) -> str:
    """EQUAL, NOT_HERE, or what differs."""
    found = asked(wanted["sql"])
    if isinstance(found, Refused):
        if "error" in wanted:
            same = found.kind == wanted["error"]
            return EQUAL if same else f"refused as {found.kind}, not as {wanted['error']}"
        return NOT_HERE if found.kind == "NOT_SUPPORTED" else f"refused: {found}"
    if "error" in wanted:
        return f"answered, where the engine says {wanted['error']}"
    names, types = ([column[part] for column in found.columns] for part in (0, 1))
    rows = [[_as_engine(value, kind) for value, kind in zip(row, types)] for row in found.rows]
    if names != wanted["names"]:
        return f"names {names}"
    # an engine's type of a text has a length that Athena's API does not show
    shown, expected = (
        [_LENGTH.sub("varchar", kind) for kind in kinds]
        for kinds in ([kind.shown() for kind in types], wanted["types"])
    )
    if shown != expected:
        return f"types {shown}, not {expected}"
    expected_rows = wanted["rows"]
    if "ORDER BY" not in wanted["sql"]:
        rows, expected_rows = (
            sorted(item, key=lambda row: json.dumps(row, sort_keys=True)) for item in (rows, expected_rows)
        )
    doubles = ["double" in kind or "real" in kind for kind in shown]
    same = len(expected_rows) == len(rows) and all(
        _same(wanted_value, value, is_double)
        for wanted_row, row in zip(expected_rows, rows)
        for wanted_value, value, is_double in zip(wanted_row, row, doubles)
    )
    return EQUAL if same else f"rows {rows}, not {expected_rows}"


def _as_engine(value: Any, kind: Type) -> Any:
    """A value as the engine's JSON has it: nested ones as lists and mappings, bytes in base 64."""
    if value is None:
        return None
    if kind.name == "array":
        return [_as_engine(item, kind.inner[0]) for item in value]
    if kind.name == "map":
        return {str(_as_engine(key, kind.inner[0])): _as_engine(item, kind.inner[1]) for key, item in value.items()}
    if kind.name == "row":
        return [_as_engine(value[name], inner) for name, inner in zip(kind.field_names, kind.inner)]
    return base64.b64encode(value).decode() if kind.name == "varbinary" else text(value, kind)


def _same(wanted: Any, found: Any, is_double: bool) -> bool:
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(_same(one, other, is_double) for one, other in zip(wanted, found))
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and all(_same(wanted[key], found[key], is_double) for key in wanted)
    if wanted == found or not is_double or wanted is None or found is None:
        return bool(wanted == found)
    one, other = float(wanted), float(found)
    return abs(one - other) <= _NEAR * max(abs(one), abs(other))
