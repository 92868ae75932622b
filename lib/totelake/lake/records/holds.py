"""Holds: the star tables that a builder or the load could not take any further, and why.

Each commit of the log repeats what still holds, so its newest one says all, also after a crash.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from totelake.contracts.model import Table, inputs_of
from totelake.lake.keys import Attempt
from totelake.lake.manifest import BOOKMARK, Manifest
from totelake.lake.reading import checked, reading
from totelake.lake.records.judged import JudgedBatch
from totelake.lake.records.verdict import HeldEvents

LOG = "holds"
BUILD, LOAD = "build", "load"
# what differs between two failures of one kind: numbers, ids of runs, names of their staging tables
_PARTICULAR = re.compile(r"\w*\d\w*")


@dataclass(frozen=True)
class Hold:
    """Why one step does not take a star table beyond the batch before `since`, and the events of the batches after it.

    `reason` is a sentence. `fingerprint` is that of the code and contracts with which it failed last; it may succeed
    with others. `held_at` is when it failed first.
    """

    since: int
    reason: str
    fingerprint: str
    held_at: str
    batches: Mapping[int, HeldEvents] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The reason without what differs each time."""
        return _PARTICULAR.sub("#", self.reason)

    @property
    def events(self) -> int:
        """All events that wait."""
        return sum(item.events for item in self.batches.values())

    @property
    def waiting(self) -> str:
        """How much waits, in words."""
        return waiting_words(self.events)

    def following(self, before: Hold | None) -> Hold:
        """The hold as it is recorded after `before`: a repeated failure is the same one, whose batches have grown."""
        if before is None or before.since != self.since:
            return self
        reason = before.reason if before.kind == self.kind else self.reason
        return replace(self, reason=reason, held_at=before.held_at)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Hold:
        """Read it from a manifest."""
        batches = {int(number): HeldEvents(int(number), **entry) for number, entry in document["batches"].items()}
        return cls(**{**document, "batches": batches})

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest."""
        batches = {
            str(number): {"captured_at": item.captured_at, "events": item.events}
            for number, item in sorted(self.batches.items())
        }
        return {**{name: getattr(self, name) for name in self.__dataclass_fields__}, "batches": batches}


@dataclass(frozen=True)
class Holds:
    """A commit of the log `holds` in the processed bucket: by step (build, load) and star table, what holds it."""

    steps: Mapping[str, Mapping[str, Hold]] = field(default_factory=dict)

    def of_step(self, step: str) -> Mapping[str, Hold]:
        """The star tables that a step holds."""
        return self.steps.get(step, {})

    def after(self, step: str, tried: Collection[str], failed: Mapping[str, Hold]) -> Holds:
        """The holds after a step has tried these star tables: those that failed, and those of others as they were."""
        known = self.of_step(step)
        kept = {name: hold for name, hold in known.items() if name not in tried}
        found = {name: hold.following(known.get(name)) for name, hold in failed.items()}
        steps = {**self.steps, step: {**kept, **found}}
        return Holds({name: dict(sorted(items.items())) for name, items in sorted(steps.items()) if items})

    @classmethod
    def of(cls, manifest: Manifest | None) -> Holds:
        """Read a commit of the log; nothing is held before the first."""
        if manifest is None:
            return cls()
        with reading(manifest.key):
            steps = manifest.state["steps"].items()
            found = {step: {name: Hold.of(entry) for name, entry in items.items()} for step, items in steps}
            return checked(cls(found))

    def manifest(self, attempt: Attempt, now: datetime) -> Manifest:
        """The commit that an attempt makes."""
        steps = {step: {name: hold.document for name, hold in items.items()} for step, items in self.steps.items()}
        return Manifest.of_attempt(attempt, BOOKMARK, now, {"steps": steps})


def waiting(table: Table, batches: Collection[JudgedBatch], after: int) -> dict[int, HeldEvents]:
    """The events of a star table's inputs in the batches beyond one, accepted or held; batches without any are not in
    it."""
    found = {}
    for batch in batches:
        items = [batch.find(source.name) for source in inputs_of(table)]
        events = sum(item.events for item in items if item is not None)
        if batch.batch > after and events:
            found[batch.batch] = HeldEvents(batch.batch, batch.captured_at, events)
    return found


def waiting_words(events: int) -> str:
    """How many events wait."""
    return "1 event waits" if events == 1 else f"{events} events wait"
