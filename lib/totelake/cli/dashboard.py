"""dashboard: a page of what the business looks at."""

from __future__ import annotations

import webbrowser
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from totelake.cli.output import AsJson, TargetName, print_json, say, tell
from totelake.cli.query import asking
from totelake.cli.sentences import sentence
from totelake.contracts.dashboards import dashboards_of
from totelake.contracts.documents import documents
from totelake.contracts.queries import LAKE, WAREHOUSE, queries_of
from totelake.dashboard.write import Wanted, Written, watch, write
from totelake.deploy.target import LOCAL, Target
from totelake.errors import ConfigurationError
from totelake.pages.files import DASHBOARD
from totelake.stack.model import default_home

BOARD = "business"
"""The dashboard that is written where none is named."""
_LEAST, _MOST = 5, 86_400


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dashboard)


def dashboard(
    name: Annotated[str, typer.Argument(help="A dashboard of catalog/dashboards.")] = BOARD,
    output: Annotated[Path, typer.Option(help="The HTML file to write; one that is there is replaced.")] = DASHBOARD,
    on: Annotated[str, typer.Option(help="warehouse or lake.")] = WAREHOUSE,
    since: Annotated[str, typer.Option(help="Leave out events of days before, such as 2024-01-01.")] = "",
    every: Annotated[
        int, typer.Option("--watch", metavar="SECONDS", help="Write it again and again; an open page follows.")
    ] = 0,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Write a dashboard as one HTML file, which works without any network."""
    if every and as_json:
        raise ConfigurationError("--watch does not end by itself, so there is no one JSON document; leave out --json")
    if every and not _LEAST <= every <= _MOST:
        raise ConfigurationError(f"--watch is {every}; use {_LEAST} to {_MOST} seconds")
    if on not in (LAKE, WAREHOUSE):
        raise ConfigurationError(f"--on is '{on}'; use {LAKE} or {WAREHOUSE}")
    known, day = dashboards_of(documents()), _day(since)
    if name not in known:
        raise ConfigurationError(f"catalog/dashboards has no {name}; it has {', '.join(known) or 'none'}")
    where = Target.named(target, default_home())
    wanted = Wanted(known[name], queries_of(documents()), on, lambda: asking(where, on), day, every)
    if every:
        _watch(wanted, output, show)
        return
    written = write(wanted, output)
    if as_json:
        print_json({"file": str(written.file.resolve()), "bytes": written.size, "rows": written.rows})
    else:
        _told(written)
    if show:
        open_in_browser(output)


def _watch(wanted: Wanted, output: Path, show: bool) -> None:
    opened = not show

    def told(what: Written | Exception) -> None:
        nonlocal opened
        if isinstance(what, Exception):
            tell(f"totelake: {sentence(what)}; {output} stays as it was, and is tried again in {wanted.every} s")
            return
        _told(what)
        if not opened:
            opened = True
            open_in_browser(output)

    watch(wanted, output, told)


def _told(written: Written) -> None:
    say(f"{written.file}: {written.rows:,} rows, {written.size / 1_000_000:.1f} MB")


def open_in_browser(file: Path) -> None:
    """Show a page. Raises ConfigurationError where there is no browser."""
    address = file.resolve().as_uri()
    if not webbrowser.open(address):
        raise ConfigurationError(f"no browser is found on this machine; open {address} in one")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigurationError(f"--since is '{text}'; write a day as 2024-01-31") from None
