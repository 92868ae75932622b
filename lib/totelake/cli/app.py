"""The command's parts, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from totelake import __version__
from totelake.cli import (
    alerts,
    bookmark,
    canary,
    contract,
    cost,
    dashboard,
    dictionary,
    doctor,
    drift,
    impact,
    monitor,
    pipeline,
    quarantine,
    query,
    reconcile,
    repair,
    seed,
    source,
    stack,
)
from totelake.cli.examples import show_examples

app = typer.Typer(
    name="totelake",
    help="From PostgreSQL through an S3 data lake to a star-schema warehouse, by AWS Glue jobs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"totelake {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the stack trace of an error; may stand anywhere.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Options of every command."""


for part in (
    stack,
    doctor,
    canary,
    seed,
    pipeline,
    query,
    dashboard,
    monitor,
    dictionary,
    reconcile,
    drift,
    impact,
    alerts,
    cost,
):
    part.register(app)
app.add_typer(bookmark.app, name="bookmark")
app.add_typer(contract.app, name="contract")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(repair.app, name="repair")
app.add_typer(source.app, name="source")
show_examples(app)
