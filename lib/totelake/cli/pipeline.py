"""deploy, run, backfill, rebuild, runs, logs: the Glue jobs and their workflows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from totelake.capture.detect.moves import BY_HAND
from totelake.capture.detect.moves import backfill as mark_for_backfill
from totelake.cli.output import AsJson, TargetName, err, print_json, progress, quiet, say, table, tell
from totelake.cli.sources import AnySource, TableSource, source_table, sources
from totelake.contracts import load_contracts
from totelake.contracts.model import Table, TableId
from totelake.deploy.apply import idle_schedules
from totelake.deploy.deploy import deploy as deploying
from totelake.deploy.plan import SCHEDULED
from totelake.deploy.target import AWS, LOCAL, Target
from totelake.doctor.finding import refuse
from totelake.doctor.rounds import before_deploy
from totelake.errors import ConfigurationError, TotelakeError
from totelake.lake.commits import CommitLog
from totelake.operate import logs as job_logs
from totelake.operate import runs as workflow_runs
from totelake.operate.deployed import Deployed, deployed
from totelake.operate.held import held_tables, not_captured
from totelake.operate.runs import RunFailedError, refresh_workflow
from totelake.ports.aws_errors import translation_of
from totelake.runtime import moments
from totelake.runtime.run_properties import ALLOW_DELETES, REBUILD
from totelake.runtime.run_reports import RunReport, short
from totelake.stack.model import default_home

_ShowStep = Callable[[RunReport], None]
WorkflowName = Annotated[str, typer.Option("--workflow", help="Only this workflow, such as audit.")]
Wait = Annotated[bool, typer.Option("--wait", help="Follow it to its end; fails unless every step succeeds.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (deploy, run, backfill, rebuild, runs, logs):
        app.command()(command)


def deploy(
    activate_schedule: Annotated[bool, typer.Option("--activate-schedule", help="Start the watch's schedule.")] = False,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Create or update what catalog/pipeline.yaml asks for; a second deploy changes nothing."""
    where = Target.named(target, default_home())
    refuse(before_deploy(where, target == AWS), quiet if as_json else tell)
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
    triggers = load_contracts().pipeline["triggers"]
    return [f"{where.prefix}-{name}" for name, item in triggers.items() if item["type"] == SCHEDULED]


def run(
    wait: Wait = False,
    allow_deletes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TABLE", help="Let this table's (or source.table's) deletions pass, however many; may be repeated."
        ),
    ] = None,
    source: AnySource = "",
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Start the refresh workflow of every source, or of one."""
    where = Target.named(target, default_home())
    if not allow_deletes:
        start_refresh(where, sources(source), {}, wait, as_json)
        return
    tables = [source_table(source, name) for name in allow_deletes]
    start_refresh(where, [_owner(tables)], {ALLOW_DELETES: _names(tables)}, wait, as_json)


def backfill(
    table: Annotated[str, typer.Argument(help="A table of a source, or source.table.")],
    wait: Wait = False,
    source: TableSource = "",
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Start the refresh workflow, which compares one table whole and captures what differs."""
    where = Target.named(target, default_home())
    wanted = source_table(source, table)
    log = CommitLog(where.ingestion, wanted.source)
    mark_for_backfill(log, wanted.name, BY_HAND, moments.now())
    start_refresh(where, [wanted.source], {}, wait, as_json)


def rebuild(
    tables: Annotated[list[str], typer.Argument(metavar="TABLE...", help="Star tables, such as fact_sales_order.")],
    wait: Wait = False,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Start a refresh that builds star tables anew from all accepted events, by the contracts that are deployed now.

    Readers of lake and warehouse see the former rows until the new ones are there.
    """
    stars = [load_contracts().star(name) for name in tables]
    where = Target.named(target, default_home())
    start_refresh(where, [_owner(stars)], {REBUILD: _names(stars)}, wait, as_json)


def _names(tables: Sequence[Table | TableId]) -> str:
    return ",".join(table.name for table in tables)


def _owner(tables: Sequence[Table | TableId]) -> str:
    """The one source of tables. Raises ConfigurationError when they are of several."""
    owners = list(dict.fromkeys(table.source for table in tables))
    if len(owners) > 1:
        raise ConfigurationError(f"the tables are of several sources, {', '.join(owners)}; run it once for each")
    return owners[0]


def start_refresh(
    where: Target, names: Sequence[str], properties: Mapping[str, str], wait: bool, as_json: bool
) -> None:
    """Start the refresh of these sources with run properties, and follow it when told to wait.

    With `as_json` one document: that of the run, or a list when there are several sources. A source that fails keeps no
    other from being started, followed and shown. Raises what failed, RunFailedError for a run, after all have ended.
    """
    failures: list[TotelakeError] = []
    going: list[tuple[str, str]] = []
    try:
        for name in names:
            with _collected(failures):
                workflow = refresh_workflow(where.prefix, name)
                going.append((name, workflow_runs.start(where.clients.glue, workflow, properties)))
        shown = _follow_all(where, going, failures, as_json) if wait else [{"id": run_id} for _, run_id in going]
    except KeyboardInterrupt:
        for failure in failures:
            tell(str(failure))
        if going:
            tell(f"{_ids(going)} {'goes' if len(going) == 1 else 'go'} on; see `totelake runs`")
        raise
    if as_json and (shown or len(names) > 1):
        print_json(shown[0] if len(names) == 1 else shown)
    elif going:
        say(f"started {_ids(going)}; see `totelake runs`")
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise TotelakeError("; ".join(str(failure) for failure in failures))


def _ids(runs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(short(run_id) for _, run_id in runs)


@contextmanager
def _collected(failures: list[TotelakeError]) -> Iterator[None]:
    """What fails in the block, of one source, is raised when all sources have had their turn."""
    try:
        yield
    except TotelakeError as error:
        failures.append(error)
    except (ClientError, BotoCoreError) as error:
        failures.append(translation_of(error))


def _follow_all(
    where: Target, going: list[tuple[str, str]], failures: list[TotelakeError], as_json: bool
) -> list[dict[str, Any]]:
    """Follow each run to its end and take it out of `going`; their forms for machines."""
    documents = []
    while going:
        with _collected(failures):
            documents.append(_follow(where, *going[0], failures, as_json))
        going.pop(0)
    return documents


def _follow(where: Target, source: str, run_id: str, failures: list[TotelakeError], as_json: bool) -> dict[str, Any]:
    """Follow the refresh of a source to its end and show it, with the tables that stand still after it."""
    try:
        with progress(as_json, f"running {short(run_id)}") as step:
            show = (lambda _: None) if as_json else _show_progress(step)
            report = workflow_runs.wait(where.clients.glue, refresh_workflow(where.prefix, source), run_id, show)
    except RunFailedError as error:
        report = error.report
        failures.append(error)
    if not as_json:
        _show_run(report)
    held = held_tables(where.ingestion, where.processed, load_contracts().star_tables(source))
    missing = not_captured(where.ingestion, [source])
    for line in [item.line for item in missing] + [item.line for item in held] if not as_json else ():
        say(line)
    told = {"held": [item.document() for item in held], "not_captured": [item.document() for item in missing]}
    return {**report.document(), **told}


def _show_progress(step: Callable[[str], None]) -> _ShowStep:
    """Shows which steps run, and once of each how it ended."""
    shown: set[tuple[str, str]] = set()

    def show(report: RunReport) -> None:
        for item in report.steps:
            if item.seconds is not None and (item.run_id, item.state) not in shown:
                shown.add((item.run_id, item.state))
                parts = f" ({item.parts})" if item.parts else ""
                tell(f"  {item.name} {item.state} in {item.seconds} s{parts}")
        running = [item.name for item in report.steps if item.state in ("RUNNING", "STARTING")]
        if running and err().is_terminal:
            step(f"running {', '.join(running)}")

    return show


def _show_run(report: RunReport) -> None:
    rows = [(step.name, step.state, step.seconds, step.message or step.parts) for step in report.steps]
    title = f"{report.workflow} {report.outcome}" + (f" in {report.seconds} s" if report.seconds is not None else "")
    table(title, ("step", "state", "seconds", "message"), rows)


def _deployed(where: Target, source: str, workflow: str) -> Deployed:
    return deployed(load_contracts().pipeline, where.prefix, sources(source) if source else (), workflow)


def runs(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of the newest.")] = 10,
    workflow: WorkflowName = "",
    source: AnySource = "",
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """The runs of every workflow, the newest first; `logs` and --json tell why one failed."""
    where = Target.named(target, default_home())
    names = _deployed(where, source, workflow).workflows
    every = [report for name in names for report in workflow_runs.history(where.clients.glue, name, limit)]
    found = sorted(every, key=lambda report: report.started, reverse=True)[:limit]
    if as_json:
        print_json([report.document() for report in found])
        return
    rows = [(short(item.id), _moment(item), item.outcome, item.seconds, _failed(where, item)) for item in found]
    columns = ("run", "started", "outcome", "seconds", "failed")
    if len(names) == 1:
        table(names[0], columns, rows)
    else:
        named = [(row[0], item.workflow.removeprefix(f"{where.prefix}-"), *row[1:]) for row, item in zip(rows, found)]
        table("workflow runs", ("run", "workflow", *columns[1:]), named)


def _moment(report: RunReport) -> str:
    return report.started[:19].replace("T", " ")


def _failed(where: Target, report: RunReport) -> str:
    """The steps' names alone, as `logs --job` takes them: what they said would fill the screen."""
    return ", ".join(step.name.removeprefix(f"{where.prefix}-") for step in report.failed)


def logs(
    run: Annotated[str, typer.Argument(help="A workflow or job run's id or its beginning; else the newest.")] = "",
    job: Annotated[str, typer.Option(help="Only this job's lines; without a run those of its newest.")] = "",
    workflow: WorkflowName = "",
    source: AnySource = "",
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """What the jobs of a run wrote: of any workflow, or of a job by itself."""
    where = Target.named(target, default_home())
    glue = where.clients.glue
    steps = job_logs.steps_of(glue, _deployed(where, source, workflow), run, job)
    found = [line for step in steps for line in job_logs.lines(glue, where.clients.logs, step)]
    if as_json:
        print_json([asdict(line) for line in found])
        return
    for line in found:
        # one event may hold many lines, such as a stack trace
        for text in line.text.expandtabs().splitlines() or [""]:
            say(f"{line.time[11:23]} {line.job} {text}")
