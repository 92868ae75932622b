"""The tables of one look, captured one after the other: their events, their quarantined rows, their states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from totelake.capture.detect.look import SourceLook
from totelake.capture.detect.search import NOTHING, WHOLE, Search
from totelake.capture.events import EventWriter
from totelake.capture.postgres.copy import read_table
from totelake.capture.postgres.session import Session
from totelake.capture.table import NeedsWhole, Task, capture_table, unchanged
from totelake.contracts.model import TableId
from totelake.lake.keys import Attempt
from totelake.lake.manifest import TableCommit
from totelake.lake.objects import NullWriter, ObjectWriter
from totelake.lake.records.batch import Bookmark, TableState
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import PAUSE, IngestArguments

_DEFERRED = (
    "%s: %d deletions are held back, too many at once or beside others that are held back; look at the table, "
    "`totelake run --allow-deletes %s` (the job's argument --allow_deletes) then lets all of them pass"
)


@dataclass(frozen=True)
class Captured:
    """One table after its capture; `commit` is None when it has no events."""

    state: TableState
    commit: TableCommit | None


class TableCaptures:
    """What captures the tables of a look. `allow_deletes` are those whose deletions pass however many they are."""

    def __init__(
        self,
        job: Job[IngestArguments],
        session: Session,
        bookmark: Bookmark,
        seen: SourceLook,
        attempt: Attempt,
        captured_at: datetime,
        allow_deletes: Sequence[str] = (),
    ) -> None:
        self._job, self._session = job, session
        self._bookmark, self._seen, self._attempt, self._captured_at = bookmark, seen, attempt, captured_at
        self._allow_deletes = allow_deletes

    def table(self, name: str) -> Captured:
        """Capture one table. A window that does not explain the table's rows is followed by the whole table.

        Raises BlockedError when the server cannot read it.
        """
        search, previous = self._seen.searches[name], self._bookmark.tables.get(name)
        if search.kind == NOTHING and previous is not None:
            return Captured(unchanged(previous, self._seen.looks[name]), None)
        try:
            captured = self._search(name, search)
        except NeedsWhole:
            captured = self._search(name, Search(WHOLE, f"{search.why}, which the window does not explain"))
        self._report(name, captured)
        return captured

    def _report(self, name: str, captured: Captured) -> None:
        job, state, commit = self._job, captured.state, captured.commit
        table = TableId(job.arguments.source, name)
        rows = commit.rows if commit else 0
        job.log.info("%s: %s (%s): %d events, %d keys", name, state.search, state.why, rows, state.keys)
        if commit is not None and commit.quarantined:
            job.log.warning("%s: %d rows cannot be read exactly and are in quarantine", name, commit.quarantined)
            job.metric("RowsQuarantined", commit.quarantined, "Count", Source=table.source, Table=name)
        if state.deferred:
            job.log.warning(_DEFERRED, name, state.deferred, table)
            job.metric("DeferredDeletions", state.deferred, "Count", Source=table.source, Table=name)

    def _search(self, name: str, search: Search) -> Captured:
        return read_table(
            self._session, self._seen.shapes[name], lambda row_by_row: self._copy(name, search, row_by_row)
        )

    def _copy(self, name: str, search: Search, row_by_row: bool) -> Captured:
        shape = self._seen.shapes[name]
        owner = f"{self._job.arguments.source}/{name}"
        task = Task(
            shape=shape,
            search=search,
            look=self._seen.looks[name],
            previous=self._bookmark.tables.get(name),
            since_age=self._seen.since_age,
            store=self._job.ingestion,
            allow_deletes=name in self._allow_deletes,
            row_by_row=row_by_row,
            open_state=lambda suffix: self._writer(self._attempt.state_key(owner, suffix)),
        )
        staged, quarantine = (self._attempt.staged_key(name, f"{kind}.parquet") for kind in ("events", "quarantine"))
        events = EventWriter(
            lambda: self._writer(staged),
            lambda: self._writer(quarantine),
            shape.events,
            self._attempt.number,
            self._captured_at,
        )
        try:
            state = capture_table(self._session, task, events)
            return Captured(state, events.commit(self._job.arguments.source, shape.lake_schema))
        except BaseException:
            events.abandon()
            raise

    def _writer(self, key: str) -> ObjectWriter:
        is_paused = self._job.arguments.bookmark == PAUSE
        return NullWriter(key) if is_paused else ObjectWriter(self._job.ingestion, key)
