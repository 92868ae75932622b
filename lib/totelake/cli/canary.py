"""canary: what the deployment gives its jobs, looked at by jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import typer

from totelake.canary import deployment
from totelake.canary.flight import ACCOUNT, CanaryJob, Flight, Seen, canary_jobs, new_run
from totelake.canary.look import UNKNOWN, Look, examine
from totelake.cli.output import AsJson, TargetName, print_json, progress, say, table, tell
from totelake.cli.sources import AnySource, sources
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents
from totelake.deploy.target import AWS, LOCAL, Target
from totelake.errors import TotelakeError
from totelake.runtime.outcome import PROBLEM, WARNING
from totelake.stack.model import default_home

# the arguments of a job fill a screen
_LONGEST = 160
_COLUMNS = ("look", "result", "expected", "found", "what to change")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(canary)


def canary(source: AnySource = "", target: TargetName = LOCAL, as_json: AsJson = False) -> None:
    """Run a Python-shell and a Spark job that look at what AWS Glue gives them: expected, found, what to change.

    Exit status 1 when something would stop the pipeline; warnings, and what is not known here, leave it 0.
    """
    where = Target.named(target, default_home())
    run = new_run()
    with progress(as_json, f"canary {run}") as step:
        seen = list(_looked(where, run, sources(source), step))
    if as_json:
        print_json({"run": run, "findings": [item.document() for item in seen]})
    else:
        _show(seen)
    wrong = [item for item in seen if item.finding.outcome == PROBLEM]
    if wrong:
        first = wrong[0]
        more = f" ({len(wrong) - 1} more)" if wrong[1:] else ""
        raise TotelakeError(f"{first.job}, {first.finding.sentence}{more}")


def _looked(where: Target, run: str, names: Sequence[str], step: Callable[[str], None]) -> Iterator[Seen]:
    jobs = canary_jobs(load_contracts().pipeline, where.prefix, names)
    flight = Flight(where.clients.glue, where.ingestion, run)
    try:
        flight.start(jobs)
        for job in jobs:
            step(f"waiting for {job.name}")
            yield from flight.seen(job)
            if job.name in flight.started:
                look = deployment.logs(where.clients.glue, where.clients.logs, job.name, flight.started[job.name])
                yield from (Seen(job.name, finding) for finding in examine([look]))
    except KeyboardInterrupt:
        for run_id in flight.going.values():
            tell(f"{run_id} goes on; see `totelake logs {run_id}`")
        raise
    step("looking at the account")
    started = [job for job in jobs if job.name in flight.started]
    yield from (Seen(ACCOUNT, finding) for finding in examine(_of_account(where, started)))


def _of_account(where: Target, started: Sequence[CanaryJob]) -> Iterator[Look]:
    pipeline, is_aws = load_contracts().pipeline, where.kind == AWS
    yield deployment.quotas(where.clients, pipeline, documents()["prices.yaml"]["assumptions"]["dpu_of_worker"], is_aws)
    yield deployment.lake_formation(where.clients, is_aws)
    if started:
        databases = {zone: where.tables_of(zone).database for zone in {job.zone for job in started}}
        yield deployment.left_behind(where.clients.glue, databases, started)


def _show(seen: Sequence[Seen]) -> None:
    for job in dict.fromkeys(item.job for item in seen):
        rows = [
            (found.look, found.outcome, found.expected, _shortened(found.found), found.remedy)
            for found in (item.finding for item in seen if item.job == job)
        ]
        table(job, _COLUMNS, rows)
    counts = Counter(item.finding.outcome for item in seen)
    told = [f"{outcome}: {counts[outcome]}" for outcome in (PROBLEM, WARNING, UNKNOWN) if counts[outcome]]
    say(", ".join(told) if told else "everything is as expected")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... (--json has all of it)"
