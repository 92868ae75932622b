"""drift: what is registered, or what the source has now, compared with the contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from totelake.cli.exit_status import BREAKING_DRIFT
from totelake.cli.live import blocked_in_source, described_source
from totelake.cli.output import AsJson, TargetName, print_json, say, table
from totelake.contracts import load_contracts
from totelake.contracts.model import SOURCE, Table, TableId
from totelake.deploy.target import LOCAL, Target
from totelake.errors import ConfigurationError
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import BlockedTable
from totelake.lake.records.verdict import LOG, TableStanding, Verdict
from totelake.operate.held import VERDICT, HeldTable, NotCaptured, held_tables
from totelake.ports.schema_catalog import SchemaCatalog
from totelake.registry.registered import Version, registered_changes, versions
from totelake.schemas.changes import Change, breaks, differences
from totelake.schemas.impact import Impact, impact_of
from totelake.schemas.live import source_changes
from totelake.stack.model import default_home

REGISTERED, LIVE = "registered", "source"
Changes = dict[str, list[Change]]
"""By table, as people name it."""


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
    """Compare schemas with the contracts; exit status 3 when they differ in a way that breaks what is built on them."""
    if against not in (REGISTERED, LIVE):
        raise ConfigurationError(f"--against is '{against}'; use {REGISTERED} or {LIVE}")
    contracts = load_contracts()
    tables = [contracts.find(name)] if name else [*contracts.all_source_tables(), *contracts.star_tables()]
    where = Target.named(target, default_home())
    history: dict[str, list[Version]] = {}
    held: Changes = {}
    blocked: dict[str, BlockedTable] = {}
    stopped: dict[str, list[HeldTable]] = {}
    if against == LIVE:
        found, blocked = _of_sources(where, tables, bool(name))
    else:
        history = {_label(item): versions(_catalog(where, item), item) for item in tables}
        if not any(history.values()):
            raise ConfigurationError(_unregistered(tables))
        found = {_label(item): registered_changes(_catalog(where, item), item) for item in tables}
        standings = _standings(where, tables)
        held, blocked = _held(tables, standings), _blocked(standings)
        found.update(held)
        stopped = _stopped(where, tables)
        found.update({label: [item.change, *found[label]] for label, item in blocked.items()})
    print_json(_document(found, history, blocked, stopped)) if as_json else _show(found, history, against, bool(name))
    if held and not as_json:
        say(f"held until the contract fits or the source is changed back: {', '.join(sorted(held))}")
    for label, item in blocked.items() if not as_json else ():
        say(NotCaptured(label, item.since, item.why).line)
    for hold in (hold for items in stopped.values() for hold in items) if not as_json else ():
        say(hold.line)
    if stopped or any(change.is_breaking for changes in found.values() for change in changes):
        raise typer.Exit(BREAKING_DRIFT)


def _unregistered(tables: Sequence[Table]) -> str:
    """What to do where none of these tables is registered; only a database has a live schema to compare with."""
    contracts = load_contracts()
    has_live = any(item.kind == SOURCE and contracts.source(item.source).is_database for item in tables)
    said = "nothing is registered yet" if len(tables) > 1 else f"{_label(tables[0])} is not registered yet"
    return f"{said}; run `totelake run`{f', or use --against {LIVE}' if has_live else ''}"


def _label(item: Table) -> str:
    """A table's name, a source's with that of the source where there are several."""
    return _source_label(item.id) if item.kind == SOURCE else item.name


def _source_label(table: TableId) -> str:
    """As `_label`, also for a table without a contract."""
    return str(table) if len(load_contracts().sources) > 1 else table.name


def _catalog(where: Target, item: Table) -> SchemaCatalog:
    return where.tables_of("ingestion" if item.kind == SOURCE else "processed")


def _standings(where: Target, tables: Sequence[Table]) -> dict[str, TableStanding]:
    """How source tables stand by the newest verdict; those that were judged."""
    verdict = Verdict.of(CommitLog(where.ingestion, LOG).newest())
    found = {}
    for item in tables:
        standing = verdict.of_source(item.source).standings.get(item.name) if item.kind == SOURCE else None
        if standing is not None:
            found[_label(item)] = standing
    return found


def _blocked(standings: Mapping[str, TableStanding]) -> dict[str, BlockedTable]:
    """Tables that cannot be captured."""
    return {label: standing.blocked for label, standing in standings.items() if standing.blocked is not None}


def _held(tables: Sequence[Table], standings: Mapping[str, TableStanding]) -> Changes:
    """Tables whose newest schema is not registered, since it breaks the contract: their events are held."""
    known = {_label(item): item for item in tables}
    return {
        label: list(differences(known[label], standing.schema))
        for label, standing in standings.items()
        if standing.schema and breaks(known[label], standing.schema)
    }


def _stopped(where: Target, tables: Sequence[Table]) -> dict[str, list[HeldTable]]:
    """Star tables that could not be built or loaded, whatever their sources' schemas are."""
    stopped: dict[str, list[HeldTable]] = {}
    stars = [item for item in tables if item.kind != SOURCE]
    for found in held_tables(where.ingestion, where.processed, stars):
        if found.step != VERDICT:
            stopped.setdefault(found.table, []).append(found)
    return stopped


def _of_sources(where: Target, tables: Sequence[Table], only: bool) -> tuple[Changes, dict[str, BlockedTable]]:
    """What the live sources of these tables have, against their contracts."""
    wanted = [item for item in tables if item.kind == SOURCE]
    databases = [item for item in wanted if load_contracts().source(item.source).is_database]
    # a feed that is asked for by name is refused with the reason
    wanted = databases or wanted
    if not wanted:
        raise ConfigurationError(f"{tables[0].name} is no table of a source; leave out --against {LIVE}")
    changes: Changes = {}
    blocked: dict[str, BlockedTable] = {}
    for source in dict.fromkeys(item.source for item in wanted):
        mine = [item for item in wanted if item.source == source]
        found = described_source(where, source, sorted({item.schema for item in mine}))
        names = {item.name: _label(item) for item in mine}
        described = [item for item in found if not only or item.name in names]
        # all tables are looked at: that a source lacks all of them is another thing than that it lacks one
        every = {name: item for name, item in blocked_in_source(where, source).items() if name in names}
        differing = source_changes(mine, described, {name: item.change for name, item in every.items()})
        changes.update({_source_label(TableId(source, name)): items for name, items in differing.items()})
        blocked.update({names[name]: item for name, item in every.items()})
    return changes, blocked


def _document(
    found: Mapping[str, list[Change]],
    history: Mapping[str, list[Version]],
    blocked: Mapping[str, BlockedTable],
    stopped: Mapping[str, Sequence[HeldTable]],
) -> list[dict[str, Any]]:
    return [
        {
            "table": name,
            "changes": [{**change.document, "impact": _impact(name, change).document()} for change in changes],
            "not_captured": _not_captured(blocked.get(name)),
            "held": [item.document() for item in stopped.get(name, ())],
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
        for name, changes in found.items()
    ]


def _not_captured(blocked: BlockedTable | None) -> dict[str, Any] | None:
    """Since which batch, where one is known, and why with the remedy."""
    return None if blocked is None else {"since": blocked.since or None, "why": blocked.why}


def _impact(label: str, change: Change) -> Impact:
    """What a change of the table with that label reaches; a change itself does not know its source."""
    return impact_of(label, change.reach)


def _show(found: Changes, history: dict[str, list[Version]], against: str, whole: bool) -> None:
    changes = [(name, change) for name, items in found.items() for change in items]
    if changes:
        rows = [
            (name, item.column, item.kind, item.before, item.after, "yes" if item.is_breaking else "no")
            for name, item in changes
        ]
        table(f"{against} against contract", ("table", "column", "change", "contract", against, "breaking"), rows)
        for name, change in changes:
            if change.is_breaking:
                say(f"{_impact(name, change)}")
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
