"""The files that `simulate` drops are what their contract says, and a month's is the same each time."""

from __future__ import annotations

import random
from datetime import date

from totelake.contracts import TableId, load_contracts
from totelake.feeds.tables import FeedTable
from totelake.seed import TARGETS
from totelake.seed import targets as module

DEPARTMENTS = ["Sales", "Design"]


def files(days: int, seed: int) -> dict[str, list[dict[str, object]]]:
    """What is dropped in December 2026."""
    return dict(module._files(date(2026, 12, 10), DEPARTMENTS, days, random.Random(seed)))


def test_every_record_fits_and_a_month_is_the_same_whoever_asks() -> None:
    table = FeedTable(load_contracts().table(TableId(TARGETS, "sales_target")))
    found = files(30, 1)
    assert {"2026-12", "2027-01"} < set(found) and len(found) > 3
    numbers = [table.row(record)["sales_target_id"] for record in found["2026-12"]]
    assert len(set(numbers)) == len(numbers) == 6
    revised = next(records for name, records in found.items() if "revised" in name)
    assert {table.row(record)["sales_target_id"] for record in revised} < set(numbers)
    assert files(0, 2) == {name: found[name] for name in ("2026-12", "2027-01")}
