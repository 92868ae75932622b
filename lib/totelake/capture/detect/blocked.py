"""What keeps a table from being captured: no exact copy of it can be made, or none that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from totelake.errors import SourceError
from totelake.schemas.changes import NOT_CAPTURABLE, Change


@dataclass(frozen=True)
class Obstacle:
    """One table's: the change that it is, the sentence with the remedy, the batch from which on nothing is captured."""

    change: Change
    why: str
    since: int = 0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Obstacle:
        """Read it from a manifest's state."""
        return cls(Change.of(document["change"]), document["why"], document["since"])

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest's state."""
        return {**asdict(self), "change": self.change.document}

    def is_like(self, other: Obstacle | None) -> bool:
        """Whether it is one that was told already."""
        return other is not None and (self.change, self.why) == (other.change, other.why)


class ObstacleError(SourceError):
    """A table cannot be captured."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.why)
        self.obstacle = obstacle


def not_capturable(table: str, what: str, why: str) -> Obstacle:
    """An obstacle that is none of the columns or the key; `what` in a few words."""
    return Obstacle(Change(table, "", NOT_CAPTURABLE, "a table that can be captured", what), why)


def without_contract(table: str) -> Obstacle:
    """A table that was captured and that no contract names any more: one may again."""
    why = f"no contract in catalog/sources/ names {table} any more; what is known of it is kept until one does"
    return not_capturable(table, "no contract", why)


def dated(found: Mapping[str, Obstacle], before: Mapping[str, Obstacle], batch: int) -> dict[str, Obstacle]:
    """Obstacles with their first batch: that of the ones before where they are the same, else `batch`."""
    return {
        name: replace(item, since=before[name].since if item.is_like(before.get(name)) else batch)
        for name, item in found.items()
    }
