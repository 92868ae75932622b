"""quarantine: the rows that did not fit."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from typing import Annotated, Any

import typer

from totelake.cli.output import AsJson, TargetName, print_json, say, table
from totelake.cli.pipeline import Wait, start_refresh
from totelake.cli.sources import AnySource, sources
from totelake.cli.text import literal
from totelake.contracts import load_contracts
from totelake.deploy.target import LOCAL, Target
from totelake.errors import ConfigurationError
from totelake.operate.quarantine import Found, QuarantineEntry, find
from totelake.runtime.run_properties import REPLAY
from totelake.stack.model import default_home

app = typer.Typer(help="Rows that did not fit, and what became of them.", no_args_is_help=True, rich_markup_mode=None)


class Status(str, Enum):
    """What became of a row."""

    OPEN = "open"
    RELEASED = "released"
    SUPERSEDED = "superseded"


@app.callback()
def quarantine() -> None:
    """Rows that did not fit, and what became of them."""


@app.command(name="list")
def list_rows(
    status: Annotated[Status | None, typer.Option(help="Only these.")] = None,
    star_table: Annotated[str, typer.Option("--table", metavar="TABLE", help="Only this star table's.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 100,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """The rows, those of the newest batches first."""
    dsn = _warehouse(target)
    found = find(dsn, status.value if status else None, _known(star_table) if star_table else None, limit=limit)
    if as_json:
        print_json({"total": found.total, "rows": [_short(row) for row in found.rows]})
    else:
        _print(found)


@app.command()
def show(
    star_table: Annotated[str, typer.Argument(metavar="TABLE", help="A star table, such as fact_payment.")],
    key: Annotated[int, typer.Argument(help="The source row's key.")],
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """All that is known of a row, in each batch in which it did not fit."""
    dsn = _warehouse(target)
    found = find(dsn, table=_known(star_table), key=key)
    if not found.rows:
        raise ConfigurationError(
            f"no row of {star_table} with the key {key} was ever in quarantine; see `totelake quarantine list`"
        )
    if as_json:
        print_json([asdict(row) for row in found.rows])
        return
    for row in found.rows:
        title = f"{row.target_table} {row.source_key} in batch {row.batch}"
        facts = [*_short(row).items(), *((f"payload.{name}", value) for name, value in row.payload.items())]
        table(title, ("", "value"), facts, data=True)


@app.command()
def replay(wait: Wait = False, source: AnySource = "", target: TargetName = LOCAL, as_json: AsJson = False) -> None:
    """Start a refresh that tries the rows again by the contracts that are deployed now."""
    start_refresh(Target.named(target, default_home()), sources(source), {REPLAY: "1"}, wait, as_json)


def _warehouse(target: str) -> str:
    where = Target.named(target, default_home())
    if not where.warehouse_dsn:
        raise ConfigurationError("the variable WAREHOUSE_DSN is not set; the quarantine is in the warehouse, name it")
    return where.warehouse_dsn


def _known(name: str) -> str:
    return load_contracts().star(name).name


def _short(row: QuarantineEntry) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name != "payload"}


def _print(found: Found) -> None:
    if not found.rows:
        say("nothing is in quarantine")
        return
    rows = [
        (
            item.target_table,
            str(item.source_key),
            item.batch,
            item.rule,
            item.column_name,
            literal(item.value),
            item.status,
        )
        for item in found.rows
    ]
    table("rows that did not fit", ("table", "key", "batch", "rule", "column", "value", "status"), rows)
    if found.total > len(found.rows):
        say(f"these are {len(found.rows)} of {found.total:,}; see more with --limit")
