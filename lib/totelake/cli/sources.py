"""The sources that a command is about: `--source`, without which it is about all of them or about the only one."""

from __future__ import annotations

from typing import Annotated

import typer

from totelake.contracts import TableId, load_contracts
from totelake.errors import ConfigurationError

# of a command that is about one source
SourceName = Annotated[
    str,
    typer.Option("--source", help="A source of catalog/sources; not needed where there is only one, or one database."),
]
# of a command whose table names the source
TableSource = Annotated[
    str, typer.Option("--source", help="A source of catalog/sources; needed where several have such a table.")
]
# of a command that is about all sources without it
AnySource = Annotated[str, typer.Option("--source", help="Only this source of catalog/sources; all of them without.")]


def one_source(name: str) -> str:
    """The source of that name, or the only one, or the only database.

    Raises ConfigurationError when there are several and none is named.
    """
    known = sources(name)
    databases = [item for item in known if load_contracts().source(item).is_database]
    found = known if len(known) == 1 else databases
    if len(found) != 1:
        raise ConfigurationError(f"there are several sources; name one with --source: {', '.join(known)}")
    return found[0]


def sources(name: str) -> list[str]:
    """The source of that name, or all of them.

    Raises ContractError for one that is not there, ConfigurationError when there is none at all.
    """
    found = [load_contracts().source(name).name] if name else list(load_contracts().sources)
    if not found:
        raise ConfigurationError("catalog/sources has no source; `totelake source add` writes one")
    return found


def source_table(source: str, name: str) -> TableId:
    """The source table that a person names, as `source.table` or plainly; with `source` one of that source.

    Raises ConfigurationError when there is none of that name, or when several sources have one.
    """
    known = [table.id for owner in sources(source) for table in load_contracts().source_tables(owner)]
    matching = [table for table in known if name in (table.name, str(table))]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise ConfigurationError(f"{name} is a table of several sources; name one of {', '.join(map(str, matching))}")
    owners = sources(source)
    names = sorted(table.name if len(owners) == 1 else str(table) for table in known)
    raise ConfigurationError(f"{' and '.join(owners)} has no table {name}; it has {', '.join(names) or 'none'}")
