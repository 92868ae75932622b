"""ingest: every change of a source since its last batch, from one snapshot, as one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from totelake.alerts.messages import deletions_held_back
from totelake.alerts.store import note
from totelake.capture.blocked import BlockedError
from totelake.capture.captures import Captured, TableCaptures
from totelake.capture.detect.look import SourceLook, is_behind, look, standing_of
from totelake.capture.detect.moves import last_capture
from totelake.capture.postgres.open_transactions import report_open_transactions
from totelake.capture.postgres.reading import read_source
from totelake.capture.postgres.server import wait_durable
from totelake.capture.postgres.session import Session
from totelake.contracts import load_contracts
from totelake.contracts.model import Table, TableId
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import Batch, BlockedTable, Bookmark, TableState
from totelake.ports.postgres_client import tell_client
from totelake.runtime import moments
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import DISABLE, PAUSE, IngestArguments
from totelake.runtime.run_properties import ALLOW_DELETES
from totelake.schemas.columns import TableSchema

_TRIES = 3


def ingest(job: Job[IngestArguments]) -> Manifest | None:
    """Capture what changed and commit it; None when there was nothing to commit or the bookmark is paused.

    Raises SourceError when the source cannot be used, RetriableError when other runs commit first each time.
    """
    arguments = job.arguments
    tell_client(job.log)
    address = job.database(arguments.source_secret)
    log = CommitLog(job.ingestion, arguments.source)
    tables = load_contracts().source_tables(arguments.source)
    allow_deletes = allowed_deletes(job)
    attempt: Attempt | None = None

    def next_batch(newest: Manifest | None) -> Manifest | None:
        nonlocal attempt
        if attempt is not None:
            job.log.info("another run committed batch %s first; looking again", attempt.number)
        # a run that dies after its commit reports nothing, so the next one does
        _note_held_back(job, last_capture(log, newest))

        def capture(session: Session) -> tuple[Batch | None, Attempt]:
            mine = log.attempt(newest, arguments.run.id)
            return _capture(job, session, tables, Bookmark.of(newest), mine, allow_deletes), mine

        batch, attempt = read_source(address, capture, job.log.warning)
        if batch is not None and arguments.bookmark == PAUSE:
            _report(job, batch, "not committed, the bookmark is paused")
            return None
        return batch.manifest(attempt, job.now()) if batch is not None else None

    manifest = log.append(next_batch, _TRIES)
    if manifest is not None:
        batch = Batch.of(manifest)
        _report(job, batch, "committed")
        for name, table in batch.commits.items():
            job.metric("EventsCaptured", table.rows, "Count", Source=arguments.source, Table=name)
        _note_held_back(job, batch)
    return manifest


def allowed_deletes(job: Job[IngestArguments]) -> tuple[str, ...]:
    """The tables whose deletions pass: a run of the workflow takes no arguments, so its property names more.

    Each may be named with the source, as messages write it.
    """
    listed = (job.run_property(ALLOW_DELETES) or "").split(",")
    names = [*job.arguments.allow_deletes, *(name.strip() for name in listed if name.strip())]
    return tuple(name.removeprefix(f"{job.arguments.source}.") for name in names)


def captured_next(bookmark: Bookmark, clock: datetime) -> datetime:
    """The time of the batch after the bookmark: what the clock shows, but always later than the batch before."""
    before = datetime.fromisoformat(bookmark.captured_at) if bookmark.captured_at else None
    return moments.following(clock, before)


def _note_held_back(job: Job[IngestArguments], batch: Batch | None) -> None:
    """Alert of what a batch holds back."""
    if batch is None:
        return
    for name, rows in batch.held_back.items():
        note(job, deletions_held_back(TableId(job.arguments.source, name), rows, batch.number))


def _capture(
    job: Job[IngestArguments],
    session: Session,
    tables: Sequence[Table],
    bookmark: Bookmark,
    attempt: Attempt,
    allow_deletes: Sequence[str],
) -> Batch | None:
    """What the source has beyond the bookmark; None when that is nothing, or when the server lags the bookmark."""
    standing = standing_of(session, bookmark)
    if is_behind(standing):
        job.log.warning("the source lags, nothing is committed: %s", standing.why)
        job.metric("SourceBehind", 1, "Count", Source=job.arguments.source)
        return None
    with look(session, tables, bookmark, job.arguments.bookmark == DISABLE, allow_deletes) as seen:
        captured_at = captured_next(bookmark, job.now())
        report_open_transactions(job, bookmark, seen.snapshot)
        _warn(job, seen.blocked)
        if not seen.has_work:
            job.log.info("nothing changed since batch %s", bookmark.batch)
            return None
        captures = TableCaptures(job, session, bookmark, seen, attempt, captured_at, allow_deletes)
        captured, unreadable = _captured(captures, seen)
        seen = seen.without(unreadable, bookmark)
        _warn(job, {name: seen.blocked[name] for name in unreadable})
    durable = wait_durable(session, seen.identity)
    if not durable:
        job.log.warning("the source has not made the batch durable; the next run compares every table")
    moved = Bookmark(
        batch=attempt.number,
        identity=seen.identity,
        snapshot=seen.snapshot,
        captured_at=captured_at.isoformat(),
        durable=durable,
        tables={**_blocked_states(seen, bookmark), **{name: item.state for name, item in captured.items()}},
        blocked=seen.blocked,
    )
    commits = {name: item.commit for name, item in captured.items() if item.commit is not None}
    return Batch(moved, commits, _new_schemas(seen, bookmark), _newly_held_back(moved, bookmark))


def _warn(job: Job[IngestArguments], blocked: Mapping[str, BlockedTable]) -> None:
    for name, item in blocked.items():
        job.log.warning("%s is not captured since batch %d: %s", name, item.since, item.why)


def _captured(captures: TableCaptures, seen: SourceLook) -> tuple[dict[str, Captured], dict[str, BlockedTable]]:
    """Every table that the server can read, and why it cannot read the others."""
    captured, unreadable = {}, {}
    for name in seen.shapes:
        try:
            captured[name] = captures.table(name)
        except BlockedError as error:
            unreadable[name] = error.blocked
    return captured, unreadable


def _blocked_states(seen: SourceLook, bookmark: Bookmark) -> dict[str, TableState]:
    """The states of blocked tables: as they were, so that what is known of them is not forgotten.

    A mark to compare one goes, since it is compared anyway when it is back, and marks are of bookmarks that were moved.
    """
    known = [name for name in seen.blocked if name in bookmark.tables]
    return {name: replace(bookmark.tables[name], compare="") for name in known}


def _new_schemas(seen: SourceLook, bookmark: Bookmark) -> dict[str, TableSchema]:
    """The schemas of the tables whose definition changed, whether or not one of their rows did, or that are back."""
    before = {name: state.fingerprint for name, state in bookmark.tables.items()}
    return {
        name: shape.lake_schema
        for name, shape in seen.shapes.items()
        if before.get(name) != shape.fingerprint or name in bookmark.blocked
    }


def _newly_held_back(moved: Bookmark, before: Bookmark) -> dict[str, int]:
    """Deletions held back, by table, where they are others than before."""
    known = {name: state.deferred for name, state in before.tables.items()}
    found = {name: state.deferred for name, state in moved.tables.items()}
    return {name: rows for name, rows in found.items() if rows and rows != known.get(name)}


def _report(job: Job[IngestArguments], batch: Batch, outcome: str) -> None:
    commits = batch.commits.values()
    job.log.info(
        "batch %d %s: %d inserts, %d updates, %d deletions in %d tables",
        batch.number,
        outcome,
        sum(table.inserts for table in commits),
        sum(table.updates for table in commits),
        sum(table.deletes for table in commits),
        len(commits),
    )
