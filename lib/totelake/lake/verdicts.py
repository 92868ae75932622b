"""Verdicts on ingested batches, as the star builders and the load read them: what was accepted, held, released.

A table whose newest schema breaks its contract is held: its events lie in the dead letters, and the star tables built
of it stop before the first held batch. A later verdict releases them, all of a table's at once and in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest

LOG = "verdicts"
SOURCE = "totesys"
ACCEPTED, HELD = "accepted", "held"
BUILD_TO = "totelake:build_to:{source}"
REPLAY_PROPERTY = "totelake:replay"


@dataclass(frozen=True)
class AcceptedObject:
    """One table's events of one batch at their final key, and what of it could not be read; '' where there is none.

    `strict` are events of a schema that breaks the contract: a row without one of its columns is refused, not NULL.
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
        """All that the table's batch brought, what could not be read included."""
        return self.rows + self.quarantined


@dataclass(frozen=True)
class AcceptedBatch:
    """What of one batch was accepted, and what is held; `verdict` is the number of the verdict that says so."""

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

    def released(self, items: Mapping[str, AcceptedObject]) -> AcceptedBatch:
        """The batch after some of what it held was released."""
        held = {name: item for name, item in self.held.items() if name not in items}
        return replace(self, tables={**self.tables, **items}, held=held)


@dataclass(frozen=True)
class HeldBatch:
    """Events of one table that wait."""

    batch: int
    captured_at: str
    events: int


def batch_document(
    batch: int,
    captured_at: str,
    accepted: Mapping[str, AcceptedObject],
    held: Mapping[str, AcceptedObject] | None = None,
) -> dict[str, Any]:
    """A batch as its verdict's state tells it."""
    tables = {name: {"verdict": ACCEPTED, **asdict(item)} for name, item in accepted.items()}
    tables.update({name: {"verdict": HELD, **asdict(item)} for name, item in (held or {}).items()})
    return {"batch": batch, "captured_at": captured_at, "tables": tables}


def release_document(batch: int, table: str, item: AcceptedObject) -> dict[str, Any]:
    """What was held of a batch and is accepted now, as a verdict's state tells it."""
    return {"batch": batch, "table": table, **asdict(item)}


def accepted_batches(verdict: Manifest, source: str) -> Iterator[AcceptedBatch]:
    """The batches that one verdict is about, in order."""
    for entry in verdict.state["batches"].get(source, ()):
        sides: dict[str, dict[str, AcceptedObject]] = {ACCEPTED: {}, HELD: {}}
        for name, item in entry["tables"].items():
            values = {field: value for field, value in item.items() if field != "verdict"}
            sides[item["verdict"]][name] = AcceptedObject(**values)
        yield AcceptedBatch(entry["batch"], entry["captured_at"], verdict.number, sides[ACCEPTED], sides[HELD])


def pending_batches(log: CommitLog, after_verdict: int, source: str, build_to: int | None) -> list[AcceptedBatch]:
    """The batches of verdicts beyond a number, up to batch `build_to` (None: to the newest), releases applied."""
    found: dict[int, AcceptedBatch] = {}
    for verdict in log.since(after_verdict):
        for batch in accepted_batches(verdict, source):
            if build_to is None or batch.batch <= build_to:
                found[batch.batch] = batch
        for number, items in _released(verdict, source).items():
            if number in found:
                found[number] = found[number].released(items)
    return [found[number] for number in sorted(found)]


def _released(verdict: Manifest, source: str) -> dict[int, dict[str, AcceptedObject]]:
    released: dict[int, dict[str, AcceptedObject]] = {}
    for entry in verdict.state.get("released", {}).get(source, ()):
        values = {name: value for name, value in entry.items() if name not in ("batch", "table")}
        released.setdefault(int(entry["batch"]), {})[entry["table"]] = AcceptedObject(**values)
    return released


def standings_of(verdict: Manifest | None, source: str) -> Mapping[str, Mapping[str, Any]]:
    """What a verdict says of each table: the schema of its newest events, how it differs, what is held."""
    found: Mapping[str, Mapping[str, Any]] = verdict.state.get("tables", {}).get(source, {}) if verdict else {}
    return found


def held_of(verdict: Manifest | None, source: str, tables: Sequence[str]) -> list[HeldBatch]:
    """The batches that wait for any of these source tables, with all their held events; none when nothing is held."""
    standings = standings_of(verdict, source)
    found: dict[int, HeldBatch] = {}
    for name in tables:
        for number, entry in standings.get(name, {}).get("held", {}).items():
            before = found[int(number)].events if int(number) in found else 0
            found[int(number)] = HeldBatch(int(number), entry["captured_at"], before + entry["events"])
    return [found[number] for number in sorted(found)]
