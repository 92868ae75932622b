"""The documents of catalog/: compiled JSON inside a wheel, the YAML files themselves in a checkout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from totelake.errors import ContractError

COMPILED = "catalog.json"


@lru_cache(maxsize=1)
def documents() -> Mapping[str, Any]:
    """Every document by its path below catalog/: parsed YAML, or text for any other file."""
    compiled = resources.files("totelake.contracts").joinpath(COMPILED)
    if compiled.is_file():
        loaded: dict[str, Any] = json.loads(compiled.read_text(encoding="utf-8"))
        return loaded
    folder = Path(__file__).resolve().parents[3] / "catalog"
    if not folder.is_dir():
        raise ContractError(f"neither {COMPILED} nor the folder catalog/ is there; build the wheel with setup.py")
    return read_folder(folder)


def read_folder(folder: Path) -> dict[str, Any]:
    """Read every file of a catalog folder. Raises ContractError with file and line for malformed YAML."""
    found: dict[str, Any] = {}
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(folder).as_posix()
        found[name] = parse_yaml(text, name) if path.suffix in (".yaml", ".yml") else text
    return found


def parse_yaml(text: str, name: str) -> Any:
    """Parse one YAML text. Raises ContractError naming the file and the line."""
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise ContractError(f"catalog/{name}{where} is not valid YAML; mend the file") from error
