"""What a load takes: decided from what the warehouse has applied and what the star logs hold, without any I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from totelake.contracts.model import FACT, Table
from totelake.lake.records.star_commit import BatchCounts, StarCommit
from totelake.lake.records.verdict import HeldEvents


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
    """What of one table is loaded: rows with `beyond` < `_batch` <= `through`, out of these objects, and whole replays.

    `expected` is the number of rows among all; None where the log does not say it by batch. `quarantine` are the
    objects of rows that did not fit. `replaces` says that the load holds all of the table anew: what the warehouse has
    of it goes in the same transaction, whatever was applied. `checksums` are the SHA-256 of all these objects by key.
    """

    table: Table
    after: int
    through: int
    keys: tuple[str, ...]
    expected: int | None
    batches: tuple[BatchEntry, ...]
    quarantine: tuple[str, ...] = ()
    replays: tuple[Replay, ...] = ()
    replaces: bool = False
    checksums: Mapping[str, str] = field(default_factory=dict)

    @property
    def beyond(self) -> int:
        """The newest batch of which no row is loaded."""
        return 0 if self.replaces else self.after

    @property
    def has_rows(self) -> bool:
        """Whether there is something to stage."""
        return bool(self.keys or self.replays)


def plan(
    tables: Sequence[Table],
    applied: Mapping[str, Applied],
    commits: Mapping[str, Sequence[StarCommit]],
    held: Mapping[str, Sequence[HeldEvents]] | None = None,
    behind: Collection[str] = (),
) -> list[TableLoad]:
    """The unit of a load: all up to the newest batch that every table not held has reached; empty when nothing is due.

    The tables are those of one source, `commits` each one's beyond what is applied. `held` are the batches that wait
    for a table; they are recorded with their events, and the table stays where it is. Neither do the others wait for
    those that are `behind`.
    """
    if not tables:
        return []
    waiting = {name: batches for name, batches in (held or {}).items() if batches}
    reached = {table.name: _reached(applied[table.name], commits[table.name]) for table in tables}
    ahead = [reached[name] for name in reached if name not in waiting and name not in behind]
    through = min(ahead or reached.values())
    loads = [
        with_held(_load(table, applied[table.name], commits[table.name], through), waiting.get(table.name, ()))
        for table in tables
    ]
    is_due = any(load.replays or any(not entry.held for entry in load.batches) for load in loads)
    return loads if is_due else []


def with_held(load: TableLoad, waiting: Iterable[HeldEvents]) -> TableLoad:
    """The load with a record of each batch in its range that waits."""
    taken = {entry.batch for entry in load.batches}
    entries = [
        BatchEntry(item.batch, 0, 0, 0, 0, item.events, item.captured_at)
        for item in waiting
        if load.after < item.batch <= load.through and item.batch not in taken
    ]
    return replace(load, batches=(*load.batches, *entries))


def put_off(load: TableLoad, waiting: Iterable[HeldEvents]) -> TableLoad:
    """The load when nothing of the table can be applied: every batch in its range that has events waits."""
    before = tuple(entry for entry in load.batches if entry.held)
    return with_held(TableLoad(load.table, load.after, load.through, (), None, before), waiting)


def _reached(applied: Applied, commits: Sequence[StarCommit]) -> int:
    return max([applied.batch, *[commit.through for commit in commits]])


def _load(table: Table, applied: Applied, commits: Sequence[StarCommit], through: int) -> TableLoad:
    """What is due of one table; where it was built anew by then, from that commit on."""
    rebuilt = max((item.number for item in commits if item.is_rebuild and item.through <= through), default=0)
    if rebuilt:
        due = [commit for commit in commits if commit.number >= rebuilt]
        load = _since(table, Applied(), due, through)
        return replace(load, after=applied.batch, replaces=True)
    return _since(table, applied, commits, through)


def _since(table: Table, applied: Applied, commits: Sequence[StarCommit], through: int) -> TableLoad:
    entries: list[BatchEntry] = []
    keys: list[str] = []
    quarantine: list[str] = []
    replays: list[Replay] = []
    checksums: dict[str, str] = {}
    whole_rows: int | None = 0
    waits = False
    for commit in commits:
        if commit.is_rebuild and commit.through > through:
            # what is due by then is in the commits before it, too
            break
        # a warehouse stands at a number of the log: what follows a commit that waits, waits with it
        waits = waits or commit.through > through
        named = (*commit.objects, *commit.quarantine)
        checksums.update((item.key, item.checksum) for item in named if item.checksum)
        if commit.is_replay:
            replays += [] if waits else [_replay(commit)]
            continue
        due = {number: counts for number, counts in commit.batches.items() if applied.batch < number <= through}
        if not due:
            continue
        entries += [_entry(number, counts, commit) for number, counts in sorted(due.items())]
        keys += [item.key for item in commit.objects]
        quarantine += [item.key for item in commit.quarantine]
        is_whole = len(due) == len(commit.batches)
        whole_rows = whole_rows + _rows(commit) if whole_rows is not None and is_whole else None
    if table.kind == FACT:
        whole_rows = sum(entry.rows + entry.deletions for entry in entries)
    expected = None if whole_rows is None else whole_rows + sum(replay.rows for replay in replays)
    return TableLoad(
        table=table,
        after=applied.batch,
        through=through,
        keys=tuple(keys),
        expected=expected,
        batches=tuple(entries),
        quarantine=tuple(quarantine),
        replays=tuple(replays),
        checksums=checksums,
    )


def _rows(commit: StarCommit) -> int:
    return sum(item.rows for item in commit.objects)


def _replay(commit: StarCommit) -> Replay:
    return Replay(commit.number, tuple(item.key for item in commit.objects), _rows(commit))


def _entry(number: int, counts: BatchCounts, commit: StarCommit) -> BatchEntry:
    """A batch's record; the commit counts as applied only with its last batch."""
    is_last = number == commit.through
    return BatchEntry(
        batch=number,
        commit=commit.number if is_last else commit.number - 1,
        rows=counts.rows,
        deletions=counts.deletions,
        quarantined=counts.quarantined,
        held=counts.held,
        captured_at=counts.captured_at,
    )
