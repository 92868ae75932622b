"""Verdict: what of the ingested batches was accepted, held or released, as the star builders and the load read it.

A table whose newest schema breaks its contract is held: its events are dead letters, and the star tables built of it
stop before the first held batch. A later verdict releases them, all of a table's at once and in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from totelake.contracts.model import TableId
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import DATA, Manifest, TableCommit
from totelake.lake.reading import reading
from totelake.lake.records.batch import BlockedTable, checked_schemas
from totelake.lake.records.judged import ACCEPTED, HELD, AcceptedObject, JudgedBatch, Release
from totelake.schemas.changes import Change
from totelake.schemas.columns import Columns, columns_of, documents_of

__all__ = [
    "ACCEPTED", "BLOCKED", "HELD", "LOG", "RELEASED", "UNBLOCKED", "AcceptedObject", "HeldEvents", "JudgedBatch",
    "Release", "SourceVerdict", "TableReport", "TableStanding", "Verdict", "held_for", "judged_batches",
    "pending_batches", "verdicts_since",
]  # fmt: skip
LOG = "verdicts"
# what becomes of a table, as people read it
RELEASED, BLOCKED, UNBLOCKED = "released", "not captured", "captured again"
# by source that a verdict is not about: the number of the verdict that it repeats
_REPEATED = "repeated"


@dataclass(frozen=True)
class HeldEvents:
    """Held events in one batch: of one table, or of all tables that a star table is built from."""

    batch: int
    captured_at: str
    events: int


@dataclass(frozen=True)
class TableStanding:
    """One table: `fingerprint` of its newest schema, the batch `since` which it has that, and what is held.

    `accepted` is the fingerprint of its newest accepted events. `schema` is empty when it is as the contract says.
    `blocked` says why the table is not captured; None when it is.
    """

    fingerprint: str = ""
    since: int = 0
    accepted: str = ""
    schema: Columns = ()
    changes: tuple[Change, ...] = ()
    held: Mapping[int, HeldEvents] = field(default_factory=dict)
    blocked: BlockedTable | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> TableStanding:
        """Read it from a manifest."""
        blocked = document.get("obstacle")
        return cls(
            fingerprint=document["fingerprint"],
            since=document["since"],
            accepted=document["accepted"],
            schema=columns_of(document["schema"]),
            changes=tuple(Change.of(item) for item in document["changes"]),
            held={int(number): HeldEvents(int(number), **entry) for number, entry in document["held"].items()},
            blocked=BlockedTable.of(blocked) if blocked else None,
        )

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest; the schema of a table as its contract says is not repeated."""
        return {
            "fingerprint": self.fingerprint,
            "since": self.since,
            "accepted": self.accepted,
            "schema": documents_of(self.schema) if self.changes else [],
            "changes": [change.document for change in self.changes],
            "held": {
                str(number): {"captured_at": item.captured_at, "events": item.events}
                for number, item in self.held.items()
            },
            "obstacle": self.blocked.document if self.blocked else {},
        }


@dataclass(frozen=True)
class TableReport:
    """Something to report of a table: a schema change that was accepted or holds it, a release of held events, or that
    it is blocked (`why`, with the remedy) or captured again.
    """

    table: str
    batch: int
    outcome: str
    changes: tuple[Change, ...]
    schema: Columns = ()
    released: tuple[int, ...] = ()
    why: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> TableReport:
        """Read it from a manifest."""
        return cls(
            table=document["table"],
            batch=document["batch"],
            outcome=document["outcome"],
            changes=tuple(Change.of(item) for item in document["changes"]),
            schema=columns_of(document["schema"]),
            released=tuple(document["released"]),
            why=document["why"],
        )

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest."""
        parts = {"changes": [change.document for change in self.changes], "schema": documents_of(self.schema)}
        return {**{name: getattr(self, name) for name in self.__dataclass_fields__}, **parts}


@dataclass(frozen=True)
class SourceVerdict:
    """What a verdict says of one source: judged to the batch `through`, and how each of its tables stands.

    `judged_in` is the number of the verdict that says so: another one than this where it is only repeated, 0 in a
    verdict that is not committed yet. What follows is new in this verdict: the batches it judges, what it releases, the
    tables to register anew, reports.
    """

    through: int = 0
    standings: Mapping[str, TableStanding] = field(default_factory=dict)
    batches: Sequence[JudgedBatch] = ()
    released: Sequence[Release] = ()
    register: frozenset[str] = frozenset()
    reports: Sequence[TableReport] = ()
    judged_in: int = 0

    def carried(self) -> SourceVerdict:
        """What the next verdict says of the source when it is about another one."""
        return SourceVerdict(self.through, self.standings, judged_in=self.judged_in)


@dataclass(frozen=True)
class Verdict:
    """A commit of the log `verdicts`. It is about one source and repeats where the others stand.

    `objects` are the tables' commits, each with its objects at their final keys, by source, batch and table name.
    """

    number: int = 0
    committed_at: str = ""
    sources: Mapping[str, SourceVerdict] = field(default_factory=dict)
    objects: Mapping[tuple[str, int, str], TableCommit] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """The source that it is about. Raises LookupError for a verdict that is not committed yet."""
        for name, item in self.sources.items():
            if item.judged_in == self.number:
                return name
        raise LookupError(f"the verdict {self.number} is about no source")

    def of_source(self, source: str) -> SourceVerdict:
        """What it says of a source; nothing for one that was never judged."""
        return self.sources.get(source, SourceVerdict())

    def objects_of(self, source: str) -> dict[tuple[int, str], TableCommit]:
        """The commits of one source's tables, by batch and name."""
        return {(batch, name): item for (of, batch, name), item in self.objects.items() if of == source}

    @classmethod
    def of(cls, manifest: Manifest | None) -> Verdict:
        """Read a commit of the log; an empty verdict before the first."""
        if manifest is None:
            return cls()
        with reading(manifest.key):
            sources = {name: _source(manifest, name) for name in manifest.state["through"]}
            objects = {_place(key): item for key, item in manifest.tables.items()}
            found = cls(manifest.number, manifest.committed_at, sources, objects)
            return checked_schemas(found, objects.values())

    def manifest(self, attempt: Attempt, now: datetime) -> Manifest:
        """The commit that an attempt makes."""
        found = self.sources.items()
        state: dict[str, Any] = {
            "through": {name: item.through for name, item in found},
            "batches": {name: [batch.document for batch in item.batches] for name, item in found},
            "released": {name: [release.document for release in item.released] for name, item in found},
            "register": {name: sorted(item.register) for name, item in found},
            "tables": {
                name: {table: standing.document for table, standing in sorted(item.standings.items())}
                for name, item in found
            },
            "news": {name: [report.document for report in item.reports] for name, item in found},
        }
        repeated = {name: item.judged_in for name, item in found if item.judged_in not in (0, attempt.number)}
        state.update({_REPEATED: repeated} if repeated else {})
        tables = {f"{source}.{batch}.{name}": item for (source, batch, name), item in self.objects.items()}
        return Manifest.of_attempt(attempt, DATA, now, state, tables)


def _place(key: str) -> tuple[str, int, str]:
    source, batch, name = key.split(".", 2)
    return source, int(batch), name


def _source(manifest: Manifest, name: str) -> SourceVerdict:
    state = manifest.state

    def part(field: str) -> Any:
        found = state.get(field, {}).get(name, [])
        if not isinstance(found, list):
            raise TypeError(f"{field} of {name} is {found!r}, which is no list")
        return found

    return SourceVerdict(
        through=state["through"][name],
        standings={table: TableStanding.of(entry) for table, entry in state.get("tables", {}).get(name, {}).items()},
        batches=tuple(JudgedBatch.of(entry, manifest.number) for entry in part("batches")),
        released=tuple(Release.of(entry) for entry in part("released")),
        register=frozenset(part("register")),
        reports=tuple(TableReport.of(entry) for entry in part("news")),
        judged_in=state.get(_REPEATED, {}).get(name, manifest.number),
    )


def verdicts_since(log: CommitLog, number: int) -> Iterator[Verdict]:
    """The verdicts beyond that number, in order."""
    return (Verdict.of(manifest) for manifest in log.since(number))


def judged_batches(verdicts: Iterable[Verdict], source: str) -> list[JudgedBatch]:
    """A source's batches of these verdicts, releases applied to those that are among them."""
    found: dict[int, JudgedBatch] = {}
    for verdict in verdicts:
        said = verdict.of_source(source)
        found.update({batch.batch: batch for batch in said.batches})
        for release in said.released:
            if release.batch in found:
                found[release.batch] = found[release.batch].releasing({release.table: release.item})
    return [found[number] for number in sorted(found)]


def pending_batches(log: CommitLog, after_verdict: int, source: str, build_to: int | None) -> list[JudgedBatch]:
    """A source's batches of the verdicts beyond a number, up to batch `build_to` (None: all), releases applied."""
    batches = judged_batches(verdicts_since(log, after_verdict), source)
    return [batch for batch in batches if build_to is None or batch.batch <= build_to]


def held_for(verdict: Verdict, tables: Sequence[TableId]) -> list[HeldEvents]:
    """The held events of these source tables by batch, the oldest first."""
    found: dict[int, HeldEvents] = {}
    for table in tables:
        standing = verdict.of_source(table.source).standings.get(table.name, TableStanding())
        for number, entry in standing.held.items():
            before = found[number].events if number in found else 0
            found[number] = HeldEvents(number, entry.captured_at, before + entry.events)
    return [found[number] for number in sorted(found)]
