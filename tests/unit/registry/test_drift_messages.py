"""What people read of a verdict's reports."""

from __future__ import annotations

import pytest

from tests.conftest import SOURCE
from totelake.alerts.drift_messages import drift_alert, headline
from totelake.contracts import load_contracts
from totelake.contracts.model import TableId
from totelake.lake.records.verdict import ACCEPTED, BLOCKED, HELD, RELEASED, UNBLOCKED, TableReport
from totelake.schemas.changes import COLUMN_ADDED, TYPE_CHANGED, TYPE_UNKNOWN, Change
from totelake.schemas.columns import SourceColumn

DESIGN = TableId(SOURCE, "design")
STARS = ("dim_design", "fact_sales_order")
CHANGED = Change("design", "file_name", TYPE_CHANGED, "text", "integer")
ADDED = Change("design", "colour", COLUMN_ADDED, "", "text")
PLACE = Change("design", "place", TYPE_UNKNOWN, "", "point")


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (
            TableReport("design", 7, HELD, (CHANGED,)),
            "totesys.design from batch 7 on is held: design.file_name: type changed, text before, now integer "
            "(breaking); its events go to the dead letters, dim_design, fact_sales_order must wait, everything else "
            "goes on",
        ),
        (
            TableReport("design", 7, BLOCKED, (PLACE,), why="drop the column place"),
            "totesys.design from batch 7 on is not captured: drop the column place; dim_design, fact_sales_order must "
            "stay as they are, everything else goes on",
        ),
        (
            TableReport("design", 9, UNBLOCKED, ()),
            "totesys.design from batch 9 on is captured again: it is compared whole with what was captured before",
        ),
        (
            TableReport("design", 9, RELEASED, (), released=(7, 8)),
            "totesys.design is released: its held batches 7 to 8 are processed in order",
        ),
        (
            TableReport("design", 9, ACCEPTED, (ADDED,)),
            "totesys.design from batch 9 on is accepted: design.colour: nullable column added, nothing before, now "
            "text",
        ),
        (
            TableReport("design", 9, ACCEPTED, ()),
            "totesys.design from batch 9 on is accepted: as its contract says again",
        ),
    ],
    ids=lambda item: item.outcome if isinstance(item, TableReport) else "",
)
def test_what_happened_is_one_sentence(report: TableReport, sentence: str) -> None:
    assert headline(DESIGN, report, STARS) == sentence


def test_an_alert_shows_both_sides_what_is_reached_and_what_to_do() -> None:
    pytest.importorskip("sqlglot", reason="in a checkout the queries are read by sqlglot")
    table = load_contracts().table(DESIGN)
    schema = tuple(
        SourceColumn(column.name, "integer" if column.name == "file_name" else column.type, column.required)
        for column in table.columns
    )
    alert = drift_alert(table, TableReport("design", 7, HELD, (CHANGED,), schema), STARS, 3)
    assert (alert.subject, alert.key) == ("totesys.design held: type changed", "totesys/design/7/held/3")
    lines = alert.body.splitlines()
    assert lines[0] == "What happened" and lines[2] == "  totesys.design"
    assert [line for line in lines if line.endswith("type changed, BREAKING") and " file_name " in line]
    assert "  totesys.design.file_name is used by dim_design.file_name" in alert.body
    assert "Where to look\n  totelake drift totesys.design\n" in alert.body
    assert (
        "What to do\n  Correct the contract in catalog/sources and deploy it, or change the source back;" in alert.body
    )


def test_what_needs_nothing_says_so() -> None:
    alert = drift_alert(load_contracts().table(DESIGN), TableReport("design", 9, RELEASED, (), released=(7,)), STARS, 4)
    assert alert.subject == "totesys.design released: as its contract says"
    assert alert.body.endswith("What to do\n  Nothing has to be done. See docs/drift.md.")


def test_what_is_said_again_by_a_later_verdict_is_another_incident() -> None:
    again = TableReport("design", 2, RELEASED, (), released=(2,))
    told = [drift_alert(load_contracts().table(DESIGN), again, STARS, verdict).id for verdict in (3, 3, 5)]
    assert told[0] == told[1] != told[2]
