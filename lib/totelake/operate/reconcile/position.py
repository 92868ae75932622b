"""Whether each star table has come as far as the verdicts: what is held is behind, and says why."""

from __future__ import annotations

from collections.abc import Sequence

from totelake.contracts.model import Table
from totelake.operate.held import HeldTable
from totelake.operate.reconcile.finding import EQUAL, HELD, IN_PROGRESS, Finding
from totelake.ports.postgres import Cursor

CHECK = "judged = loaded"
_APPLIED = "SELECT max(batch) FROM etl.batch WHERE target_table = %s AND source = %s AND held = 0"


def compare_position(table: Table, judged: int, built: int, applied: int | None, held: Sequence[HeldTable]) -> Finding:
    """One finding: the newest judged batch against those that are built and, where the warehouse was asked, loaded."""
    reached = built if applied is None else applied
    right = f"built to batch {built}" + ("" if applied is None else f", loaded to {applied}")
    mine = [item for item in held if item.table == table.name]
    if mine:
        return Finding(table.name, CHECK, f"batch {judged}", right, HELD, "; ".join(map(str, mine)))
    outcome, detail = (EQUAL, "") if reached >= judged else (IN_PROGRESS, right)
    return Finding(table.name, CHECK, f"batch {judged}", right, outcome, detail)


def applied_batch(cursor: Cursor, table: Table) -> int:
    """The newest batch of a star table that the warehouse has; 0 before the first."""
    cursor.execute(_APPLIED, (table.name, table.source))
    (found,) = cursor.fetchone() or (None,)
    return int(found or 0)
