"""reconcile: source, lake and warehouse compared."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict

import typer

from totelake.alerts.messages import mismatch
from totelake.alerts.store import note
from totelake.cli.exit_status import NOTHING_CAPTURED as NOTHING
from totelake.cli.live import feed_place, source_address
from totelake.cli.output import AsJson, TargetName, print_json, progress, say, table
from totelake.cli.sources import AnySource, sources
from totelake.contracts import load_contracts
from totelake.deploy.target import LOCAL, Target
from totelake.errors import MismatchError
from totelake.operate.reconcile.compare import Look, look_of_database, look_of_feed
from totelake.operate.reconcile.compare import reconcile as compare
from totelake.operate.reconcile.finding import (
    DIFFERS,
    HELD,
    IN_PROGRESS,
    NOT_CAPTURED,
    NOTHING_CAPTURED,
    STEPS,
    Finding,
)
from totelake.runtime import Job, JobArguments
from totelake.runtime.job_arguments import JobRun
from totelake.stack.model import default_home


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reconcile)


def reconcile(source: AnySource = "", target: TargetName = LOCAL, as_json: AsJson = False) -> None:
    """Compare source, lake and warehouse, each at its own batch; fails when they differ beyond work in progress.

    Exit status 3 when nothing of a source has been captured yet. What is only behind is told, with exit status 0.
    """
    where = Target.named(target, default_home())
    found = []
    with progress(as_json, "comparing") as step:
        for name in sources(source):
            for finding in compared(where, name):
                found.append(finding)
                step(f"{finding.check}: {finding.table}")
    wrong = [finding for finding in found if finding.outcome == DIFFERS]
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        _show(found, wrong)
    _report(where, wrong)
    if wrong:
        raise MismatchError(
            f"{len(wrong)} comparisons differ, the first is {_words(wrong[0])}; see docs/guarantees.md for what to do"
        )
    if any(finding.outcome == NOTHING_CAPTURED for finding in found):
        raise typer.Exit(NOTHING)


def compared(where: Target, name: str) -> Iterator[Finding]:
    """The comparisons of one source. Raises what the source, the lake or the warehouse refuses."""
    lake = (where.ingestion, where.processed)
    yield from compare(*lake, load_contracts(), name, _look_at(where, name), where.warehouse_dsn)


def _look_at(where: Target, name: str) -> Look:
    source = load_contracts().source(name)
    if source.is_database:
        return look_of_database(source_address(where, name), where.ingestion)
    return look_of_feed(feed_place(where), source)


def _show(found: list[Finding], wrong: list[Finding]) -> None:
    """The comparisons, what they come to, and a sentence for each step that is behind."""
    compared = [finding for finding in found if finding.outcome not in STEPS]
    if compared:
        rows = [(item.check, item.table, item.left, item.outcome, item.detail) for item in compared]
        table("source, lake and warehouse", ("check", "table", "found", "outcome", "detail"), rows)
        open_ones = sum(finding.outcome == IN_PROGRESS for finding in compared)
        held = [finding for finding in compared if finding.outcome == HELD]
        blocked = [finding for finding in compared if finding.outcome == NOT_CAPTURED]
        counts = ((open_ones, IN_PROGRESS), (len(held), HELD), (len(blocked), NOT_CAPTURED))
        more = [f"{count} {words}" for count, words in counts if count]
        agree = len(compared) - len(wrong) - open_ones - len(held) - len(blocked)
        say(", ".join([f"{agree} of {len(compared)} comparisons agree", *more]))
        for item in held:
            say(f"{item.table} is behind, {item.right} of {item.left}: {item.detail}")
        for item in blocked:
            say(f"{item.table} is not captured: {item.detail}")
    for finding in found:
        if finding.outcome in STEPS:
            say(finding.detail)


def _words(found: Finding) -> str:
    detail = f" ({found.detail})" if found.detail else ""
    return f"{found.check} of {found.table}: {found.left} against {found.right}{detail}"


def _report(where: Target, wrong: list[Finding]) -> None:
    """The number for the dashboard, and an alert, so that others know of it too."""
    arguments = JobArguments(
        ingestion_bucket=where.ingestion_bucket, metric_namespace=where.prefix, run=JobRun("reconcile")
    )
    job = Job(arguments, where.clients, logging.getLogger("totelake.reconcile"))
    job.metric("ReconciliationMismatches", len(wrong), "Count")
    if wrong:
        note(job, mismatch(len(wrong), _words(wrong[0]), job.now().isoformat()))
