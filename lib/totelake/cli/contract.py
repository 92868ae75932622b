"""contract: a first contract of a table that the source has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from totelake.cli.live import described_source
from totelake.cli.output import TargetName, plain_on_stdout, say, tell
from totelake.cli.sources import SourceName, one_source
from totelake.deploy.target import LOCAL, Target
from totelake.errors import ConfigurationError, SourceError
from totelake.schemas.draft import draft
from totelake.sources.drafting import unsaid_columns
from totelake.sources.writing import as_yaml
from totelake.stack.model import default_home

app = typer.Typer(help="The contracts under catalog/.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def contract() -> None:
    """The contracts under catalog/."""


@app.command()
def new(
    table: Annotated[str, typer.Argument(help="A table of the source, with its schema when that is not public.")],
    output: Annotated[Path | None, typer.Option(help="Write it there, where no file may be; else to stdout.")] = None,
    source: SourceName = "",
    target: TargetName = LOCAL,
) -> None:
    """Write a first contract of a table from the live source, as a document of the Open Data Contract Standard."""
    schema, _, name = table.rpartition(".")
    name_of_source = one_source(source)
    found = described_source(Target.named(target, default_home()), name_of_source, [schema or "public"])
    wanted = [item for item in found if item.name == name]
    if not wanted:
        raise ConfigurationError(
            f"{name_of_source} has no table {table}; "
            f"it has {', '.join(item.name for item in found) or 'none in that schema'}"
        )
    if wanted[0].problem:
        raise SourceError(f"no contract of {table} can be drafted: {wanted[0].problem}")
    document = draft(wanted[0], name_of_source)
    for sentence in unsaid_columns(wanted[0]):
        tell(sentence)
    text = as_yaml(document)
    if output is None:
        # YAML's own escapes are YAML still, whatever the terminal and its encoding
        safe = "\n".join(map(plain_on_stdout, text.split("\n")))
        typer.echo(text if safe == text else as_yaml(document, escaped=True), nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigurationError(f"{output} is there already and is not overwritten; name another file") from None
    say(f"{output} written; complete its descriptions, grain and ranges")
