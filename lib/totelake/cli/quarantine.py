"""quarantine: the rows that did not fit."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from typing import Annotated, Any

import typer

from totelake.cli.output import AsJson, TargetName, print_json, say, table
from totelake.cli.pipeline import Wait, start_refresh
from totelake.cli.sources import AnySource, sources
from totelake.contracts import load_contracts
from totelake.contracts.model import SOURCE
from totelake.deploy.target import LOCAL, Target
from totelake.errors import ConfigurationError
from totelake.lake.quarantine import FILE, LINE
from totelake.operate.quarantine import Found, QuarantineEntry, find, find_keys
from totelake.query.text import literal
from totelake.runtime.run_properties import REPLAY
from totelake.stack.model import default_home

_MOST_KEYS = 10
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
    star_table: Annotated[str, typer.Option("--table", metavar="TABLE", help="Only this table's.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 100,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """The rows, those of the newest batches first."""
    dsn = _warehouse(target)
    found = find(dsn, status.value if status else None, _known(dsn, star_table) if star_table else None, limit=limit)
    if as_json:
        print_json({"total": found.total, "rows": [_short(row) for row in found.rows]})
    else:
        _print(found)


# a key may be negative, and is no option then
@app.command(context_settings={"ignore_unknown_options": True})
def show(
    star_table: Annotated[
        str, typer.Argument(metavar="TABLE", help="A star table, or the source table that one is built of.")
    ],
    key: Annotated[int | None, typer.Argument(help="The source row's key; not needed where there is one.")] = None,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """All that is known of a row, in each batch in which it did not fit."""
    dsn = _warehouse(target)
    name = _known(dsn, star_table)
    found = find(dsn, table=name, key=_only_key(dsn, name) if key is None else key)
    if not found.rows:
        raise _never_there(f"{name} with the key {key}")
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


def _only_key(dsn: str, name: str) -> int:
    """The key of the one row of a star table that was in quarantine. Raises ConfigurationError for none, or several."""
    found = find_keys(dsn, name, _MOST_KEYS)
    if not found.keys:
        raise _never_there(name)
    if found.total > 1:
        named, rest = ", ".join(map(str, found.keys)), found.total - len(found.keys)
        raise ConfigurationError(
            f"{found.total:,} rows of {name} were in quarantine, with the keys {named}"
            f"{f' and {rest:,} more' if rest else ''}; name one: `totelake quarantine show {name} {found.keys[0]}`"
        )
    return found.keys[0]


def _never_there(rows: str) -> ConfigurationError:
    return ConfigurationError(f"no row of {rows} was ever in quarantine; see `totelake quarantine list`")


def _warehouse(target: str) -> str:
    where = Target.named(target, default_home())
    if not where.warehouse_dsn:
        raise ConfigurationError("the variable WAREHOUSE_DSN is not set; the quarantine is in the warehouse, name it")
    return where.warehouse_dsn


def _known(dsn: str, name: str) -> str:
    """The star table that a person names: by its own name, by the source table whose rows are its rows, or by that of
    one which no contract names any more and `list` shows.

    Raises ConfigurationError when that is none, or several.
    """
    contracts = load_contracts()
    if name not in contracts.stars and find(dsn, table=name, limit=1).rows:
        return name
    table = contracts.find(name)
    if table.kind != SOURCE:
        return table.name
    stars = [star.name for star in contracts.star_tables(table.source) if star.driving == table.name]
    if len(stars) == 1:
        return stars[0]
    if not stars:
        raise ConfigurationError(
            f"no star table has the rows of {table}; what does not fit is listed by star table: "
            f"{', '.join(star.name for star in contracts.dependents(table.id)) or 'none is built of it'}"
        )
    raise ConfigurationError(f"several star tables have the rows of {table}; name one: {', '.join(stars)}")


def _short(row: QuarantineEntry) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name != "payload"}


def _place(row: QuarantineEntry) -> str:
    """The file that a feed's row was in, with its line; '' of a row of a database."""
    file, line = (str(row.payload.get(name) or "") for name in (FILE, LINE))
    return f"{file}, line {line}" if file and line not in ("", "0") else file


def _print(found: Found) -> None:
    if not found.rows:
        say(
            "nothing is in the warehouse's quarantine; what a load has yet to bring is in the lake's table of that name"
        )
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
            _place(item),
        )
        for item in found.rows
    ]
    names = ("table", "key", "batch", "rule", "column", "value", "status", "from")
    # only a row of a feed says where it was
    kept = len(names) if any(row[-1] for row in rows) else len(names) - 1
    table("rows that did not fit", names[:kept], [row[:kept] for row in rows])
    if found.total > len(found.rows):
        say(f"these are {len(found.rows)} of {found.total:,}; see more with --limit")
