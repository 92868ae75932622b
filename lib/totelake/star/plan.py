"""What one star table has to build: decided from its log's newest state and the verdicts, without any I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from totelake.contracts.model import DIMENSION, Table, inputs_of
from totelake.lake.manifest import Manifest, TableCommit
from totelake.lake.verdicts import SOURCE, AcceptedBatch, AcceptedObject

_CARRIED = ("years", "inputs")


@dataclass(frozen=True)
class Unit:
    """The batches that one commit of a star table takes; `verdict` is the last one that it takes whole."""

    table: Table
    number: int
    after: int
    verdict: int
    batches: tuple[AcceptedBatch, ...]
    state: Mapping[str, Any]

    @property
    def through(self) -> int:
        """The newest batch of the unit."""
        return self.batches[-1].batch

    @property
    def captured_at(self) -> str:
        """When the newest batch was captured."""
        return self.batches[-1].captured_at

    def objects(self, source: str) -> list[AcceptedObject]:
        """The unit's objects of one source table."""
        return [item for item in self._items(source) if item.key]

    @property
    def unreadable(self) -> list[AcceptedObject]:
        """What ingestion set apart of the driving table: rows that could not be read exactly."""
        return [item for item in self._items(self.table.source or "") if item.quarantine]

    def _items(self, source: str) -> list[AcceptedObject]:
        return [batch.tables[source] for batch in self.batches if source in batch.tables]

    @property
    def sources(self) -> list[str]:
        """The source tables that feed the star table and have events in this unit."""
        return [name for name in inputs_of(self.table) if self.objects(name)]

    @property
    def carried(self) -> dict[str, Any]:
        """What the builder noted in the last commit's state for the next."""
        return {name: self.state[name] for name in _CARRIED if name in self.state}

    @property
    def promised(self) -> tuple[int, int, int] | None:
        """Inserts, updates and deletes, each of which must be a row or in quarantine; None where rows are joined."""
        if self.table.source is None or len(inputs_of(self.table)) > 1:
            return None
        items = self.objects(self.table.source)
        return (
            sum(item.inserts for item in items),
            sum(item.updates for item in items),
            sum(item.deletes for item in items),
        )

    def batch_documents(self, quarantined: Mapping[int, int]) -> dict[str, dict[str, Any]]:
        """Per batch what is in the table: rows and deletions of a fact, the quarantined as counted, times of all."""
        return {str(batch.batch): self._document(batch, quarantined.get(batch.batch, 0)) for batch in self.batches}

    def _document(self, batch: AcceptedBatch, quarantined: int) -> dict[str, Any]:
        item = batch.tables.get(self.table.source or "") if self.table.kind != DIMENSION else None
        return {
            "rows": item.inserts + item.updates + item.quarantined - quarantined if item else 0,
            "deletions": item.deletes if item else 0,
            "quarantined": quarantined,
            "held": 0,
            "captured_at": batch.captured_at,
        }


@dataclass(frozen=True)
class Written:
    """What a unit's commit holds, the state for the next unit, and how many rows of each batch are in quarantine."""

    commit: TableCommit
    state: Mapping[str, Any]
    quarantined: Mapping[int, int]


def plan(
    table: Table, newest: Manifest | None, batches: Sequence[AcceptedBatch], row_limit: int, build_to: int | None
) -> Unit | None:
    """The next unit of a table: pending batches up to `build_to`, the row limit and the first that is held for it.

    None when nothing is pending. All tables count the rows of whole batches, so that they are cut alike; at least one
    batch is taken.
    """
    after = int(newest.state["through"].get(SOURCE, 0)) if newest else 0
    pending = [batch for batch in batches if batch.batch > after]
    taken = _within(_not_held(pending, inputs_of(table)), row_limit, build_to)
    if not taken:
        return None
    rest = pending[len(taken) :]
    is_cut = bool(rest) and rest[0].verdict == taken[-1].verdict
    return Unit(
        table=table,
        number=newest.number + 1 if newest else 1,
        after=after,
        verdict=taken[-1].verdict - 1 if is_cut else taken[-1].verdict,
        batches=tuple(taken),
        state=newest.state if newest else {},
    )


def _not_held(pending: Sequence[AcceptedBatch], inputs: Sequence[str]) -> list[AcceptedBatch]:
    """The batches before the first in which one of the inputs is held."""
    return list(takewhile(lambda batch: not set(inputs) & set(batch.held), pending))


def _within(pending: Sequence[AcceptedBatch], row_limit: int, build_to: int | None) -> list[AcceptedBatch]:
    taken: list[AcceptedBatch] = []
    rows = 0
    for batch in pending:
        is_beyond = build_to is not None and batch.batch > build_to
        if is_beyond or (taken and rows + batch.rows > row_limit):
            break
        taken.append(batch)
        rows += batch.rows
    return taken
