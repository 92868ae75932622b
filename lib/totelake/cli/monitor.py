"""monitor: a page of what the pipeline does and how far everything is."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from totelake.cli.dashboard import open_in_browser
from totelake.cli.output import AsJson, TargetName, print_json, say, tell
from totelake.cli.reconcile import compared
from totelake.cli.sentences import sentence
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents
from totelake.deploy.target import AWS, LOCAL, Target
from totelake.errors import ConfigurationError
from totelake.monitor.gather import Seen, Wanted, look
from totelake.monitor.page import page
from totelake.operate.prices import Prices
from totelake.pages.files import MONITOR, beside, replace
from totelake.stack.model import default_home

_REGION = "eu-west-2"
_RUNS = 25
# a look of an account costs requests
_EVERY = {LOCAL: 10, AWS: 300}
_LEAST, _MOST = 5, 86_400


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(monitor)


def monitor(
    once: Annotated[bool, typer.Option("--once", help="Write the page once, and end.")] = False,
    output: Annotated[Path, typer.Option(help="The HTML file to write; one that is there is replaced.")] = MONITOR,
    every: Annotated[int, typer.Option(metavar="SECONDS", help="Between two looks; 10 here, 300 on AWS.")] = 0,
    runs: Annotated[int, typer.Option(min=1, max=200, help="How many of the newest runs and batches.")] = _RUNS,
    reconcile: Annotated[bool, typer.Option("--reconcile", help="Compare source, lake and warehouse, too.")] = False,
    region: Annotated[str, typer.Option(help="Whose prices; those of the account's region on AWS.")] = "",
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Write the run monitor as one HTML file, again and again until Ctrl-C: runs, logs, rows, drift, cost.

    Exit status 1 with --once or --json when a part could not be looked at; the page says which, and shows the rest.
    """
    every = every or _EVERY[target]
    if not _LEAST <= every <= _MOST:
        raise ConfigurationError(f"--every is {every}; use {_LEAST} to {_MOST} seconds")
    if reconcile and not (once or as_json):
        raise ConfigurationError("--reconcile reads source, lake and warehouse whole; use it with --once")
    wanted = wanted_of(Target.named(target, default_home()), region, runs, reconcile)
    if as_json:
        seen = look(wanted, datetime.now(timezone.utc))
        print_json(seen.document())
        _refuse_missed(seen)
        return
    _write(wanted, output, 0 if once else every, show)
    while not once:
        time.sleep(every)
        _write(wanted, output, every, False)


def wanted_of(where: Target, region: str = "", runs: int = _RUNS, reconcile: bool = False) -> Wanted:
    """What to look at in a deployment. Raises ConfigurationError for a region without prices."""
    contracts = load_contracts()
    own = where.clients.glue.meta.region_name if where.kind == AWS else _REGION
    prices = Prices.of(documents()["prices.yaml"], region or own)
    return Wanted(where, contracts, prices, runs, sentence, partial(compared, where) if reconcile else None)


def _write(wanted: Wanted, output: Path, every: int, show: bool) -> None:
    seen = look(wanted, datetime.now(timezone.utc))
    size = replace(output, page(seen, every, beside(output)))
    for part, why in seen.missed.items():
        tell(f"totelake: {part} could not be looked at: {why}")
    say(f"{output}: {sum(len(item.runs) for item in seen.workflows)} runs, {size / 1000:,.0f} kB")
    if show:
        try:
            open_in_browser(output)
        except ConfigurationError as error:
            tell(f"totelake: {error}")
    if not every:
        _refuse_missed(seen)


def _refuse_missed(seen: Seen) -> None:
    if seen.missed:
        raise typer.Exit(1)
