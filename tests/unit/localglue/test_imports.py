"""The order of localglue's modules: none imports itself through others."""

from __future__ import annotations

import ast
from pathlib import Path

import localglue

FOLDER = Path(localglue.__file__).parent


def imported(module: Path) -> set[str]:
    """The modules of localglue that the module imports, at its top or inside functions."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {node.module.partition(".")[2] for node in found if node.module and node.module.startswith("localglue.")}
    return names | {alias.name for node in found if node.module == "localglue" for alias in node.names}


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = {module.stem: imported(module) for module in FOLDER.glob("*.py")}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert left == {}
