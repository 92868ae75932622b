"""What a verdict says of one batch: the events that were accepted, those that are held, and releases of held ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

ACCEPTED, HELD = "accepted", "held"


@dataclass(frozen=True)
class AcceptedObject:
    """One table's events of one batch: their final key, and the key of its quarantined rows; '' where there are none.

    `strict` are events of a schema that breaks the contract: a row without one of its columns is quarantined, not NULL.
    """

    key: str
    rows: int
    inserts: int
    updates: int
    deletes: int
    fingerprint: str
    quarantine: str = ""
    quarantined: int = 0
    strict: bool = False

    @property
    def events(self) -> int:
        """All events of the table in the batch, quarantined ones included."""
        return self.rows + self.quarantined


@dataclass(frozen=True)
class JudgedBatch:
    """One batch: the accepted events and the held ones by table; `verdict` is the number of the verdict."""

    batch: int
    captured_at: str
    verdict: int
    tables: Mapping[str, AcceptedObject]
    held: Mapping[str, AcceptedObject] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Accepted events in all its tables."""
        return sum(item.rows for item in self.tables.values())

    def find(self, name: str) -> AcceptedObject | None:
        """One table's events, accepted or held; None when the batch has none of it."""
        return self.tables.get(name) or self.held.get(name)

    def releasing(self, items: Mapping[str, AcceptedObject]) -> JudgedBatch:
        """The batch after some of what it held was released."""
        held = {name: item for name, item in self.held.items() if name not in items}
        return replace(self, tables={**self.tables, **items}, held=held)

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest."""
        tables = {name: {"verdict": ACCEPTED, **asdict(item)} for name, item in self.tables.items()}
        tables.update({name: {"verdict": HELD, **asdict(item)} for name, item in self.held.items()})
        return {"batch": self.batch, "captured_at": self.captured_at, "tables": tables}

    @classmethod
    def of(cls, document: Mapping[str, Any], verdict: int) -> JudgedBatch:
        """Read it from a manifest."""
        sides: dict[str, dict[str, AcceptedObject]] = {ACCEPTED: {}, HELD: {}}
        for name, item in document["tables"].items():
            values = {field: value for field, value in item.items() if field != "verdict"}
            sides[item["verdict"]][name] = AcceptedObject(**values)
        return cls(document["batch"], document["captured_at"], verdict, sides[ACCEPTED], sides[HELD])


@dataclass(frozen=True)
class Release:
    """Events that were held and are accepted now."""

    batch: int
    table: str
    item: AcceptedObject

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest."""
        return {"batch": self.batch, "table": self.table, **asdict(self.item)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Release:
        """Read it from a manifest."""
        values = {name: value for name, value in document.items() if name not in ("batch", "table")}
        return cls(document["batch"], document["table"], AcceptedObject(**values))
