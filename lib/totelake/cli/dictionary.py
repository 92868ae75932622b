"""docs: the data dictionary as pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from totelake.cli.dashboard import open_in_browser
from totelake.cli.output import AsJson, TargetName, print_json, say
from totelake.contracts import load_contracts
from totelake.contracts.dashboards import tiles_of
from totelake.contracts.documents import documents
from totelake.contracts.model import SOURCE
from totelake.contracts.queries import queries_of
from totelake.deploy.target import LOCAL, Target
from totelake.dictionary.entries import entries_of
from totelake.dictionary.pages import INDEX, pages_of
from totelake.errors import ConfigurationError
from totelake.pages.files import DICTIONARY, replace
from totelake.registry.registered import Version
from totelake.registry.registered import versions as registered_versions
from totelake.stack.model import default_home


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(docs)


def docs(
    output: Annotated[
        Path, typer.Option(help="The folder to write; pages that are there are replaced.")
    ] = DICTIONARY.parent,
    versions: Annotated[bool, typer.Option("--versions", help="With the versions in the Data Catalog.")] = False,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    target: TargetName = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Write the data dictionary: a page for each table with its columns, lineage, queries, tiles and versions."""
    written = write(output, Target.named(target, default_home()) if versions else None)
    if as_json:
        print_json({"folder": str(output.resolve()), "pages": sorted(written)})
    else:
        say(f"{output / INDEX}: {len(written)} pages")
    if show:
        open_in_browser(output / INDEX)


def write(folder: Path, where: Target | None = None) -> list[str]:
    """Write the pages, with the registered versions of `where`; the names of the files.

    Raises ConfigurationError for a folder that is none, OSError where it cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder; name one with --output")
    files = documents()
    entries = entries_of(load_contracts(), _versions(where) if where else None)
    pages = pages_of(entries, queries_of(files), tiles_of(files))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        replace(folder / name, text)
    return list(pages)


def _versions(where: Target) -> dict[str, list[Version]]:
    contracts = load_contracts()
    zones = {zone: where.tables_of(zone) for zone in ("ingestion", "processed")}
    return {
        str(item): registered_versions(zones["ingestion" if item.kind == SOURCE else "processed"], item)
        for item in (*contracts.all_source_tables(), *contracts.star_tables())
    }
