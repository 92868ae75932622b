"""What one look of a reader was worth: the changes made since its last look against what it holds now. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

Rows = Mapping[int, tuple[Any, ...]]
Content = Mapping[str, Rows]
Place = tuple[str, int]


@dataclass(frozen=True)
class Replica:
    """What a reader holds: a row for each key, and how many rows beyond one for their key."""

    content: Content = field(default_factory=dict)
    doubled: int = 0


@dataclass(frozen=True)
class Verdict:
    """Counts of changes and rows; those of several looks can be added.

    captured: delivered at this look, and the reader's row is now the source's. lost: the other changes.
    stale, ghosts: rows that became, or stayed, another version than the source's, or a row that the source has not.
    doubled: rows beyond one for their key. repeated: rows delivered that changed nothing.
    """

    made: int = 0
    captured: int = 0
    lost: int = 0
    stale: int = 0
    ghosts: int = 0
    doubled: int = 0
    repeated: int = 0

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

    @property
    def duplicated(self) -> int:
        """Rows that a query of the reader's copy returns and the source has not."""
        return self.stale + self.ghosts + self.doubled


def differences(one: Content, other: Content) -> Iterator[Place]:
    """The table and key of each row that is not the same in both."""
    for table in sorted({*one, *other}):
        left, right = one.get(table, {}), other.get(table, {})
        for key in {*left, *right}:
            if left.get(key) != right.get(key):
                yield table, key


def judge(before: Content, after: Content, had: Replica, has: Replica, delivered: int) -> Verdict:
    """Judge one look: the source at the last look and now, the reader's copy then and now, the rows it delivered."""
    made = set(differences(before, after))
    moved = set(differences(had.content, has.content))
    wrong = set(differences(after, has.content))
    captured = (made & moved) - wrong
    fresh = (wrong - set(differences(before, had.content))) | (wrong & made)
    shown = [(table, key) for table, key in fresh if key in has.content.get(table, {})]
    ghosts = sum(key not in after.get(table, {}) for table, key in shown)
    return Verdict(
        made=len(made),
        captured=len(captured),
        lost=len(made - captured),
        stale=len(shown) - ghosts,
        ghosts=ghosts,
        doubled=has.doubled - had.doubled,
        repeated=delivered - len(moved),
    )
