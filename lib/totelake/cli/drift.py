"""drift: what is registered, or what the source has now, held against the contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from totelake.capture.detect.blocked import Obstacle
from totelake.cli.live import described_source, source_obstacles
from totelake.cli.output import AsJson, TargetName, print_json, say, table
from totelake.contracts import catalog
from totelake.contracts.model import SOURCE as SOURCE_TABLE
from totelake.contracts.model import Table
from totelake.deploy.target import LOCAL, Target
from totelake.errors import ConfigurationError
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.verdicts import LOG, SOURCE, standings_of
from totelake.registry.judge import breaks, differences
from totelake.registry.registered import Version, registered_changes, versions
from totelake.schemas.changes import Change
from totelake.schemas.impact import Impact, impact_of
from totelake.schemas.live import source_changes
from totelake.stack.model import default_home

BREAKING = 3
REGISTERED, LIVE = "registered", "source"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(drift)


def drift(
    name: Annotated[str, typer.Argument(metavar="TABLE", help="Only this one, with all its versions.")] = "",
    against: Annotated[
        str, typer.Option(help="registered: the Data Catalog; source: the live database, before the next run.")
    ] = REGISTERED,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Hold schemas against the contracts; exit status 3 when they differ in a way that breaks what is built on them."""
    if against not in (REGISTERED, LIVE):
        raise ConfigurationError(f"--against is '{against}'; use {REGISTERED} or {LIVE}")
    tables = [catalog().table(name)] if name else list(catalog().tables.values())
    where = Target.named(target, default_home())
    history: dict[str, list[Version]] = {}
    held: dict[str, list[Change]] = {}
    obstacles: dict[str, Obstacle] = {}
    if against == LIVE:
        found, obstacles = _of_source(where, tables, bool(name))
    else:
        history = {item.name: versions(where.clients.glue, _database(where, item), item) for item in tables}
        if not any(history.values()):
            raise ConfigurationError("nothing is registered yet; run `totelake run`, or use --against source")
        found = {item.name: registered_changes(where.clients.glue, _database(where, item), item) for item in tables}
        verdict = CommitLog(where.clients.s3, where.ingestion_bucket, LOG).newest()
        held, obstacles = _held(verdict, tables), _obstacles(verdict, tables)
        found.update(held)
        found.update({name: [item.change, *found[name]] for name, item in obstacles.items()})
    print_json(_document(found, history, obstacles)) if as_json else _show(found, history, against, bool(name))
    if held and not as_json:
        say(f"held until the contract fits or the source is changed back: {', '.join(sorted(held))}")
    for name, obstacle in obstacles.items() if not as_json else ():
        since = f"is not captured since batch {obstacle.since}" if obstacle.since else "cannot be captured"
        say(f"{name} {since}: {obstacle.why}")
    if any(change.is_breaking for told in found.values() for change in told):
        raise typer.Exit(BREAKING)


def _database(where: Target, item: Table) -> str:
    zone = "ingestion" if item.kind == SOURCE_TABLE else "processed"
    return f"{where.prefix.replace('-', '_')}_{zone}"


def _obstacles(verdict: Manifest | None, tables: Sequence[Table]) -> dict[str, Obstacle]:
    """Tables that cannot be captured, as the newest verdict knows them."""
    names = {item.name for item in tables}
    standings = standings_of(verdict, SOURCE)
    entries = {name: entry.get("obstacle") for name, entry in standings.items() if name in names}
    return {name: Obstacle.of(entry) for name, entry in entries.items() if entry}


def _held(verdict: Manifest | None, tables: Sequence[Table]) -> dict[str, list[Change]]:
    """Tables whose newest schema is not registered, since it breaks the contract: their events are held."""
    contracts = {item.name: item for item in tables}
    return {
        name: list(differences(contracts[name], entry["schema"]))
        for name, entry in standings_of(verdict, SOURCE).items()
        if name in contracts and entry["schema"] and breaks(contracts[name], entry["schema"])
    }


def _of_source(
    where: Target, tables: Sequence[Table], only: bool
) -> tuple[dict[str, list[Change]], dict[str, Obstacle]]:
    wanted = [item for item in tables if item.domain == SOURCE]
    if not wanted:
        raise ConfigurationError(f"{tables[0].name} is no table of {SOURCE}; leave out --against {LIVE}")
    found = described_source(where, sorted({item.schema for item in wanted}))
    names = {item.name for item in wanted}
    described = [item for item in found if not only or item.name in names]
    # asked of all tables: that a source lacks all of them is another thing than that it lacks one
    every = source_obstacles(where, catalog().source_tables(SOURCE))
    obstacles = {name: item for name, item in every.items() if name in names}
    return source_changes(wanted, described, {name: item.change for name, item in obstacles.items()}), obstacles


def _document(
    found: Mapping[str, list[Change]], history: Mapping[str, list[Version]], obstacles: Mapping[str, Obstacle]
) -> list[dict[str, Any]]:
    return [
        {
            "table": name,
            "changes": [{**change.document, "impact": _impact(change).document()} for change in told],
            "not_captured": _not_captured(obstacles.get(name)),
            "versions": [
                {
                    "version": item.number,
                    "at": item.at,
                    "columns": item.columns,
                    "changes": [change.document for change in item.changes],
                }
                for item in history.get(name, ())
            ],
        }
        for name, told in found.items()
    ]


def _not_captured(obstacle: Obstacle | None) -> dict[str, Any] | None:
    """Since which batch, where one is known, and why with the remedy."""
    return None if obstacle is None else {"since": obstacle.since or None, "why": obstacle.why}


def _impact(change: Change) -> Impact:
    return impact_of(change.table, change.reach)


def _show(found: dict[str, list[Change]], history: dict[str, list[Version]], against: str, whole: bool) -> None:
    told = [change for item in found.values() for change in item]
    if told:
        rows = [
            (item.table, item.column, item.kind, item.before, item.after, "yes" if item.is_breaking else "no")
            for item in told
        ]
        table(f"{against} against contract", ("table", "column", "change", "contract", against, "breaking"), rows)
        for change in told:
            if change.is_breaking:
                say(f"{_impact(change)}")
    else:
        say(f"no drift; tables that are as their contracts say: {len(found)}")
    missing = [name for name, items in history.items() if not items]
    if missing:
        say(f"not registered yet: {', '.join(missing)}")
    versions_shown = [
        (name, item.number, item.at, "; ".join(map(_in_short, item.changes)) or f"{item.columns} columns registered")
        for name, items in history.items()
        for item in items
        if whole or item.changes
    ]
    if versions_shown:
        table("registered versions", ("table", "version", "at", "what changed"), versions_shown)


def _in_short(change: Change) -> str:
    sides = f" ({change.before or 'nothing'} -> {change.after or 'nothing'})"
    return f"{change.column or change.table}: {change.kind}{sides}"
