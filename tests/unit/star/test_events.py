"""Which columns of a schema are read, whatever an earlier release accepted."""

from __future__ import annotations

import pytest

from totelake.contracts import load_contracts
from totelake.schemas.columns import SourceColumn
from totelake.star.events import readable

DESIGN = load_contracts().find("design")
OWN = tuple(SourceColumn(column.name, column.type, column.required) for column in DESIGN.columns)


@pytest.mark.parametrize(
    ("more", "read"),
    [
        ((("note", "text"), ("x`y", "text")), ["note", "x`y"]),
        ((("Note", "text"), ("note", "text"), ("other", "date")), ["other"]),
        ((("big", "numeric(2,5)"), ("_OP", "text"), ("_reason", "text"), ("ingested_on", "date")), []),
        ((("Design_ID", "integer"),), []),
    ],
)
def test_only_what_spark_can_read_is_read(more: tuple[tuple[str, str], ...], read: list[str]) -> None:
    columns = (*OWN, *(SourceColumn(name, kind, False) for name, kind in more))
    assert list(readable(DESIGN, columns)) == [*DESIGN.column_names, *read]
