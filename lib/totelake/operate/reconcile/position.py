"""Whether each star table has come as far as the verdicts: what is held is behind, and says why."""

from __future__ import annotations

from totelake.contracts.model import Table
from totelake.operate.positions import Positions
from totelake.operate.reconcile.finding import EQUAL, HELD, IN_PROGRESS, Finding

CHECK = "judged = loaded"


def compare_position(table: Table, judged: int, found: Positions) -> Finding:
    """One finding: the newest judged batch against those that are built and, where the warehouse was asked, loaded."""
    built = found.built.get(table.name) or 0
    applied = None if found.applied is None else found.applied.get(table.name) or 0
    reached = built if applied is None else applied
    right = f"built to batch {built}" + ("" if applied is None else f", loaded to {applied}")
    mine = [item for item in found.held if item.table == table.name]
    if mine:
        return Finding(table.name, CHECK, f"batch {judged}", right, HELD, "; ".join(map(str, mine)))
    outcome, detail = (EQUAL, "") if reached >= judged else (IN_PROGRESS, right)
    return Finding(table.name, CHECK, f"batch {judged}", right, outcome, detail)
