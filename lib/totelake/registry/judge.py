"""Which tables of which batches are accepted, held or released: decided from schemas and contracts, without any I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from totelake.contracts import Contracts
from totelake.contracts.model import Table, TableId
from totelake.lake.manifest import TableCommit
from totelake.lake.records.batch import Batch, BlockedTable, schema_of
from totelake.lake.records.verdict import (
    ACCEPTED,
    BLOCKED,
    HELD,
    RELEASED,
    UNBLOCKED,
    HeldEvents,
    TableReport,
    TableStanding,
)
from totelake.schemas.changes import NOT_CAPTURABLE, Change, differences, holds
from totelake.schemas.columns import TableSchema


@dataclass(frozen=True)
class Judgement:
    """What is decided of one source's tables.

    `held`: by batch, the tables that are held. `released`: by table, the batches that are released. `register`: the
    tables to register anew. `standings`: every table as it stands now.
    """

    held: Mapping[int, frozenset[str]]
    released: Mapping[str, tuple[int, ...]]
    register: frozenset[str]
    standings: Mapping[str, TableStanding]
    reports: tuple[TableReport, ...]

    def holds(self, batch: int, table: str) -> bool:
        """Whether the table is held in that batch."""
        return table in self.held.get(batch, ())


def judge(
    source: str, batches: Sequence[Batch], before: Mapping[str, TableStanding], contracts: Contracts
) -> Judgement:
    """Judge a source's batches in order, after its held tables were judged anew by the contracts of now.

    A table is held from the first batch whose schema breaks its contract until a later schema fits again, or the
    contract does.
    """
    builder = VerdictBuilder(source, before, contracts)
    for name in sorted(before):
        builder.judge_anew(name)
    for batch in batches:
        builder.judge(batch)
    return builder.judgement()


class VerdictBuilder:
    """One source's standings as they become, batch by batch."""

    def __init__(self, source: str, before: Mapping[str, TableStanding], contracts: Contracts) -> None:
        self._source, self._before, self._contracts = source, before, contracts
        self._standings = dict(before)
        self._held: dict[int, frozenset[str]] = {}
        self._released: dict[str, tuple[int, ...]] = {}
        self._reports: list[TableReport] = []

    def judge_anew(self, name: str) -> None:
        """Judge a table that differs from its contract by the contract of now, which may have been corrected since."""
        known, table = self._standings[name], self._contract(name)
        if not known.schema or table is None:
            return
        now = replace(known, changes=differences(table, known.schema))
        self._standings[name] = now
        if known.held and not holds(now.changes, table.policy):
            self._release(name, now.since)

    def judge(self, batch: Batch) -> None:
        """Judge one batch: its blocked tables and its new schemas first, then the events of each of its tables."""
        self._block(batch.number, batch.bookmark.blocked)
        for name, schema in sorted(batch.all_schemas.items()):
            self._observe_schema(name, batch.number, schema)
        held = frozenset(name for name, item in batch.commits.items() if self._holds_events(name, batch, item))
        if held:
            self._held[batch.number] = held

    def judgement(self) -> Judgement:
        """What was decided so far. The tables to register anew are those whose accepted events have another schema."""
        unknown = TableStanding()
        changed = [
            name for name, now in self._standings.items() if now.accepted != self._before.get(name, unknown).accepted
        ]
        register = frozenset([*changed, *self._released])
        return Judgement(self._held, self._released, register, self._standings, tuple(self._reports))

    def _block(self, batch: int, blocked: Mapping[str, BlockedTable]) -> None:
        """Note which tables are blocked from this batch on, and which no longer are."""
        before = {name for name, known in self._standings.items() if known.blocked}
        for name in sorted(before | set(blocked)):
            known, now = self._standing(name), blocked.get(name)
            if self._contract(name) is None or known.blocked == now:
                continue
            self._standings[name] = replace(known, blocked=now)
            if now is None:
                self._reports.append(TableReport(name, batch, UNBLOCKED, known.changes))
            else:
                self._reports.append(TableReport(name, batch, BLOCKED, (now.change,), why=now.why))

    def _observe_schema(self, name: str, batch: int, schema: TableSchema) -> None:
        """Compare a schema that a batch brings with the contract; report what is new, release what fits again."""
        known, found = self._standing(name), self._differences(name, schema)
        is_same = known.fingerprint == schema.fingerprint and known.changes == found
        self._standings[name] = replace(
            known,
            fingerprint=schema.fingerprint,
            since=known.since if known.fingerprint == schema.fingerprint else batch,
            schema=schema.columns,
            changes=found,
        )
        outcome = HELD if self._waits(name, found) else ACCEPTED
        if self._contract(name) is not None and not is_same and (found or known.changes):
            self._reports.append(TableReport(name, batch, outcome, found, schema.columns))
        if known.held and outcome == ACCEPTED:
            self._release(name, batch)

    def _holds_events(self, name: str, batch: Batch, item: TableCommit) -> bool:
        """Hold or accept a table's events of a batch; whether they are held."""
        known = self._standings[name]
        if self._waits(name, known.changes):
            entry = HeldEvents(batch.number, batch.captured_at, item.rows + item.quarantined)
            self._standings[name] = replace(known, held={**known.held, batch.number: entry})
            return True
        if item.objects:
            self._standings[name] = replace(known, accepted=schema_of(item).fingerprint)
        return False

    def _release(self, name: str, batch: int) -> None:
        known = self._standings[name]
        numbers = tuple(sorted(known.held))
        self._released[name] = self._released.get(name, ()) + numbers
        self._standings[name] = replace(known, held={})
        self._reports.append(TableReport(name, batch, RELEASED, known.changes, known.schema, numbers))

    def _differences(self, name: str, schema: TableSchema) -> tuple[Change, ...]:
        """The changes from the contract. A table whose contract was removed meanwhile waits for one, unreported."""
        table = self._contract(name)
        if table is None:
            return (Change(name, "", NOT_CAPTURABLE, "a contract", "no contract"),)
        return differences(table, schema.columns)

    def _waits(self, name: str, found: Sequence[Change]) -> bool:
        table = self._contract(name)
        return table is None or bool(holds(found, table.policy))

    def _contract(self, name: str) -> Table | None:
        return self._contracts.find_table(TableId(self._source, name))

    def _standing(self, name: str) -> TableStanding:
        return self._standings.get(name, TableStanding())
