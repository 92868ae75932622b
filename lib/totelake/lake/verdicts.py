"""Verdicts on ingested batches, as the star builders read them: which objects of which tables were accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest

LOG = "verdicts"
SOURCE = "totesys"
ACCEPTED = "accepted"
BUILD_TO = "totelake:build_to:{source}"
REPLAY_PROPERTY = "totelake:replay"


@dataclass(frozen=True)
class AcceptedObject:
    """One table's events of one batch at their final key, and what of it could not be read; '' where there is none."""

    key: str
    rows: int
    inserts: int
    updates: int
    deletes: int
    fingerprint: str
    quarantine: str = ""
    quarantined: int = 0


@dataclass(frozen=True)
class AcceptedBatch:
    """What of one batch was accepted; `verdict` is the number of the verdict that says so."""

    batch: int
    captured_at: str
    verdict: int
    tables: Mapping[str, AcceptedObject]

    @property
    def rows(self) -> int:
        """Events in all its tables."""
        return sum(item.rows for item in self.tables.values())


def batch_document(batch: int, captured_at: str, accepted: Mapping[str, AcceptedObject]) -> dict[str, Any]:
    """A batch as its verdict's state tells it."""
    tables = {name: {"verdict": ACCEPTED, **asdict(item)} for name, item in accepted.items()}
    return {"batch": batch, "captured_at": captured_at, "tables": tables}


def accepted_batches(verdict: Manifest, source: str) -> Iterator[AcceptedBatch]:
    """The batches that one verdict is about, in order."""
    for entry in verdict.state["batches"].get(source, ()):
        tables = {
            name: AcceptedObject(**{field: value for field, value in item.items() if field != "verdict"})
            for name, item in entry["tables"].items()
            if item["verdict"] == ACCEPTED
        }
        yield AcceptedBatch(entry["batch"], entry["captured_at"], verdict.number, tables)


def pending_batches(log: CommitLog, after_verdict: int, source: str, build_to: int | None) -> list[AcceptedBatch]:
    """The accepted batches of verdicts beyond a number, up to batch `build_to` (None: to the newest)."""
    found = []
    for verdict in log.since(after_verdict):
        for batch in accepted_batches(verdict, source):
            if build_to is None or batch.batch <= build_to:
                found.append(batch)
    return found
