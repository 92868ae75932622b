"""What one star table builds next: decided from its newest commit and the judged batches, without any I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from totelake.contracts.model import DIMENSION, Table, TableId, inputs_of
from totelake.lake.manifest import DATA, TableCommit
from totelake.lake.records.batch import StateFile
from totelake.lake.records.star_commit import BatchCounts, StarCommit, Years
from totelake.lake.records.verdict import AcceptedObject, JudgedBatch


def is_joined(table: Table) -> bool:
    """Whether a star table's rows are those of its driving table joined to another."""
    return table.driving is not None and len(inputs_of(table)) > 1


@dataclass(frozen=True)
class Written:
    """What was written for a commit: its objects, and what the next commit has to know.

    `quarantined` counts by batch the rows that do not fit, `undeleted` the deletions among them; `replayed` those that
    left the quarantine.
    """

    commit: TableCommit = field(default_factory=TableCommit)
    quarantined: Mapping[int, int] = field(default_factory=dict)
    undeleted: Mapping[int, int] = field(default_factory=dict)
    replayed: Mapping[int, int] = field(default_factory=dict)
    years: Years | None = None
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kept: tuple[StateFile, ...] = ()


@dataclass(frozen=True)
class Unit:
    """The batches that one commit of a star table takes, and the commit that it follows.

    `verdict` is the last one that the unit takes whole.
    """

    table: Table
    before: StarCommit
    verdict: int
    batches: tuple[JudgedBatch, ...]

    @property
    def after(self) -> int:
        """The newest batch that the table had before."""
        return self.before.through

    @property
    def through(self) -> int:
        """The newest batch of the unit."""
        return self.batches[-1].batch

    @property
    def driving(self) -> TableId | None:
        """The driving source table; None when rows are made otherwise."""
        return TableId(self.table.source, self.table.driving) if self.table.driving else None

    @property
    def inputs(self) -> list[TableId]:
        """The source tables that feed the star table and have events in this unit."""
        return [table for table in inputs_of(self.table) if self.objects(table)]

    def objects(self, table: TableId) -> list[AcceptedObject]:
        """The unit's objects with events of one source table."""
        return [item for item in self._items(table) if item.key]

    @property
    def quarantined_at_ingestion(self) -> list[AcceptedObject]:
        """The unit's objects with rows of the driving table that could not be read exactly."""
        return [item for item in self._items(self.driving) if item.quarantine] if self.driving else []

    @property
    def keys(self) -> list[str]:
        """The keys of all objects that the unit is built of."""
        accepted = [item.key for table in self.inputs for item in self.objects(table)]
        return [*accepted, *(item.quarantine for item in self.quarantined_at_ingestion)]

    @property
    def is_empty(self) -> bool:
        """Whether nothing of its batches concerns the table."""
        return not self.inputs and not self.quarantined_at_ingestion

    @property
    def promised(self) -> tuple[int, int, int] | None:
        """Inserts, updates and deletes, each of which must be a row or in quarantine; None where rows are joined or
        made otherwise."""
        if self.driving is None or is_joined(self.table):
            return None
        items = self.objects(self.driving)
        return (
            sum(item.inserts for item in items),
            sum(item.updates for item in items),
            sum(item.deletes for item in items),
        )

    def commit(self, written: Written) -> StarCommit:
        """The table's next commit, when this was written for it."""
        commit = self.before.layout.placed(self.table.name, written.commit)
        return StarCommit(
            table=self.table.name,
            source=self.table.source,
            kind=DATA,
            through=self.through,
            verdict=self.verdict,
            commit=commit,
            batches=self.counts(written.quarantined, written.undeleted),
            layout=self.before.layout.grown(commit.objects),
            rebuilt=self.before.rebuilt,
            years=written.years,
            inputs=written.inputs,
            kept=written.kept,
        )

    def unchanged(self) -> Written:
        """What is written for a unit without events: nothing; years and inputs stay as they were."""
        return Written(years=self.before.years, inputs=self.before.inputs, kept=self.before.kept)

    def counts(self, quarantined: Mapping[int, int], undeleted: Mapping[int, int]) -> dict[int, BatchCounts]:
        """What of each batch is in the table. Rows and deletions are counted for facts only."""
        return {
            batch.batch: self._counts(batch, quarantined.get(batch.batch, 0), undeleted.get(batch.batch, 0))
            for batch in self.batches
        }

    def _counts(self, batch: JudgedBatch, quarantined: int, undeleted: int) -> BatchCounts:
        item = batch.tables.get(self.table.driving or "") if self.table.kind != DIMENSION else None
        return BatchCounts(
            rows=item.inserts + item.updates + item.quarantined - (quarantined - undeleted) if item else 0,
            deletions=item.deletes - undeleted if item else 0,
            quarantined=quarantined,
            held=0,
            captured_at=batch.captured_at,
        )

    def _items(self, table: TableId) -> list[AcceptedObject]:
        return [batch.tables[table.name] for batch in self.batches if table.name in batch.tables]


def plan(
    table: Table, newest: StarCommit, batches: Sequence[JudgedBatch], row_limit: int, build_to: int | None
) -> Unit | None:
    """The next unit of a table: pending batches up to `build_to`, the row limit and the first that is held for it.

    `batches` are those of the table's source. None when nothing is pending. The row limit counts whole batches, with
    all their tables, so all star tables are cut alike; at least one batch is taken.
    """
    pending = [batch for batch in batches if batch.batch > newest.through]
    taken = _within(_not_held(pending, inputs_of(table)), row_limit, build_to)
    if not taken:
        return None
    rest = pending[len(taken) :]
    is_cut = bool(rest) and rest[0].verdict == taken[-1].verdict
    verdict = taken[-1].verdict - 1 if is_cut else taken[-1].verdict
    return Unit(table, newest, verdict, tuple(taken))


def _not_held(pending: Sequence[JudgedBatch], inputs: Sequence[TableId]) -> list[JudgedBatch]:
    """The batches before the first in which one of the inputs is held."""
    names = {table.name for table in inputs}
    return list(takewhile(lambda batch: names.isdisjoint(batch.held), pending))


def _within(pending: Sequence[JudgedBatch], row_limit: int, build_to: int | None) -> list[JudgedBatch]:
    taken: list[JudgedBatch] = []
    rows = 0
    for batch in pending:
        is_beyond = build_to is not None and batch.batch > build_to
        if is_beyond or (taken and rows + batch.rows > row_limit):
            break
        taken.append(batch)
        rows += batch.rows
    return taken
