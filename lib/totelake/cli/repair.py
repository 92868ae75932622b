"""repair: what can be made again from the commits."""

from __future__ import annotations

import typer

from totelake.cli.output import AsJson, TargetName, print_json, progress, say
from totelake.deploy.target import LOCAL, Target
from totelake.operate import job_runs
from totelake.stack.model import default_home

app = typer.Typer(help="Make again what the commits know.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def repair() -> None:
    """Make again what the commits know."""


@app.command()
def catalog(target: TargetName = LOCAL, as_json: AsJson = False) -> None:
    """Tables, partitions and views of both databases, from all commits; what is there and right stays as it is."""
    where = Target.named(target, default_home())
    job = f"{where.prefix}-maintain-lake"
    run_id = job_runs.start(where.clients.glue, job, {"--whole_history": "true"})
    with progress(as_json, f"{job} goes through all commits"):
        found = job_runs.wait(where.clients.glue, job, run_id)
    print_json(found.document()) if as_json else say(
        f"{job} {found.state} in {found.seconds} s; its log says what it did"
    )
