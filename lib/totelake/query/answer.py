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
        """One mapping for each row."""
        return [dict(zip(self.columns, row)) for row in self.rows]
