"""One comparison's result."""

from __future__ import annotations

from dataclasses import dataclass

from totelake.errors import DamagedError

EQUAL, IN_PROGRESS, HELD, DIFFERS = "equal", "in progress", "held", "differs"
# a source table that no run brings before somebody mends it
NOT_CAPTURED = "not captured"
# of a whole step, as far as it can be compared
BEHIND, NOTHING_CAPTURED, NOT_COMPARED = "behind", "nothing captured", "not compared"
STEPS = (BEHIND, NOTHING_CAPTURED, NOT_COMPARED)


@dataclass(frozen=True)
class Finding:
    """What was compared for one table, what is on either side, and how they stand; `detail` names what differs.

    With an outcome of STEPS `detail` is a sentence, mostly about a source as a whole, which `table` names then.
    """

    table: str
    check: str
    left: str
    right: str
    outcome: str
    detail: str = ""


def equal_or_not(table: str, check: str, left: object, right: object, detail: str = "") -> Finding:
    """A finding of two values that must be equal."""
    outcome = EQUAL if left == right else DIFFERS
    return Finding(table, check, str(left), str(right), outcome, "" if outcome == EQUAL else detail)


def unreadable(table: str, check: str, error: DamagedError) -> Finding:
    """A finding of a table whose objects cannot be compared."""
    return Finding(table, check, "-", "-", DIFFERS, str(error))
