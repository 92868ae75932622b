"""Which tables of which batches are accepted, held or released: decided from schemas and contracts, without any I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from totelake.contracts.catalog import Catalog
from totelake.contracts.model import Table
from totelake.lake.manifest import Manifest
from totelake.schemas.changes import NOT_CAPTURABLE, Change, changes, contract_fields, fields, holds

Schema = Sequence[Mapping[str, Any]]
ACCEPTED, HELD, RELEASED = "accepted", "held", "released"
UNCAPTURED, CAPTURED = "not captured", "captured again"


@dataclass(frozen=True)
class Standing:
    """One table: the schema that it has since which batch, the one of its newest accepted events, what is held.

    `obstacle` is what keeps it from being captured, as the batches tell it; empty when nothing does.
    """

    fingerprint: str = ""
    since: int = 0
    accepted: str = ""
    schema: tuple[Mapping[str, Any], ...] = ()
    changes: tuple[Change, ...] = ()
    held: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    obstacle: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Standing:
        """Read it from a verdict's state."""
        return cls(
            fingerprint=document["fingerprint"],
            since=document["since"],
            accepted=document["accepted"],
            schema=tuple(document["schema"]),
            changes=tuple(Change.of(item) for item in document["changes"]),
            held={int(number): entry for number, entry in document["held"].items()},
            obstacle=document.get("obstacle", {}),
        )

    @property
    def document(self) -> dict[str, Any]:
        """The form in a verdict's state; the schema of a table as its contract says is not repeated."""
        return {
            "fingerprint": self.fingerprint,
            "since": self.since,
            "accepted": self.accepted,
            "schema": list(self.schema) if self.changes else [],
            "changes": [change.document for change in self.changes],
            "held": {str(number): dict(entry) for number, entry in self.held.items()},
            "obstacle": dict(self.obstacle),
        }


@dataclass(frozen=True)
class News:
    """Something to be told: a table's schema changed and was accepted, is held, or what was held is released.

    Or the table is not captured any more, `why` with the remedy, or captured again.
    """

    table: str
    batch: int
    outcome: str
    changes: tuple[Change, ...]
    schema: tuple[Mapping[str, Any], ...] = ()
    released: tuple[int, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Judged:
    """The outcome: tables held by batch, batches released by table, tables to register anew, and all standings."""

    held: Mapping[int, frozenset[str]]
    released: Mapping[str, tuple[int, ...]]
    registers: frozenset[str]
    standings: Mapping[str, Standing]
    news: tuple[News, ...]


def differences(table: Table, schema: Schema) -> tuple[Change, ...]:
    """The changes from a table's contract to a schema."""
    return tuple(changes(table.name, contract_fields(table), fields(schema)))


def breaks(table: Table, schema: Schema) -> bool:
    """Whether events of that schema have to wait, by the table's policy."""
    return bool(holds(differences(table, schema), table.policy))


def judge(batches: Sequence[Manifest], before: Mapping[str, Standing], contracts: Catalog) -> Judged:
    """Judge batches in order, after what is held was judged anew by the contracts of now.

    A table is held from the first batch whose schema breaks its contract until one fits again, or the contract does.
    """
    court = _Court(before, contracts)
    for name in sorted(before):
        court.judge_anew(name)
    for batch in batches:
        court.judge(batch)
    return Judged(court.held, court.released, court.registers(before), court.standings, tuple(court.news))


class _Court:
    """The standings as they become, batch by batch."""

    def __init__(self, before: Mapping[str, Standing], contracts: Catalog) -> None:
        self._contracts = contracts
        self.standings = dict(before)
        self.held: dict[int, frozenset[str]] = {}
        self.released: dict[str, tuple[int, ...]] = {}
        self.news: list[News] = []

    def judge_anew(self, name: str) -> None:
        """A drifted table by its contract of now, which may have been mended since."""
        known = self.standings[name]
        if not known.schema or name not in self._contracts.tables:
            return
        table = self._contracts.table(name)
        now = replace(known, changes=differences(table, known.schema))
        self.standings[name] = now
        if known.held and not holds(now.changes, table.policy):
            self._release(name, now.since)

    def judge(self, batch: Manifest) -> None:
        """One batch: its new schemas first, then what each of its tables brought."""
        self._hinder(batch.number, batch.state.get("obstacles", {}))
        for name, schema in sorted(schemas_of(batch).items()):
            self._meet(name, batch.number, *schema)
        held = set()
        for name, item in batch.tables.items():
            known = self.standings[name]
            if self._waits(name, known.changes):
                held.add(name)
                entry = {"captured_at": batch.state["captured_at"], "events": item.rows + item.quarantined}
                self.standings[name] = replace(known, held={**known.held, batch.number: entry})
            elif item.objects:
                self.standings[name] = replace(known, accepted=item.extra["fingerprint"])
        if held:
            self.held[batch.number] = frozenset(held)

    def registers(self, before: Mapping[str, Standing]) -> frozenset[str]:
        """The tables whose accepted events have another schema than before."""
        anew = [name for name, now in self.standings.items() if now.accepted != before.get(name, Standing()).accepted]
        return frozenset([*anew, *self.released])

    def _hinder(self, batch: int, obstacles: Mapping[str, Mapping[str, Any]]) -> None:
        """Tables that cannot be captured, and those that can be again. Nothing of them is in the batch, or held."""
        hindered = {name for name, known in self.standings.items() if known.obstacle}
        for name in sorted((hindered | set(obstacles)) & set(self._contracts.tables)):
            known, obstacle = self.standings.get(name, Standing()), obstacles.get(name, {})
            if known.obstacle == obstacle:
                continue
            self.standings[name] = replace(known, obstacle=obstacle)
            if obstacle:
                change = Change.of(obstacle["change"])
                self.news.append(News(name, batch, UNCAPTURED, (change,), why=obstacle["why"]))
            else:
                self.news.append(News(name, batch, CAPTURED, known.changes))

    def _meet(self, name: str, batch: int, fingerprint: str, schema: Schema) -> None:
        known, found = self.standings.get(name, Standing()), self._differences(name, schema)
        is_same = known.fingerprint == fingerprint and known.changes == found
        since = known.since if known.fingerprint == fingerprint else batch
        self.standings[name] = replace(known, fingerprint=fingerprint, since=since, schema=tuple(schema), changes=found)
        outcome = HELD if self._waits(name, found) else ACCEPTED
        if name in self._contracts.tables and not is_same and (found or known.changes):
            self.news.append(News(name, batch, outcome, found, tuple(schema)))
        if known.held and outcome == ACCEPTED:
            self._release(name, batch)

    def _differences(self, name: str, schema: Schema) -> tuple[Change, ...]:
        """A table whose contract was taken out since the batch was captured waits for one, and nobody is told."""
        if name not in self._contracts.tables:
            return (Change(name, "", NOT_CAPTURABLE, "a contract", "no contract"),)
        return differences(self._contracts.table(name), schema)

    def _waits(self, name: str, found: Sequence[Change]) -> bool:
        return name not in self._contracts.tables or bool(holds(found, self._contracts.table(name).policy))

    def _release(self, name: str, batch: int) -> None:
        known = self.standings[name]
        numbers = tuple(sorted(known.held))
        self.released[name] = self.released.get(name, ()) + numbers
        self.standings[name] = replace(known, held={})
        self.news.append(News(name, batch, RELEASED, known.changes, known.schema, numbers))


def schemas_of(batch: Manifest) -> dict[str, tuple[str, Schema]]:
    """The schemas that a batch tells of: those that changed, and those of its events."""
    found = {name: (entry["fingerprint"], entry["columns"]) for name, entry in batch.state.get("schemas", {}).items()}
    found.update({name: (item.extra["fingerprint"], item.extra["schema"]) for name, item in batch.tables.items()})
    return found
