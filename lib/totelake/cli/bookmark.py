"""bookmark: where every step stands, what each batch brought, and from where the next search starts."""

from __future__ import annotations

from typing import Annotated

import typer

from totelake.capture.detect import moves as moving
from totelake.capture.detect.moves import BY_HAND
from totelake.cli.output import AsJson, TargetName, print_json, say, table
from totelake.cli.sources import SourceName, one_source
from totelake.contracts import load_contracts
from totelake.deploy.target import LOCAL, Target
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.operate import history as batches
from totelake.operate.positions import Positions, read
from totelake.operate.runs import check_deployed, refresh_workflow
from totelake.runtime import moments
from totelake.stack.model import default_home

app = typer.Typer(
    help="Where every step stands; and moving the bookmark back.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def bookmark() -> None:
    """Where every step stands; and moving the bookmark back, which captures nothing twice and forgets nothing."""


@app.command()
def show(source: SourceName = "", target: TargetName = LOCAL, as_json: AsJson = False) -> None:
    """The newest batch of a source, its verdict, and the batch that each star table and the warehouse are at."""
    where, name = Target.named(target, default_home()), one_source(source)
    found = read(where.ingestion, where.processed, load_contracts(), name, where.warehouse_dsn)
    if found.batch is None:
        check_deployed(where.clients.glue, refresh_workflow(where.prefix, name))
    if as_json:
        print_json(found.document())
    else:
        _print(name, found)


def _print(source: str, found: Positions) -> None:
    if found.batch is None:
        say("nothing is captured yet; run `totelake run`")
        return
    rows = [(item.name, item.keys, item.events, item.search, item.why) for item in found.tables]
    snapshot = f", snapshot {found.snapshot}" if found.snapshot else ""
    title = f"{source}: batch {found.batch}, captured {found.captured_at}{snapshot}"
    table(title, ("table", "keys", "events", "search", "why"), rows)
    say(f"judged to batch {found.judged if found.judged is not None else '-'}")
    applied = found.applied or {}
    table("star tables", ("table", "built to", "loaded to"), [(n, b, applied.get(n)) for n, b in found.built.items()])
    for item in found.held:
        say(item.line)


@app.command()
def history(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of the newest.")] = 10,
    source: SourceName = "",
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """The batches of a source, the newest first: what each brought, and why it was looked for."""
    found = batches.read(_log(target, source), limit)
    if as_json:
        print_json([item.document() for item in found])
        return
    rows = [
        (
            item.number,
            item.kind,
            item.committed_at,
            item.inserts,
            item.updates,
            item.deletes,
            item.quarantined,
            item.why,
        )
        for item in found
    ]
    columns = ("batch", "kind", "committed at", "inserts", "updates", "deletes", "quarantined", "why")
    table(f"batches of {one_source(source)}", columns, rows)


@app.command(name="set")
def set_to(
    batch: Annotated[int, typer.Argument(min=1, help="A batch of `totelake bookmark history`.")],
    source: SourceName = "",
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Let the next run search from the snapshot of that batch on."""
    log = _log(target, source)
    _report(moving.rewind(log, batch, BY_HAND, moments.now()), as_json)


@app.command()
def rewind(
    back: Annotated[int, typer.Option("--batches", min=1, help="How many batches.")] = 1,
    source: SourceName = "",
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Let the next run search from so many batches further back."""
    log = _log(target, source)
    _report(moving.rewind(log, moving.batch_before(log, back), BY_HAND, moments.now()), as_json)


@app.command()
def reset(source: SourceName = "", target: TargetName = LOCAL, as_json: AsJson = False) -> None:
    """Let the next run compare every table whole."""
    log = _log(target, source)
    _report(moving.reset(log, BY_HAND, moments.now()), as_json)


def _log(target: str, source: str) -> CommitLog:
    return CommitLog(Target.named(target, default_home()).ingestion, one_source(source))


def _report(manifest: Manifest, as_json: bool) -> None:
    batch = batches.describe(manifest)
    print_json(batch.document()) if as_json else say(f"batch {batch.number}: at the next run {batch.why}")
