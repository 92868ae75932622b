"""The shapes of a source's tables: what blocks one table blocks that table alone, whatever its columns are of."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given

from tests.conftest import SOURCE
from tests.unit.contracts.test_type_grammar import TYPES
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import Shape, read_shapes
from totelake.contracts import load_contracts
from totelake.contracts.model import TableId
from totelake.contracts.types import UnknownTypeError, hive_type
from totelake.lake.records.batch import BlockedTable
from totelake.schemas.changes import TYPE_UNKNOWN

TABLES = [load_contracts().table(TableId(SOURCE, name)) for name in ("design", "staff")]
DESIGN, STAFF = 1, 2


class Described:
    """A session on a database with the two tables, each with its key, `design` with more columns."""

    def __init__(self, *more: tuple[str, str]) -> None:
        self._more = more

    def rows(self, query: object, parameters: object = None) -> list[tuple[Any, ...]]:
        """What the queries of a shape find."""
        text = str(query)
        if "relpersistence" in text and "attname" not in text and "inhparent" in text and "tree" not in text:
            return [
                (table.schema, table.name, oid, "r", "p", [1], False, True, True, False)
                for oid, table in zip((DESIGN, STAFF), TABLES)
            ]
        if "attmissingval" not in text:
            return []
        keys = [_column(oid, 1, table.key_name, "integer") for oid, table in zip((DESIGN, STAFF), TABLES)]
        return [*keys, *(_column(DESIGN, place, *item) for place, item in enumerate(self._more, 2))]


def _column(oid: int, place: int, name: str, kind: str) -> tuple[Any, ...]:
    return (oid, place, name, kind, place == 1, 0, -1, None, None, None)


def shapes(*more: tuple[str, str]) -> tuple[dict[str, Shape], dict[str, BlockedTable]]:
    return read_shapes(cast(Session, Described(*more)), TABLES)


@given(TYPES)
def test_a_type_blocks_its_table_alone_or_is_captured(kind: str) -> None:
    found, blocked = shapes(("big", kind))
    assert "staff" in found and "staff" not in blocked
    try:
        hive_type(kind)
    except UnknownTypeError:
        assert blocked["design"].change.kind == TYPE_UNKNOWN
        assert blocked["design"].why.startswith("public.design.big: the PostgreSQL type ")
    else:
        assert "big" in found["design"].arrow.names


@pytest.mark.parametrize("kind", ["numeric(40,2)", "numeric(2,5)", "numeric(3,-2)", "interval", 'public."Odd"'])
def test_what_has_no_exact_type_says_what_to_do(kind: str) -> None:
    _, blocked = shapes(("big", kind))
    assert f"the PostgreSQL type {kind} has no exact type in the lake" in blocked["design"].why
    assert "cast the column in the source" in blocked["design"].why
