"""One run of a feed: what it takes becomes one batch of the source's log, with the feed's position inside."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Callable

from totelake.alerts.messages import records_refused
from totelake.alerts.store import note
from totelake.capture.blocked import dated
from totelake.capture.detect.search import NOTHING
from totelake.capture.events import EventWriter
from totelake.capture.ledger.ledger import Ledger
from totelake.contracts import TableId, load_contracts
from totelake.errors import SourceError
from totelake.feeds.intake import Intake
from totelake.feeds.known import known_for
from totelake.feeds.tables import FeedTable
from totelake.lake.commits import CommitLog
from totelake.lake.keys import QUARANTINE, Attempt
from totelake.lake.manifest import Manifest, TableCommit
from totelake.lake.objects import NullWriter, ObjectWriter
from totelake.lake.records.batch import Batch, BlockedTable, Bookmark, TableState
from totelake.runtime import moments
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import DISABLE, PAUSE, FeedArguments

Position = Mapping[str, Any]
_TRIES = 3


class Run:
    """What a feed takes in one run. `position` is where the last one ended, empty before the first.

    `captured_at` is the batch's time, `attempt` what it is committed as. `blocked` are the tables that nothing can be
    taken into, by name.
    """

    def __init__(
        self, job: Job[FeedArguments], bookmark: Bookmark, attempt: Attempt, captured_at: datetime, folder: Path
    ) -> None:
        self.job, self.attempt, self.captured_at = job, attempt, captured_at
        self._bookmark, self._folder = bookmark, folder
        self.position: Position = bookmark.position or {}
        self._intakes: dict[str, Intake] = {}
        self._why: dict[str, str] = {}
        self.blocked = self._blocked()

    def is_again(self, table: str) -> bool:
        """Whether everything of a table is to be taken again: somebody asked for it."""
        known = self._bookmark.tables.get(table)
        return self.job.arguments.bookmark == DISABLE or bool(self._bookmark.compare or (known and known.compare))

    def take(self, table: str, why: str) -> Intake:
        """What takes records into a table; `why` is what they are of, for people. Raises ContractError, and
        SourceError for a table that is blocked."""
        if table in self.blocked:
            raise SourceError(self.blocked[table].why)
        if table not in self._intakes:
            contract = load_contracts().table(TableId(self.job.arguments.source, table))
            self._intakes[table] = Intake(FeedTable(contract), self._folder / table)
        self._why[table] = why
        return self._intakes[table]

    def open_state(self, owner: str, suffix: str) -> ObjectWriter:
        """A new object of state, which the position may name by its key; it is there once it is stored."""
        return self._writer(self.attempt.state_key(f"{self.job.arguments.source}/{owner}", suffix))

    def batch(self, position: Position) -> Batch | None:
        """The batch of what was taken, with the position at which the next run begins; None when nothing is new."""
        commits: dict[str, TableCommit] = {}
        states = {name: _unchanged(state) for name, state in self._bookmark.tables.items()}
        for name, intake in self._intakes.items():
            states[name], commit = self._written(name, intake)
            if commit is not None:
                commits[name] = commit
        before = {name: state.fingerprint for name, state in self._bookmark.tables.items()}
        schemas = {
            name: intake.table.schema
            for name, intake in self._intakes.items()
            if before.get(name) != intake.table.schema.fingerprint
        }
        moved = Bookmark(
            batch=self.attempt.number,
            captured_at=self.captured_at.isoformat(),
            tables=states,
            blocked=self.blocked,
            position=position,
        )
        is_same = position == self.position and self.blocked == self._bookmark.blocked
        if not commits and not schemas and is_same and not self._bookmark.is_move:
            return None
        return Batch(moved, commits, schemas)

    def close(self) -> None:
        """Forget what was taken."""
        for intake in self._intakes.values():
            intake.close()

    def _blocked(self) -> dict[str, BlockedTable]:
        found = {}
        for table in load_contracts().source_tables(self.job.arguments.source):
            state = self._bookmark.tables.get(table.name)
            blocked = FeedTable(table).blocked_since(state) if state else None
            if blocked is not None:
                found[table.name] = blocked
                self.job.log.warning("%s", blocked.why)
        return dated(found, self._bookmark.blocked, self.attempt.number)

    def _written(self, name: str, intake: Intake) -> tuple[TableState, TableCommit | None]:
        previous, source = self._bookmark.tables.get(name), self.job.arguments.source
        ledger = Ledger(self.job.ingestion, previous.ledger if previous else None)
        staged, quarantine = (self.attempt.staged_key(name, f"{kind}.parquet") for kind in ("events", "quarantine"))
        events = EventWriter(
            lambda: self._writer(staged),
            lambda: self._writer(quarantine),
            intake.table.events,
            self.attempt.number,
            self.captured_at,
        )
        try:
            known = known_for(ledger, intake.most_rows, lambda suffix: self.open_state(name, suffix))
            state = intake.write(known, events, self._why[name])
            return state, events.commit(source, intake.table.schema)
        except BaseException:
            events.abandon()
            raise

    def _writer(self, key: str) -> ObjectWriter:
        is_paused = self.job.arguments.bookmark == PAUSE
        return NullWriter(key) if is_paused else ObjectWriter(self.job.ingestion, key)


Gather = Callable[[Run], "Position | None"]


def take_batch(job: Job[FeedArguments], gather: Gather) -> Manifest | None:
    """Commit what `gather` takes; None when that is nothing, or when the bookmark is paused.

    `gather` gives the new position, None when there is nothing to do. It is called again when another run commits
    first. Raises RetriableError when other runs commit first each time.
    """
    arguments = job.arguments
    log = CommitLog(job.ingestion, arguments.source)

    def next_batch(newest: Manifest | None) -> Manifest | None:
        bookmark, attempt = Bookmark.of(newest), log.attempt(newest, arguments.run.id)
        before = datetime.fromisoformat(bookmark.captured_at) if bookmark.captured_at else None
        with tempfile.TemporaryDirectory(prefix="totelake-feed-") as folder:
            run = Run(job, bookmark, attempt, moments.following(job.now(), before), Path(folder))
            try:
                position = gather(run)
                batch = None if position is None else run.batch(position)
            finally:
                run.close()
        if batch is None:
            job.log.info("nothing is new since batch %s", bookmark.batch)
            return None
        if arguments.bookmark == PAUSE:
            _report(job, batch, "not committed, the bookmark is paused")
            return None
        return batch.manifest(attempt, job.now())

    manifest = log.append(next_batch, _TRIES)
    if manifest is not None:
        _report(job, Batch.of(manifest), "committed")
        _alert(job, Batch.of(manifest))
    return manifest


def _alert(job: Job[FeedArguments], batch: Batch) -> None:
    """Alert of what does not fit of tables that no star table is built of; of the others the builders do."""
    source = job.arguments.source
    driving = {star.driving for star in load_contracts().star_tables(source)}
    for name, commit in batch.commits.items():
        if commit.quarantined and name not in driving:
            place = job.ingestion.address(f"{QUARANTINE}/{source}/{name}/")
            note(job, records_refused(f"{source}.{name}", commit.quarantined, batch.number, place))


def _unchanged(state: TableState) -> TableState:
    return replace(state, search=NOTHING, why="", compare="")


def _report(job: Job[FeedArguments], batch: Batch, outcome: str) -> None:
    source = job.arguments.source
    for name, commit in batch.commits.items():
        job.metric("EventsCaptured", commit.rows, "Count", Source=source, Table=name)
        if commit.quarantined:
            job.log.warning("%s: %d records do not fit and are in quarantine", name, commit.quarantined)
            job.metric("RowsQuarantined", commit.quarantined, "Count", Source=source, Table=name)
    counts = {name: f"{item.inserts} new, {item.updates} changed" for name, item in batch.commits.items()}
    words = "; ".join(f"{name}: {text}" for name, text in counts.items())
    job.log.info("batch %d %s: %s", batch.number, outcome, words or "no record is new or changed")
