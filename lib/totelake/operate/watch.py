"""watch: start the refresh when the source has changes or earlier work is pending, and tell what failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from totelake.alerts.scan import look_out
from totelake.capture.detect.bookmark import Bookmark
from totelake.capture.detect.look import SourceLook, is_behind, look, standing_of
from totelake.capture.detect.search import NOTHING
from totelake.capture.ingest import SOURCE
from totelake.capture.postgres.connection import SourceAddress, connect
from totelake.capture.postgres.session import Session
from totelake.contracts import Catalog, catalog
from totelake.contracts.model import inputs_of
from totelake.lake import loaded
from totelake.lake.commits import CommitLog
from totelake.lake.verdicts import LOG, held_of, standings_of
from totelake.operate.runs import report
from totelake.registry.judge import Standing, breaks
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime


def watch(runtime: Runtime, arguments: JobArguments) -> str | None:
    """Look once; the id of the workflow run that was started, None when there is no work or a run is at it.

    Failed runs are told whatever becomes of the look, an unreachable source included.
    """
    try:
        return _start_refresh(runtime, arguments)
    finally:
        look_out(runtime, arguments)


def _start_refresh(runtime: Runtime, arguments: JobArguments) -> str | None:
    client, workflow = runtime.clients.glue, arguments.refresh_workflow
    newest = _newest_run(client, workflow)
    failures = failed_actions(newest) if newest else []
    if failures:
        runtime.log.warning("the last run %s of %s: %s", newest["WorkflowRunId"], workflow, "; ".join(failures))
    runtime.metric("WorkflowFailed", 1 if failures else 0, "Count", Workflow=workflow)
    if newest and newest["Status"] in ("RUNNING", "STOPPING"):
        runtime.log.info("%s is running; what is pending is found by the next look", workflow)
        return None
    reasons = _reasons(runtime, arguments)
    if failures:
        reasons.append("the last run did not succeed")
    if not reasons:
        runtime.log.info("no work: nothing changed and nothing is pending")
        return None
    try:
        run_id = str(client.start_workflow_run(Name=workflow)["RunId"])
    except client.exceptions.ConcurrentRunsExceededException:
        runtime.log.info("%s is running already; what is pending is found by the next look", workflow)
        return None
    runtime.log.info("started %s of %s: %s", run_id, workflow, "; ".join(reasons))
    return run_id


def failed_actions(run: Any) -> list[str]:
    """What did not succeed in a finished workflow run, by name and message; Glue calls such a run COMPLETED."""
    return list(report(run).problems)


def _newest_run(client: Any, workflow: str) -> Any:
    runs = client.get_workflow_runs(Name=workflow, MaxResults=1)["Runs"]
    if not runs:
        return None
    return client.get_workflow_run(Name=workflow, RunId=runs[0]["WorkflowRunId"], IncludeGraph=True)["Run"]


def _reasons(runtime: Runtime, arguments: JobArguments) -> list[str]:
    log = CommitLog(runtime.clients.s3, arguments.ingestion_bucket, SOURCE)
    bookmark = Bookmark.of(log.newest())
    address = SourceAddress.from_secret(runtime.secret(arguments.totesys_secret), arguments.totesys_secret)
    reasons = pending_commits(runtime, arguments, bookmark.batch)
    with connect(address) as connection:
        session = Session(connection)
        standing = standing_of(session, bookmark)
        if is_behind(standing):
            runtime.log.warning("the source lags: %s", standing.why)
            runtime.metric("SourceBehind", 1, "Count", Source=SOURCE)
            return reasons
        with look(session, catalog().source_tables(SOURCE), bookmark) as seen:
            changes = describe(seen)
    _freshness(runtime, bookmark, bool(changes or reasons))
    return reasons + changes


def describe(seen: SourceLook) -> list[str]:
    """The tables that have something to search, or have come to be uncapturable, each with the reason."""
    searched = [f"{name}: {search.why}" for name, search in seen.searches.items() if search.kind != NOTHING]
    return [*searched, *(f"{name} cannot be captured: {seen.obstacles[name].why}" for name in seen.news)]


def pending_commits(runtime: Runtime, arguments: JobArguments, newest_batch: int) -> list[str]:
    """Commits that the next step has not taken: batches not judged, verdicts not built, star commits not loaded."""
    s3 = runtime.clients.s3
    verdict = CommitLog(s3, arguments.ingestion_bucket, LOG).newest()
    judged = int(verdict.state["through"].get(SOURCE, 0)) if verdict else 0
    pending = []
    if judged < newest_batch:
        pending.append(f"batches {judged + 1} to {newest_batch} await their verdict")
    taken = loaded.taken(CommitLog(s3, arguments.processed_bucket, loaded.LOG))
    pending += fitting_again(standings_of(verdict, SOURCE), catalog())
    for table in catalog().warehouse_tables() if judged else ():
        built = CommitLog(s3, arguments.processed_bucket, table.name).newest()
        through = int(built.state["through"].get(SOURCE, 0)) if built else 0
        held = held_of(verdict, SOURCE, inputs_of(table))
        due = held[0].batch - 1 if held else judged
        if through < due:
            pending.append(f"{table.name} is built to batch {through} of {due}")
        if built and taken.get(table.name, 0) < built.number:
            pending.append(f"{table.name} is loaded to commit {taken.get(table.name, 0)} of {built.number}")
    return pending


def fitting_again(standings: Mapping[str, Mapping[str, Any]], contracts: Catalog) -> list[str]:
    """Held tables that the next verdict releases, since their contract was mended."""
    known = {name: Standing.of(entry) for name, entry in standings.items()}
    return [
        f"{name} fits its contract again, {len(standing.held)} held batches wait"
        for name, standing in known.items()
        if standing.held and name in contracts.tables and not breaks(contracts.table(name), standing.schema)
    ]


def _freshness(runtime: Runtime, bookmark: Bookmark, has_work: bool) -> None:
    """Seconds by which the lake is behind the source: 0 when nothing is to be done."""
    if bookmark.snapshot is None:
        return
    age = (runtime.now() - datetime.fromisoformat(bookmark.captured_at)).total_seconds()
    runtime.metric("Freshness", age if has_work else 0, "Seconds", Source=SOURCE)
