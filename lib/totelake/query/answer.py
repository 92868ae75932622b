"""What a query answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Column names and rows."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]

    def document(self) -> list[dict[str, Any]]:
        """One mapping for each row, with every column: of equal names the second gets `_2` at its end, and so on."""
        names = _distinct(self.columns)
        return [dict(zip(names, row)) for row in self.rows]


def _distinct(columns: Sequence[str]) -> list[str]:
    """The names, each once; a name that is there already is never given to another column."""
    taken, names = set(columns), []
    for name in columns:
        number, new = 2, name
        while new in names or (new != name and new in taken):
            new, number = f"{name}_{number}", number + 1
        names.append(new)
    return names
