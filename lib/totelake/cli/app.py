"""The command's parts, put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Annotated

import typer

from totelake import __version__
from totelake.cli.examples import show_examples

_COMMANDS = {
    "stack": ("up", "down", "status", "env"),
    "doctor": ("doctor",),
    "canary": ("canary",),
    "seed": ("seed", "simulate"),
    "pipeline": ("deploy", "run", "backfill", "rebuild", "runs", "logs"),
    "query": ("query",),
    "dashboard": ("dashboard",),
    "monitor": ("monitor",),
    "dictionary": ("docs",),
    "reconcile": ("reconcile",),
    "drift": ("drift",),
    "impact": ("impact",),
    "alerts": ("alerts",),
    "cost": ("cost",),
}
"""The commands of each module of totelake.cli that registers some, in the order of the help."""
_GROUPS = ("bookmark", "contract", "quarantine", "repair", "source")
"""The modules that are a group of commands of their own name."""


def app_for(words: Sequence[str]) -> typer.Typer:
    """The program with the one command that the words call, for a command loads no library that only others need.

    It has all commands where the words call none, as those of a help or of a mistake.
    """
    name = next((word for word in words if not word.startswith("-")), "")
    modules = [module for module, commands in _COMMANDS.items() if name in commands]
    groups = [group for group in _GROUPS if group == name]
    is_known = bool(modules or groups) and not set(words[: words.index(name)])
    return _program(modules, groups) if is_known else whole_app()


@cache
def whole_app() -> typer.Typer:
    """The program with all its commands."""
    return _program(list(_COMMANDS), list(_GROUPS))


def _program(modules: Sequence[str], groups: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        name="totelake",
        help="From PostgreSQL through an S3 data lake to a star-schema warehouse, by AWS Glue jobs.",
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(options)
    for name in modules:
        import_module(f"totelake.cli.{name}").register(app)
    for name in groups:
        app.add_typer(import_module(f"totelake.cli.{name}").app, name=name)
    show_examples(app)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"totelake {__version__}")
        raise typer.Exit


def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the stack trace of an error; may stand anywhere.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Options of every command."""
