"""The sources that a command is about: `--source`, which is needed only where there are several."""

from __future__ import annotations

from typing import Annotated

import typer

from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError

SourceName = Annotated[
    str, typer.Option("--source", help="A source of catalog/sources; not needed where there is only one.")
]


def one_source(name: str) -> str:
    """The source of that name, or the only one. Raises ConfigurationError when there are several and none is named."""
    known = sources(name)
    if len(known) > 1:
        raise ConfigurationError(f"there are several sources; name one with --source: {', '.join(known)}")
    return known[0]


def sources(name: str) -> list[str]:
    """The source of that name, or all of them. Raises ContractError for one that is not there."""
    return [load_contracts().source(name).name] if name else list(load_contracts().sources)


def source_table(source: str, table: str) -> str:
    """A table of the source. Raises ConfigurationError when it has none of that name."""
    names = sorted(found.name for found in load_contracts().source_tables(source))
    if table not in names:
        raise ConfigurationError(f"{source} has no table {table}; it has {', '.join(names)}")
    return table
