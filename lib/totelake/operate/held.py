"""What stands still: star tables that something holds, and source tables that are not captured; since when, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from totelake.contracts.model import Table, inputs_of
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import Bookmark
from totelake.lake.records.holds import BUILD, LOAD, Holds, waiting_words
from totelake.lake.records.holds import LOG as HOLDS
from totelake.lake.records.verdict import LOG, Verdict, held_for
from totelake.ports.object_store import ObjectStore

VERDICT = "verdict"
_WHAT = {VERDICT: "not accepted", BUILD: "not built", LOAD: "not loaded"}


@dataclass(frozen=True)
class HeldTable:
    """A star table that is held: by which step, the first batch that waits, all events that do, the sentence that says
    why, and since when (ISO 8601): the step failed first, or the first batch that waits was captured."""

    table: str
    step: str
    since: int
    events: int
    reason: str
    at: str = ""

    def __str__(self) -> str:
        when = f" (since {self.at[:16].replace('T', ' ')} UTC)" if self.at else ""
        reason = " ".join(self.reason.split())
        return f"{_WHAT[self.step]} from batch {self.since} on{when}, {waiting_words(self.events)}: {reason}"

    @property
    def line(self) -> str:
        """What people read of it, in one line."""
        return f"{self.table} is held: {self}"

    def document(self) -> dict[str, Any]:
        """The form for machines."""
        return asdict(self)


@dataclass(frozen=True)
class NotCaptured:
    """A source table that is left out of the batches: since which one, 0 before the first, and the sentence that says
    why, with the remedy."""

    table: str
    since: int
    reason: str

    @property
    def line(self) -> str:
        """What people read of it, in one line."""
        since = f"is not captured since batch {self.since}" if self.since else "cannot be captured"
        return f"{self.table} {since}: {' '.join(self.reason.split())}"

    def document(self) -> dict[str, Any]:
        """The form for machines."""
        return asdict(self)


def not_captured(ingestion: ObjectStore, sources: Sequence[str]) -> list[NotCaptured]:
    """The tables of sources that their newest batches leave out, each with its source where several are asked for."""
    return [
        NotCaptured(name if len(sources) == 1 else f"{source}.{name}", item.since, item.why)
        for source in sources
        for name, item in sorted(Bookmark.of(CommitLog(ingestion, source).newest()).blocked.items())
    ]


def held_tables(ingestion: ObjectStore, processed: ObjectStore, tables: Sequence[Table]) -> list[HeldTable]:
    """What holds these star tables, by the newest verdict and the newest record of holds; a table may be held twice."""
    verdict = Verdict.of(CommitLog(ingestion, LOG).newest())
    holds = Holds.of(CommitLog(processed, HOLDS).newest())
    return [item for table in tables for item in _of(table, verdict, holds)]


def _of(table: Table, verdict: Verdict, holds: Holds) -> Iterator[HeldTable]:
    held = held_for(verdict, inputs_of(table))
    if held:
        broken = [str(source) for source in inputs_of(table) if held_for(verdict, [source])]
        reason = f"the schema of {', '.join(broken)} breaks its contract; see `totelake drift {broken[0]}`"
        yield HeldTable(
            table.name, VERDICT, held[0].batch, sum(item.events for item in held), reason, held[0].captured_at
        )
    for step in (BUILD, LOAD):
        hold = holds.of_step(step).get(table.name)
        if hold is not None:
            yield HeldTable(table.name, step, hold.since, hold.events, hold.reason, hold.held_at)
