"""The shapes of a source's tables: what blocks one table blocks that table alone, whatever its columns are of."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SOURCE
from tests.unit.contracts.test_identifiers import KEPT, NAMES, UNUSABLE
from tests.unit.contracts.test_type_grammar import TYPES
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import Shape, read_shapes
from totelake.contracts import load_contracts
from totelake.contracts.identifiers import RESERVED, catalogue_name
from totelake.contracts.model import TableId
from totelake.contracts.types import UnknownTypeError, arrow_type, lake_type
from totelake.lake.records.batch import BlockedTable
from totelake.schemas.changes import NAME_RESERVED, NAME_UNUSABLE, TYPE_UNKNOWN
from totelake.schemas.columns import SourceColumn

TABLES = [load_contracts().table(TableId(SOURCE, name)) for name in ("design", "staff")]
DESIGN, STAFF = 1, 2


class Described:
    """A session on a database with the two tables, each with its key, `design` with more columns."""

    def __init__(self, *more: tuple[str, str]) -> None:
        self._more = more

    encoding = "UTF8"

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
        lake_type(kind)
    except UnknownTypeError:
        assert blocked["design"].change.kind == TYPE_UNKNOWN
        assert blocked["design"].why.startswith("public.design.big: the PostgreSQL type ")
    else:
        assert found["design"].arrow.field("big").type == arrow_type(lake_type(kind))


@pytest.mark.parametrize("kind", ["numeric", "numeric(40,2)", "numeric(2,5)", "numeric(3,-2)", "jsonb", "public.Odd[]"])
def test_what_engines_lack_is_text_and_its_record_says_so(kind: str) -> None:
    column = SourceColumn.captured("big", kind.replace("Odd", '"Odd"'), False)
    assert column.document["stored"] == column.plain_type == "text"
    assert SourceColumn.of(column.document) == column
    earlier = SourceColumn.of({"name": "big", "type": kind})
    assert (earlier.plain_type, earlier.has_type) == (kind, kind == "numeric"), "a record of before says nothing"


def test_a_pseudo_type_blocks_and_says_so() -> None:
    _, blocked = shapes(("big", "anyarray"))
    assert blocked["design"].why == (
        "public.design.big: the PostgreSQL type anyarray is a pseudo-type, which no column has; name the column's type"
    )


@given(st.lists(NAMES, min_size=1, max_size=3, unique=True))
def test_a_name_blocks_its_table_alone_or_is_captured_as_it_is(more: list[str]) -> None:
    found, blocked = shapes(*((name, "text") for name in more))
    assert "staff" in found and "staff" not in blocked
    if "design" in found:
        names = found["design"].arrow.names
        assert names == ["design_id", *more]
        assert len({catalogue_name(name) for name in names}) == len(names)
    else:
        assert blocked["design"].change.kind in (NAME_RESERVED, NAME_UNUSABLE)


@pytest.mark.parametrize("name", KEPT)
def test_a_name_that_engines_take_in_quotes_is_captured(name: str) -> None:
    assert name in shapes((name, "text"))[0]["design"].arrow.names


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_name_with_syntax_in_it_blocks_its_table_and_says_what_to_do(name: str) -> None:
    change, why = (item := shapes((name, "text"))[1]["design"]).change, item.why
    assert (change.kind, change.column) == (NAME_UNUSABLE, name)
    assert why.startswith("public.design.") and why.endswith("rename it") and why.isprintable() and "\n" not in why
    assert "\n" not in str(change)


@pytest.mark.parametrize("name", sorted({*RESERVED, "_OP", "Ingested_On"}))
def test_a_name_that_the_lake_keeps_blocks_its_table(name: str) -> None:
    blocked = shapes((name, "text"))[1]["design"]
    assert blocked.change.kind == NAME_RESERVED
    assert blocked.why == f"public.design.{name} has a name the lake keeps for itself; rename it"


@pytest.mark.parametrize("name", ["Design_ID", "DESIGN_ID"])
def test_a_name_that_is_another_but_for_case_blocks_its_table(name: str) -> None:
    blocked = shapes((name, "text"))[1]["design"]
    assert blocked.change.kind == NAME_UNUSABLE
    assert f"public.design.{name} is design_id but for case" in blocked.why and "rename one of them" in blocked.why
