"""ingest_totesys: every change since the last batch, from one snapshot, as one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from totelake.alerts.messages import deletions_held_back
from totelake.alerts.store import alert
from totelake.capture.detect.bookmark import Bookmark, TableState
from totelake.capture.detect.look import SourceLook, is_behind, look, standing_of
from totelake.capture.detect.moves import last_capture
from totelake.capture.detect.search import NOTHING, WHOLE, Search
from totelake.capture.events import EventWriter
from totelake.capture.postgres import open_transactions
from totelake.capture.postgres.connection import SourceAddress, connect
from totelake.capture.postgres.copy import UnreadableError
from totelake.capture.postgres.server import wait_durable
from totelake.capture.postgres.session import Session
from totelake.capture.table import NeedsWhole, Task, capture_table, unchanged
from totelake.contracts import catalog
from totelake.contracts.model import Table
from totelake.errors import RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt, ingested_key, quarantined_key
from totelake.lake.manifest import BOOKMARK, DATA, LakeObject, Manifest, TableCommit
from totelake.lake.objects import NullWriter, ObjectWriter
from totelake.runtime.arguments import DISABLE, PAUSE, JobArguments
from totelake.runtime.runtime import Runtime

SOURCE = "totesys"
# the property of a workflow run that does what the argument allow_deletes does: such a run takes no job arguments
ALLOW_DELETES = "totelake:allow_deletes"
_TRIES = 3
_HELD_BACK = "held_back"
_WAITING = (
    "%s: %d deletions are held back, too many at once or beside others that are held back; look at the table, "
    "`totelake run --allow-deletes %s` (the job's argument --allow_deletes) then lets all of them pass"
)


@dataclass(frozen=True)
class Captured:
    """One table after its capture; `commit` is None when it has no events."""

    state: TableState
    commit: TableCommit | None


def ingest_totesys(runtime: Runtime, arguments: JobArguments) -> Manifest | None:
    """Capture what changed and commit it; None when there was nothing to commit or the bookmark is paused."""
    address = SourceAddress.from_secret(runtime.secret(arguments.totesys_secret), arguments.totesys_secret)
    log = CommitLog(runtime.clients.s3, arguments.ingestion_bucket, SOURCE)
    tables = catalog().source_tables(SOURCE)
    arguments = replace(arguments, allow_deletes=_allowed(arguments.allow_deletes, runtime.run_property(ALLOW_DELETES)))
    for _ in range(_TRIES):
        newest = log.newest()
        _tell(runtime, arguments, last_capture(log, newest))
        bookmark = Bookmark.of(newest)
        with connect(address) as connection:
            manifest = _capture(runtime, arguments, Session(connection), tables, bookmark)
        if manifest is None:
            return None
        if arguments.bookmark == PAUSE:
            _report(runtime, manifest, "not committed, the bookmark is paused")
            return None
        if log.commit(manifest):
            _report(runtime, manifest, "committed")
            _tell(runtime, arguments, manifest)
            return manifest
        runtime.log.info("another run committed batch %s first; looking again", manifest.number)
    raise RetriableError(f"other runs committed {_TRIES} batches of {SOURCE} first; run the job again when they ended")


def _tell(runtime: Runtime, arguments: JobArguments, capture: Manifest | None) -> None:
    """Alert of what a commit holds back; repeated by the next run, for one that dies after its commit tells nothing."""
    if capture is None:
        return
    for name, rows in capture.state.get(_HELD_BACK, {}).items():
        alert(runtime, arguments, deletions_held_back(name, rows, capture.number))


def _newly_held_back(moved: Bookmark, before: Bookmark) -> dict[str, int]:
    """Deletions held back, by table, where they are others than before."""
    known = {name: state.deferred for name, state in before.tables.items()}
    found = {name: state.deferred for name, state in moved.tables.items()}
    return {name: rows for name, rows in found.items() if rows and rows != known.get(name)}


def _allowed(*lists: str | None) -> str:
    return ",".join(names for names in lists if names)


def _capture(
    runtime: Runtime, arguments: JobArguments, session: Session, tables: Sequence[Table], bookmark: Bookmark
) -> Manifest | None:
    standing = standing_of(session, bookmark)
    if is_behind(standing):
        runtime.log.warning("the source lags, nothing is committed: %s", standing.why)
        runtime.metric("SourceBehind", 1, "Count", Source=SOURCE)
        return None
    attempt = Attempt.new(SOURCE, bookmark.batch + 1, arguments.job_run_id)
    with look(session, tables, bookmark, arguments.bookmark == DISABLE, arguments.allowed_deletes) as seen:
        captured_at = runtime.now()
        open_transactions.tell(runtime, SOURCE, bookmark, seen.snapshot)
        for name, obstacle in seen.obstacles.items():
            runtime.log.warning("%s is not captured since batch %d: %s", name, obstacle.since, obstacle.why)
        if not seen.has_work:
            runtime.log.info("nothing changed since batch %s", bookmark.batch)
            return None
        captures = _Captures(runtime, arguments, session, bookmark, seen, attempt, captured_at)
        captured = {name: captures.table(name) for name in seen.shapes}
    durable = wait_durable(session, seen.identity)
    if not durable:
        runtime.log.warning("the source has not made the batch durable; the next run compares every table")
    moved = Bookmark(
        batch=attempt.number,
        identity=seen.identity,
        snapshot=seen.snapshot,
        captured_at=captured_at.isoformat(),
        durable=durable,
        tables={**_left_out(seen, bookmark), **{name: item.state for name, item in captured.items()}},
        obstacles=seen.obstacles,
    )
    commits = {name: item.commit for name, item in captured.items() if item.commit is not None}
    return Manifest(
        log=SOURCE,
        number=attempt.number,
        attempt=attempt.id,
        kind=DATA if commits else BOOKMARK,
        committed_at=runtime.now().isoformat(),
        tables=commits,
        state={**moved.state(), "schemas": _new_schemas(seen, bookmark), _HELD_BACK: _newly_held_back(moved, bookmark)},
    )


def _left_out(seen: SourceLook, bookmark: Bookmark) -> dict[str, TableState]:
    """The states of tables that cannot be captured: as they were, so that what is known of them is not forgotten.

    A mark to compare one goes, since it is compared anyway when it is back, and marks are of bookmarks moved by hand.
    """
    left = [name for name in seen.obstacles if name in bookmark.tables]
    return {name: replace(bookmark.tables[name], compare="") for name in left}


def _new_schemas(seen: SourceLook, bookmark: Bookmark) -> dict[str, dict[str, Any]]:
    """The schemas of the tables whose definition changed, whether or not one of their rows did, or that are back."""
    before = {name: state.fingerprint for name, state in bookmark.tables.items()}
    return {
        name: {"fingerprint": shape.schema_fingerprint, "columns": shape.document}
        for name, shape in seen.shapes.items()
        if before.get(name) != shape.fingerprint or name in bookmark.obstacles
    }


class _Captures:
    """The tables of one look, captured one after the other."""

    def __init__(
        self,
        runtime: Runtime,
        arguments: JobArguments,
        session: Session,
        bookmark: Bookmark,
        seen: SourceLook,
        attempt: Attempt,
        captured_at: datetime,
    ) -> None:
        self._runtime, self._arguments, self._session = runtime, arguments, session
        self._bookmark, self._seen, self._attempt, self._captured_at = bookmark, seen, attempt, captured_at

    def table(self, name: str) -> Captured:
        """Capture one table. A window that does not explain the table's rows is followed by the whole table."""
        search, previous = self._seen.searches[name], self._bookmark.tables.get(name)
        if search.kind == NOTHING and previous is not None:
            return Captured(unchanged(previous, self._seen.looks[name]), None)
        try:
            captured = self._search(name, search)
        except NeedsWhole:
            captured = self._search(name, Search(WHOLE, f"{search.why}, which the window does not explain"))
        state = captured.state
        rows = captured.commit.rows if captured.commit else 0
        self._runtime.log.info("%s: %s (%s): %d events, %d keys", name, state.search, state.why, rows, state.keys)
        if captured.commit is not None and captured.commit.quarantined:
            bad = captured.commit.quarantined
            self._runtime.log.warning("%s: %d rows cannot be read exactly and are in quarantine", name, bad)
            self._runtime.metric("RowsQuarantined", bad, "Count", Table=name)
        if state.deferred:
            self._runtime.log.warning(_WAITING, name, state.deferred, name)
            self._runtime.metric("DeferredDeletions", state.deferred, "Count", Table=name)
        return captured

    def _search(self, name: str, search: Search) -> Captured:
        try:
            return self._copied(name, search)
        except UnreadableError:
            return self._copied(name, search, careful=True)

    def _copied(self, name: str, search: Search, careful: bool = False) -> Captured:
        shape = self._seen.shapes[name]
        task = Task(
            shape=shape,
            search=search,
            look=self._seen.looks[name],
            previous=self._bookmark.tables.get(name),
            since_age=self._seen.since_age,
            s3=self._runtime.clients.s3,
            bucket=self._arguments.ingestion_bucket,
            allow_deletes=name in self._arguments.allowed_deletes,
            careful=careful,
            open_state=lambda suffix: self._writer(self._attempt.state_key(f"{SOURCE}/{name}", suffix)),
        )
        staged, apart = (self._attempt.staged_key(name, f"{kind}.parquet") for kind in ("events", "quarantine"))
        events = EventWriter(
            lambda: self._writer(staged), lambda: self._writer(apart), shape, self._attempt.number, self._captured_at
        )
        try:
            state = capture_table(self._session, task, events)
        except BaseException:
            events.abandon()
            raise
        return Captured(state, self._commit(name, events, shape.document, shape.schema_fingerprint))

    def _commit(self, name: str, events: EventWriter, schema: Any, fingerprint: str) -> TableCommit | None:
        stored, apart = events.store(), events.store_quarantine()
        if stored is None and apart is None:
            return None
        day, batch = self._captured_at.date().isoformat(), self._attempt.number
        objects: tuple[LakeObject, ...] = ()
        quarantine: tuple[LakeObject, ...] = ()
        if stored is not None:
            key = ingested_key(SOURCE, name, day, batch)
            objects = (LakeObject(stored.key, key, events.rows, stored.bytes, stored.sha256, {"ingested_on": day}),)
        if apart is not None:
            key = quarantined_key(SOURCE, name, batch)
            quarantine = (LakeObject(apart.key, key, events.quarantined, apart.bytes, apart.sha256),)
        return TableCommit(
            objects=objects,
            quarantined=events.quarantined,
            quarantine=quarantine,
            rows=events.rows,
            inserts=events.inserts,
            updates=events.updates,
            deletes=events.deletes,
            extra={"fingerprint": fingerprint, "schema": schema},
        )

    def _writer(self, key: str) -> ObjectWriter:
        if self._arguments.bookmark == PAUSE:
            return NullWriter(key)
        return ObjectWriter(self._runtime.clients.s3, self._arguments.ingestion_bucket, key)


def _report(runtime: Runtime, manifest: Manifest, outcome: str) -> None:
    counts = _totals(manifest.tables)
    runtime.log.info(
        "batch %d %s: %d inserts, %d updates, %d deletions in %d tables",
        manifest.number,
        outcome,
        counts.inserts,
        counts.updates,
        counts.deletes,
        len(manifest.tables),
    )
    if outcome == "committed":
        for name, table in manifest.tables.items():
            runtime.metric("EventsCaptured", table.rows, "Count", Source=SOURCE, Table=name)


def _totals(tables: Mapping[str, TableCommit]) -> TableCommit:
    total = TableCommit()
    for table in tables.values():
        total = replace(
            total,
            inserts=total.inserts + table.inserts,
            updates=total.updates + table.updates,
            deletes=total.deletes + table.deletes,
        )
    return total
