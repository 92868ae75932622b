"""watch: start a source's refresh when the source has changes or earlier work is pending, and report what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from totelake.alerts.scan import scan_failures
from totelake.capture.detect.look import SourceLook, is_behind, look, standing_of
from totelake.capture.detect.search import NOTHING
from totelake.capture.postgres.reading import read_source
from totelake.capture.postgres.session import Session
from totelake.contracts import Contracts, TableId, load_contracts
from totelake.contracts.model import Table, inputs_of
from totelake.contracts.sources import Source
from totelake.feeds.kinds import look_at_feed
from totelake.feeds.looks import Place
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import Bookmark
from totelake.lake.records.holds import BUILD, LOAD, Holds
from totelake.lake.records.holds import LOG as HOLDS
from totelake.lake.records.marks import LOADED, LoadMark
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import LOG, SourceVerdict, Verdict, held_for
from totelake.operate import runs
from totelake.operate.backoff import LONGEST, MOST_RUNS, pause_after
from totelake.ports.postgres_client import tell_client
from totelake.runtime.fingerprint import fingerprint_of
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import WatchArguments
from totelake.runtime.run_reports import SUCCEEDED, RunReport
from totelake.schemas.changes import breaks

_BUSY = ("RUNNING", "STOPPING")


@dataclass(frozen=True)
class Work:
    """What there is to do, in words: earlier work that is pending, and changes in the source."""

    pending: Sequence[str] = ()
    changes: Sequence[str] = ()


def watch(job: Job[WatchArguments]) -> str | None:
    """Look at the source once; the id of the workflow run that was started, None when there is no work or one runs.

    Failed runs are reported whatever becomes of the look, also when the source cannot be reached.
    """
    if job.arguments.source_secret:
        tell_client(job.log)
    try:
        return _start_refresh(job)
    finally:
        scan_failures(job)


def _start_refresh(job: Job[WatchArguments]) -> str | None:
    glue, workflow = job.clients.glue, runs.refresh_workflow(job.arguments.prefix, job.arguments.source)
    newest = runs.newest(glue, workflow)
    has_failed = newest is not None and newest.has_failed
    if newest and newest.problems:
        job.log.warning("the last run %s of %s: %s", newest.id, workflow, "; ".join(newest.problems))
    job.metric("WorkflowFailed", 1 if has_failed else 0, "Count", Workflow=workflow)
    if newest and newest.status in _BUSY:
        job.log.info("%s is running; what is pending is found by the next look", workflow)
        return None
    work = _work(job)
    reasons = _reasons(job, work, newest)
    if not reasons:
        if not work.pending:
            job.log.info("no work: nothing changed and nothing is pending")
        return None
    if has_failed and not _brings_changes(job, work, newest) and _pauses(job, workflow):
        return None
    try:
        run_id = glue.start_workflow_run(Name=workflow)["RunId"]
    except glue.exceptions.ConcurrentRunsExceededException:
        job.log.info("%s is running already; what is pending is found by the next look", workflow)
        return None
    job.log.info("started %s of %s: %s", run_id, workflow, "; ".join(reasons))
    return run_id


def _reasons(job: Job[WatchArguments], work: Work, newest: RunReport | None) -> list[str]:
    """Why the refresh is to be started, by what there is to do and how its newest run ended."""
    if newest is None or newest.outcome == SUCCEEDED:
        return [*work.pending, *work.changes]
    if newest.has_failed:
        return [*work.pending, *work.changes, "the last run did not succeed"]
    if work.pending and not work.changes:
        job.log.warning(
            "somebody stopped the last run: what it left waits for a change in the source or `totelake run`: %s",
            "; ".join(work.pending),
        )
    return [*work.pending, *work.changes] if work.changes else []


def _brings_changes(job: Job[WatchArguments], work: Work, newest: RunReport | None) -> bool:
    """Whether a run takes new changes into the lake, though a step after the capture will fail again."""
    captured = runs.ingest_job(job.arguments.prefix, job.arguments.source)
    return bool(work.changes) and newest is not None and newest.has_done(captured)


def _pauses(job: Job[WatchArguments], workflow: str) -> bool:
    """Whether it is too early to start a workflow again that failed."""
    pause = pause_after(runs.history(job.clients.glue, workflow, MOST_RUNS))
    if pause is None or not job.now() < pause.until <= job.now() + LONGEST:
        return False
    job.log.warning(
        "%s failed %d times for this reason and %s: it is started again after %s; once it is corrected, "
        "`totelake run` starts it at once",
        workflow,
        pause.failures,
        pause.cause.value,
        pause.until.isoformat(timespec="seconds"),
    )
    return True


def _work(job: Job[WatchArguments]) -> Work:
    """What there is to do; nothing to capture of a source that lags."""
    source = load_contracts().source(job.arguments.source)
    bookmark = Bookmark.of(CommitLog(job.ingestion, source.name).newest())
    pending = pending_commits(job, bookmark.batch)
    changes = _changes(job, bookmark) if source.is_database else _news(job, source, bookmark)
    if changes is None:
        return Work(pending)
    # of a feed only what was taken ages: what is new there may be the first for weeks
    _freshness(job, bookmark, bool(pending or (changes and source.is_database)))
    return Work(pending, changes)


def _changes(job: Job[WatchArguments], bookmark: Bookmark) -> list[str] | None:
    """What a database has that the bookmark has not; None of one that lags."""
    source = job.arguments.source
    address = job.database(job.arguments.source_secret)

    def changes_in(session: Session) -> list[str] | None:
        standing = standing_of(session, bookmark)
        if is_behind(standing):
            job.log.warning("the source lags: %s", standing.why)
            job.metric("SourceBehind", 1, "Count", Source=source)
            return None
        with look(session, load_contracts().source_tables(source), bookmark) as seen:
            return describe(seen)

    return read_source(address, changes_in, job.log.warning)


def _news(job: Job[WatchArguments], source: Source, bookmark: Bookmark) -> list[str]:
    """What a feed has that the bookmark has not."""
    place = Place(job.clients, job.ingestion, job.arguments.prefix, job.now())
    asked = [bookmark.compare] if bookmark.compare else []
    asked += [f"{name}: {state.compare}" for name, state in bookmark.tables.items() if state.compare]
    found = look_at_feed(place, source, load_contracts().source_tables(source.name), bookmark)
    return [*asked, *(f"{item.table}: {item.news}" for item in found if item.news)]


def describe(seen: SourceLook) -> list[str]:
    """The tables that have something to search, or have come to be blocked, each with the reason."""
    searched = [f"{name}: {search.why}" for name, search in seen.searches.items() if search.kind != NOTHING]
    return [*searched, *(f"{name} cannot be captured: {seen.blocked[name].why}" for name in seen.newly_blocked)]


def pending_commits(job: Job[WatchArguments], newest_batch: int) -> list[str]:
    """The source's commits that the next step has not taken: batches not judged, verdicts not built, star commits not
    loaded."""
    source, contracts = job.arguments.source, load_contracts()
    verdict = Verdict.of(CommitLog(job.ingestion, LOG).newest())
    judged = verdict.of_source(source).through
    pending = []
    if judged < newest_batch:
        pending.append(f"batches {judged + 1} to {newest_batch} await their verdict")
    loaded = LoadMark.of(CommitLog(job.processed, LOADED).newest()).commits
    pending += fitting_again(source, verdict.of_source(source), contracts)
    holds = Holds.of(CommitLog(job.processed, HOLDS).newest())
    for table in contracts.star_tables(source) if judged else ():
        built = StarCommit.of(table, CommitLog(job.processed, table.name).newest())
        held = held_for(verdict, inputs_of(table))
        due = held[0].batch - 1 if held else judged
        if built.through < due and not _waits(holds, BUILD, table, contracts):
            pending.append(f"{table.name} is built to batch {built.through} of {due}")
        if loaded.get(table.name, 0) < built.number and not _waits(holds, LOAD, table, contracts):
            pending.append(f"{table.name} is loaded to commit {loaded.get(table.name, 0)} of {built.number}")
    return pending


def _waits(holds: Holds, step: str, table: Table, contracts: Contracts) -> bool:
    """Whether a step has failed with a star table, and the code and contracts of now are those that it failed with.

    The next run tries it again in any case; nothing but new ones is a reason to start one.
    """
    hold = holds.of_step(step).get(table.name)
    return hold is not None and hold.fingerprint == fingerprint_of(table, contracts)


def fitting_again(source: str, verdict: SourceVerdict, contracts: Contracts) -> list[str]:
    """Held tables that the next verdict releases, since their contract was corrected."""
    return [
        f"{name} fits its contract again, {len(standing.held)} held batches wait"
        for name, standing in verdict.standings.items()
        if standing.held
        and (table := contracts.find_table(TableId(source, name))) is not None
        and not breaks(table, standing.schema)
    ]


def _freshness(job: Job[WatchArguments], bookmark: Bookmark, has_work: bool) -> None:
    """Seconds by which the lake is behind the source: 0 when nothing is to be done."""
    if not bookmark.captured_at:
        return
    age = (job.now() - datetime.fromisoformat(bookmark.captured_at)).total_seconds()
    job.metric("Freshness", age if has_work else 0, "Seconds", Source=job.arguments.source)
