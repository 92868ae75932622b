"""impact: what a change of a table or column would reach."""

from __future__ import annotations

from typing import Annotated

import typer

from totelake.cli.output import AsJson, print_json, say, table
from totelake.contracts import catalog
from totelake.errors import ConfigurationError
from totelake.schemas.impact import impact_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(impact)


def impact(
    subject: Annotated[str, typer.Argument(metavar="TABLE[.COLUMN]", help="Of the source or of the warehouse.")],
    as_json: AsJson = False,
) -> None:
    """What uses a table or a column: warehouse columns, views, queries and dashboard tiles."""
    name, dot, column = subject.partition(".")
    contract = catalog().table(name)
    if dot and column not in contract.column_names:
        raise ConfigurationError(f"{name} has no column '{column}'; it has {', '.join(contract.column_names)}")
    found = impact_of(name, column or None)
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
