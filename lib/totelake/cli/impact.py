"""impact: what a change of a table or column would reach."""

from __future__ import annotations

from typing import Annotated

import typer

from totelake.cli.output import AsJson, print_json, say, table
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.errors import ConfigurationError, ContractError
from totelake.schemas.impact import impact_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(impact)


def impact(
    subject: Annotated[str, typer.Argument(metavar="TABLE[.COLUMN]", help="Of the source or of the warehouse.")],
    as_json: AsJson = False,
) -> None:
    """What uses a table or a column: warehouse columns, views, queries and dashboard tiles."""
    contract, column = _found(subject)
    found = impact_of(contract, column)
    if as_json:
        print_json(found.document())
        return
    rows = [("column", item) for item in found.columns]
    rows += [("view", item) for item in found.views]
    rows += [("query", item) for item in found.queries]
    rows += [("tile", item) for item in found.tiles]
    if rows:
        table(f"what uses {subject}", ("kind", "name"), rows)
    else:
        say(f"nothing uses {subject}")


def _found(subject: str) -> tuple[Table, str | None]:
    """The table that is meant, and the column if one is. Raises ConfigurationError for one that is not there."""
    try:
        return load_contracts().find(subject), None
    except ContractError:
        name, dot, column = subject.rpartition(".")
        if not dot:
            raise
    contract = load_contracts().find(name)
    if column not in contract.column_names:
        raise ConfigurationError(f"{name} has no column '{column}'; it has {', '.join(contract.column_names)}")
    return contract, column
