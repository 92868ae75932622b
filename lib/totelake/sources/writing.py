"""Documents written into catalog/sources: all of them or none, and none over another."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from totelake.contracts.sources import FILE, FOLDER
from totelake.errors import ConfigurationError

_NEXT_LINE = "\x85"
_HEAD = "# A database that tables are captured from; docs/deployment.md says what each key means.\n"


def as_yaml(document: Mapping[str, Any], escaped: bool = False) -> str:
    """A document as YAML, its keys in their order; `escaped` in ASCII."""
    text: str = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=not escaped, width=120)
    # PyYAML writes this character as it is, and reads it as a line's end
    return text if escaped or _NEXT_LINE not in text else as_yaml(document, escaped=True)


def contract_file(table: str) -> str:
    """The name of a contract's file: the table's, but where that is the source's own."""
    return f"{table}.table.yaml" if f"{table}.yaml" == FILE else f"{table}.yaml"


def texts(source: Mapping[str, Any] | None, contracts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The files of a source by name: its own, unless that is there, and the contracts by table."""
    found = {} if source is None else {FILE: _HEAD + as_yaml(source)}
    return {**found, **{contract_file(table): as_yaml(document) for table, document in contracts.items()}}


def write(catalog: Path, source: str, files: Mapping[str, str]) -> list[Path]:
    """Write the files of a source below catalog/, all or none; their paths.

    A new source comes into being with one rename. Raises ConfigurationError when one of the files is there already.
    """
    folder = catalog / FOLDER / source
    # a hidden folder is no part of the catalogue
    aside = catalog / f".{source}.{secrets.token_hex(4)}"
    folder.parent.mkdir(exist_ok=True)
    aside.mkdir()
    try:
        for name, text in files.items():
            (aside / name).write_text(text, encoding="utf-8")
        if folder.is_dir():
            _move_into(aside, folder, list(files))
        else:
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return [folder / name for name in files]


def _move_into(aside: Path, folder: Path, names: list[str]) -> None:
    moved: list[Path] = []
    try:
        for name in names:
            # a link, unlike a rename, is refused where a file is
            os.link(aside / name, folder / name)
            moved.append(folder / name)
    except FileExistsError as error:
        _take_back(moved)
        raise ConfigurationError(
            f"{error.filename2} is there already and is not overwritten; move it away, and try again"
        ) from None
    except BaseException:
        _take_back(moved)
        raise


def _take_back(moved: list[Path]) -> None:
    for path in moved:
        path.unlink()
