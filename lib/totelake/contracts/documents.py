"""The documents of catalog/: compiled JSON inside a wheel, the YAML files themselves in a checkout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from totelake.errors import ConfigurationError, ContractError

COMPILED = "catalog.json"
_FOLDER = Path(__file__).resolve().parents[3] / "catalog"


class Located(dict[str, Any]):
    """A mapping of a YAML text that remembers its line and that of each key."""

    line = 0
    lines: Mapping[str, int] = {}


def line_of(mapping: Any, key: str = "") -> int:
    """The line of a key, without one that of the mapping; 0 when unknown, as in a wheel."""
    return int(mapping.lines.get(key, mapping.line)) if isinstance(mapping, Located) else 0


def place(name: str, line: int) -> str:
    """A document's path, with the line when it is known."""
    return f"catalog/{name} line {line}" if line else f"catalog/{name}"


@lru_cache(maxsize=1)
def documents() -> Mapping[str, Any]:
    """Every document by its path below catalog/: parsed YAML, or text for any other file."""
    compiled = resources.files("totelake.contracts").joinpath(COMPILED)
    if compiled.is_file():
        loaded: dict[str, Any] = json.loads(compiled.read_text(encoding="utf-8"))
        return loaded
    if not _FOLDER.is_dir():
        raise ContractError(f"neither {COMPILED} nor the folder catalog/ is there; build the wheel with setup.py")
    return read_folder(_FOLDER)


def checkout_folder() -> Path:
    """The folder that `documents` reads. Raises ConfigurationError in an installed wheel, whose documents are fixed."""
    if resources.files("totelake.contracts").joinpath(COMPILED).is_file() or not _FOLDER.is_dir():
        raise ConfigurationError(
            "this totelake is an installed wheel, whose catalog/ nothing can be written to; run it in a checkout "
            "(`make install`), or name the folder catalog/ of one with --catalog"
        )
    return _FOLDER


def read_folder(folder: Path) -> dict[str, Any]:
    """Read every file of a catalog folder but hidden ones, which editors and desktops leave.

    Raises ContractError with file and line for malformed YAML.
    """
    found: dict[str, Any] = {}
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        name = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in name.split("/")):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ContractError(f"catalog/{name} is no text in UTF-8 ({error}); correct or remove the file") from error
        found[name] = parse_yaml(text, name) if path.suffix in (".yaml", ".yml") else text
    return found


def parse_yaml(text: str, name: str) -> Any:
    """Parse one YAML text. Raises ContractError naming file and line, also where a key stands twice."""
    import yaml

    class Loader(yaml.SafeLoader):
        """A loader that remembers lines."""

    def located(loader: Any, node: Any) -> Located:
        found = Located(loader.construct_mapping(node, deep=True))
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in lines:
                raise ContractError(
                    f"{place(name, line)}: '{key.value}' stands in line {lines[key.value]} already; keep one"
                )
            lines[key.value] = line
        found.line, found.lines = node.start_mark.line + 1, lines
        return found

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, located)
    try:
        return yaml.load(text, Loader)  # nosec B506 # made of the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ContractError(
            f"{place(name, mark.line + 1 if mark else 0)} is not valid YAML; correct the file"
        ) from error
