"""The batches of a source for people: what each brought and why its tables were searched, from their manifests."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from totelake.capture.detect.search import NOTHING
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest, TableCommit
from totelake.lake.records.batch import Bookmark

_AT_ONCE = 8
_COUNTS = ("inserts", "updates", "deletes", "quarantined")


@dataclass(frozen=True)
class BatchSummary:
    """One batch: events in all tables and in each that has any, and why it was made; times are UTC."""

    number: int
    kind: str
    committed_at: str
    inserts: int
    updates: int
    deletes: int
    quarantined: int
    tables: Mapping[str, Mapping[str, int]]
    why: str

    def document(self) -> dict[str, Any]:
        """The batch for machines."""
        return asdict(self)


def read(log: CommitLog, limit: int) -> list[BatchSummary]:
    """The newest batches, the newest first; none before the first run."""
    newest = log.newest_number()
    if newest is None:
        return []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [describe(found) for found in pool.map(log.get, range(newest, max(0, newest - limit), -1))]


def describe(manifest: Manifest) -> BatchSummary:
    """What a commit of a source's log brought."""
    tables = {name: _counts(table) for name, table in manifest.tables.items()}
    totals = {name: sum(counts[name] for counts in tables.values()) for name in _COUNTS}
    bookmark = Bookmark.of(manifest)
    why = _moved(bookmark) if bookmark.is_move else _searched(bookmark)
    return BatchSummary(manifest.number, manifest.kind, manifest.committed_at, **totals, tables=tables, why=why)


def _counts(table: TableCommit) -> dict[str, int]:
    return {name: getattr(table, name) for name in _COUNTS}


def _moved(bookmark: Bookmark) -> str:
    """What the next run is to do."""
    parts = [f"search from batch {bookmark.since} on"] if bookmark.since else []
    if bookmark.compare:
        parts.append(f"compare every table whole ({bookmark.compare})")
    marked = [f"compare {name} whole ({state.compare})" for name, state in bookmark.tables.items() if state.compare]
    return ", ".join(parts + marked)


def _searched(bookmark: Bookmark) -> str:
    """Why tables were searched; once when it is the same for all of them."""
    captured = {name: state for name, state in bookmark.tables.items() if name not in bookmark.blocked}
    reasons = {name: state.why for name, state in captured.items() if state.search != NOTHING}
    fresh = {name: item.why for name, item in bookmark.blocked.items() if item.since == bookmark.batch}
    if not fresh and len(reasons) == len(captured) and len(set(reasons.values())) == 1:
        return next(iter(reasons.values()))
    reasons.update({name: f"not captured any more, {why}" for name, why in fresh.items()})
    return "; ".join(f"{name}: {why}" for name, why in reasons.items())
