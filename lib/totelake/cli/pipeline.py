"""deploy, run, runs, logs: the Glue jobs and their workflow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Annotated

import typer

from totelake.capture.detect.moves import BY_HAND
from totelake.capture.detect.moves import backfill as mark_for_backfill
from totelake.capture.ingest import ALLOW_DELETES, SOURCE
from totelake.cli.output import AsJson, TargetName, err, print_json, progress, say, table
from totelake.contracts import catalog
from totelake.deploy import Target
from totelake.deploy import deploy as deploying
from totelake.deploy.apply import idle_schedules
from totelake.deploy.plan import SCHEDULED
from totelake.deploy.target import LOCAL
from totelake.errors import ConfigurationError
from totelake.lake.commits import CommitLog
from totelake.operate import logs as job_logs
from totelake.operate import runs as workflow_runs
from totelake.operate.runs import RunFailedError, RunReport, short
from totelake.stack.model import default_home

_ShowStep = Callable[[RunReport], None]
Wait = Annotated[bool, typer.Option("--wait", help="Follow it to its end; fails unless every step succeeds.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (deploy, run, backfill, runs, logs):
        app.command()(command)


def workflow_name(where: Target) -> str:
    """The refresh workflow's name."""
    return f"{where.prefix}-refresh"


def deploy(
    activate_schedule: Annotated[bool, typer.Option("--activate-schedule", help="Start the watch's schedule.")] = False,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Create or update what catalog/pipeline.yaml asks for; a second deploy changes nothing."""
    where = Target.named(target, default_home())
    with progress(as_json, "deploying") as step:
        changes = deploying(where, step, activate_schedule)
    if as_json:
        print_json([asdict(change) for change in changes])
        return
    table("deployed", ("kind", "name", "outcome"), [(item.kind, item.name, item.outcome) for item in changes])
    counts = Counter(change.outcome for change in changes)
    say(", ".join(f"{number} {outcome}" for outcome, number in counts.items()))
    idle = idle_schedules(where.clients.glue, _schedules(where))
    if idle:
        say(f"not yet on schedule: {', '.join(idle)}; see `totelake deploy --activate-schedule`")


def _schedules(where: Target) -> list[str]:
    triggers = catalog().pipeline["triggers"]
    return [f"{where.prefix}-{name}" for name, item in triggers.items() if item["type"] == SCHEDULED]


def run(
    wait: Wait = False,
    allow_deletes: Annotated[
        list[str] | None,
        typer.Option(metavar="TABLE", help="Let this table's deletions pass, however many; may be repeated."),
    ] = None,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Start the refresh workflow."""
    where = Target.named(target, default_home())
    allowed = ",".join(_known(name) for name in allow_deletes or ())
    start_refresh(where, {ALLOW_DELETES: allowed} if allowed else {}, wait, as_json)


def backfill(
    table: Annotated[str, typer.Argument(help="A table of totesys.")],
    wait: Wait = False,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Start the refresh workflow, which compares one table whole and captures what differs."""
    where = Target.named(target, default_home())
    log = CommitLog(where.clients.s3, where.ingestion_bucket, SOURCE)
    mark_for_backfill(log, _known(table), BY_HAND, datetime.now(timezone.utc))
    start_refresh(where, {}, wait, as_json)


def _known(table: str) -> str:
    names = sorted(found.name for found in catalog().source_tables(SOURCE))
    if table not in names:
        raise ConfigurationError(f"{SOURCE} has no table {table}; it has {', '.join(names)}")
    return table


def start_refresh(where: Target, properties: Mapping[str, str], wait: bool, as_json: bool) -> None:
    """Start the refresh workflow with run properties, and follow it when told to wait."""
    run_id = workflow_runs.start(where.clients.glue, workflow_name(where), properties)
    if not wait:
        print_json({"id": run_id}) if as_json else say(f"started {short(run_id)}; see `totelake runs`")
        return
    try:
        with progress(as_json, f"running {short(run_id)}") as step:
            show = (lambda _: None) if as_json else _teller(step)
            report = workflow_runs.wait(where.clients.glue, workflow_name(where), run_id, show)
    except KeyboardInterrupt:
        err().print(f"{short(run_id)} goes on; see `totelake runs`")
        raise
    except RunFailedError as error:
        _show_run(error.report, as_json)
        raise
    _show_run(report, as_json)


def _teller(step: Callable[[str], None]) -> _ShowStep:
    """Says which steps run, and once of each how it ended."""
    told: set[tuple[str, str]] = set()

    def show(report: RunReport) -> None:
        for item in report.steps:
            if item.seconds is not None and (item.run_id, item.state) not in told:
                told.add((item.run_id, item.state))
                err().print(f"  {item.name} {item.state} in {item.seconds} s", markup=False)
        running = [item.name for item in report.steps if item.state in ("RUNNING", "STARTING")]
        if running and err().is_terminal:
            step(f"running {', '.join(running)}")

    return show


def _show_run(report: RunReport, as_json: bool) -> None:
    if as_json:
        print_json(report.document())
        return
    rows = [(step.name, step.state, step.seconds, step.message) for step in report.steps]
    title = f"{report.workflow} {report.outcome}" + (f" in {report.seconds} s" if report.seconds is not None else "")
    table(title, ("step", "state", "seconds", "message"), rows)


def runs(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of the newest.")] = 10,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """The workflow's runs, the newest first; `logs` and --json tell why one failed."""
    where = Target.named(target, default_home())
    found = workflow_runs.history(where.clients.glue, workflow_name(where), limit)
    if as_json:
        print_json([report.document() for report in found])
        return
    rows = [(short(item.id), _moment(item), item.outcome, item.seconds, _failed(where, item)) for item in found]
    table(workflow_name(where), ("run", "started", "outcome", "seconds", "failed"), rows)


def _moment(report: RunReport) -> str:
    return report.started[:19].replace("T", " ")


def _failed(where: Target, report: RunReport) -> str:
    """The steps' names alone, as `logs --job` takes them: what they said would fill the screen."""
    return ", ".join(step.name.removeprefix(f"{where.prefix}-") for step in report.failed)


def logs(
    run: Annotated[str, typer.Argument(help="A workflow or job run's id or its beginning; else the newest.")] = "",
    job: Annotated[str, typer.Option(help="Only this job's lines.")] = "",
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """What the jobs of a run wrote."""
    where = Target.named(target, default_home())
    glue, workflow = where.clients.glue, workflow_name(where)
    steps = job_logs.steps_of(glue, workflow, run)
    wanted = [step for step in steps if not job or step.name.endswith(job)]
    if not wanted:
        raise ConfigurationError(f"the run has no job {job}; it has {', '.join(step.name for step in steps)}")
    found = [line for step in wanted for line in job_logs.lines(glue, where.clients.logs, step)]
    if as_json:
        print_json([asdict(line) for line in found])
        return
    for line in found:
        say(f"{line.time[11:23]} {line.job} {line.text}")
