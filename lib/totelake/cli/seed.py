"""seed and simulate: the example source on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from totelake import seed as seeding
from totelake.cli.output import AsJson, print_json, progress, table
from totelake.contracts import load_contracts
from totelake.deploy.target import Target
from totelake.errors import ConfigurationError
from totelake.ports.s3 import S3Store
from totelake.seed import SOURCE, TARGETS
from totelake.stack.lifecycle import load
from totelake.stack.model import PREFIX, default_home

_Folder = Annotated[Path | None, typer.Option("--from", help="A folder with one CSV file for each table.")]
_Orders = Annotated[int | None, typer.Option(min=1, help="How many sales orders to generate.")]
_Days = Annotated[int | None, typer.Option(min=1, help="Over how many days; at most three years by default.")]
_MoreDays = Annotated[int, typer.Option("--days", min=1, help="How many more days of business.")]
_Seed = Annotated[int, typer.Option("--seed", help="The same number gives the same data.")]
_Dice = Annotated[int | None, typer.Option("--seed", help="The same number makes the same business.")]
_Rate = Annotated[float, typer.Option(min=0.01, help="1 is the business of the real one.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(help=f"Create {SOURCE} anew: from CSV files, or generated at any size.")(seed)
    app.command(
        help=f"Business goes on in {SOURCE}: orders, payments, silent edits, deletions, late commits; files of targets."
    )(simulate)


def seed(
    folder: _Folder = None, orders: _Orders = None, days: _Days = None, number: _Seed = 1, as_json: AsJson = False
) -> None:
    """Create the example source anew: from CSV files, or generated at any size."""
    if folder is not None and (orders is not None or days is not None):
        raise ConfigurationError("--from and --orders or --days exclude each other; give the files or a size")
    dsn = load(default_home()).source_admin_dsn(SOURCE)
    with progress(as_json, f"creating {SOURCE}") as step:
        if folder is not None:
            counts = seeding.seed_from_csv(dsn, folder, step)
        else:
            counts = seeding.seed_generated(dsn, orders=orders, days=days, seed=number, progress=step)
    _show(f"rows in {SOURCE}", "table", counts, as_json)


def simulate(days: _MoreDays = 1, rate: _Rate = 1.0, number: _Dice = None, as_json: AsJson = False) -> None:
    """Business goes on in the example source."""
    stack = load(default_home())
    dsn = stack.source_admin_dsn(SOURCE)
    with progress(as_json, "business goes on") as step:
        done = asdict(seeding.simulate(dsn, days=days, rate=rate, seed=number, progress=step))
        targets = load_contracts().sources.get(TARGETS)
        if targets is not None:
            bucket = S3Store(Target.of_stack(stack).clients.s3, targets.option("bucket", PREFIX))
            done["target_files"] = seeding.drop_targets(dsn, bucket.put, days, number)
    _show(f"changes in {SOURCE}", "kind", done, as_json)


def _show(title: str, what: str, counts: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(dict(counts))
    else:
        table(title, (what, "rows"), counts.items())
