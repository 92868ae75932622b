"""What a load takes: decided from what the warehouse has applied and what the star logs hold, without any I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from totelake.contracts.model import FACT, Table
from totelake.lake.manifest import REPLAY, Manifest
from totelake.lake.verdicts import SOURCE, HeldBatch


@dataclass(frozen=True)
class Applied:
    """How far one table is in the warehouse: its newest batch, and the last star commit that is applied whole."""

    batch: int = 0
    commit: int = 0


@dataclass(frozen=True)
class BatchEntry:
    """One batch of one table as `etl.batch` records it; while events of it are held, nothing of it is applied."""

    batch: int
    commit: int
    rows: int
    deletions: int
    quarantined: int
    held: int
    captured_at: str


@dataclass(frozen=True)
class Replay:
    """A star commit of rows that left the quarantine, whatever batches they are of."""

    commit: int
    keys: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class TableLoad:
    """What of one table is loaded: rows with `after` < `_batch` <= `through`, out of these objects, and whole replays.

    `expected` is the number of rows among all; None where the log does not say it by batch. `quarantine` are the
    objects of rows that did not fit.
    """

    table: Table
    after: int
    through: int
    keys: tuple[str, ...]
    expected: int | None
    batches: tuple[BatchEntry, ...]
    quarantine: tuple[str, ...] = ()
    replays: tuple[Replay, ...] = ()

    @property
    def has_rows(self) -> bool:
        """Whether there is something to stage."""
        return bool(self.keys or self.replays)


def plan(
    tables: Sequence[Table],
    applied: Mapping[str, Applied],
    manifests: Mapping[str, Sequence[Manifest]],
    held: Mapping[str, Sequence[HeldBatch]] | None = None,
) -> list[TableLoad]:
    """The unit of a load: all up to the newest batch that every table not held has reached; empty when nothing is due.

    `held` are the batches that wait for a star table; they are recorded with their events, and its bookmark stays.
    """
    waiting = {name: batches for name, batches in (held or {}).items() if batches}
    reached = {table.name: _reached(applied[table.name], manifests[table.name]) for table in tables}
    through = min([reached[name] for name in reached if name not in waiting] or reached.values())
    loads = [
        _with_held(_load(table, applied[table.name], manifests[table.name], through), waiting.get(table.name, ()))
        for table in tables
    ]
    is_due = any(load.replays or any(not entry.held for entry in load.batches) for load in loads)
    return loads if is_due else []


def _with_held(load: TableLoad, waiting: Sequence[HeldBatch]) -> TableLoad:
    """The load with a record of each batch in its range that waits."""
    taken = {entry.batch for entry in load.batches}
    entries = [
        BatchEntry(item.batch, 0, 0, 0, 0, item.events, item.captured_at)
        for item in waiting
        if load.after < item.batch <= load.through and item.batch not in taken
    ]
    return replace(load, batches=(*load.batches, *entries))


def _through(manifest: Manifest) -> int:
    return int(manifest.state["through"].get(SOURCE, 0))


def _reached(applied: Applied, manifests: Sequence[Manifest]) -> int:
    return max([applied.batch, *[_through(manifest) for manifest in manifests]])


def _load(table: Table, applied: Applied, manifests: Sequence[Manifest], through: int) -> TableLoad:
    entries: list[BatchEntry] = []
    keys: list[str] = []
    quarantine: list[str] = []
    replays: list[Replay] = []
    whole_rows: int | None = 0
    waits = False
    for manifest in manifests:
        # a warehouse stands at a number of the log: what follows a commit that waits, waits with it
        waits = waits or _through(manifest) > through
        if manifest.kind == REPLAY:
            replays += [] if waits else [_replay(table, manifest)]
            continue
        due = {
            int(number): document
            for number, document in manifest.state["batches"].items()
            if applied.batch < int(number) <= through
        }
        if not due:
            continue
        entries += [_entry(number, document, manifest) for number, document in sorted(due.items())]
        keys += [item.key for item in manifest.objects_of(table.name)]
        quarantine += [item.key for item in manifest.quarantine_of(table.name)]
        is_whole = len(due) == len(manifest.state["batches"])
        rows = sum(item.rows for item in manifest.objects_of(table.name))
        whole_rows = whole_rows + rows if whole_rows is not None and is_whole else None
    if table.kind == FACT:
        whole_rows = sum(entry.rows + entry.deletions for entry in entries)
    expected = None if whole_rows is None else whole_rows + sum(replay.rows for replay in replays)
    return TableLoad(
        table, applied.batch, through, tuple(keys), expected, tuple(entries), tuple(quarantine), tuple(replays)
    )


def _replay(table: Table, manifest: Manifest) -> Replay:
    items = manifest.objects_of(table.name)
    return Replay(manifest.number, tuple(item.key for item in items), sum(item.rows for item in items))


def _entry(number: int, document: Mapping[str, Any], manifest: Manifest) -> BatchEntry:
    """A batch's record; the commit counts as applied only with its last batch."""
    is_last = number == _through(manifest)
    return BatchEntry(
        batch=number,
        commit=manifest.number if is_last else manifest.number - 1,
        rows=document["rows"],
        deletions=document["deletions"],
        quarantined=document["quarantined"],
        held=document["held"],
        captured_at=document["captured_at"],
    )
