"""The modules of lib/ and what each imports, read from the files alone; each file is parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.conftest import ROOT

LIB = ROOT / "lib"
_SHELL_PYTHON = (3, 9)


@dataclass(frozen=True)
class Module:
    """A module of lib/ or a script. `imports` are the full names that it imports at run time, inside functions too;
    `typing_only` those under `if TYPE_CHECKING`. `is_shell_python` says whether Python 3.9 can read it."""

    name: str
    path: Path
    text: str
    tree: ast.Module
    is_shell_python: bool
    imports: tuple[str, ...]
    typing_only: tuple[str, ...]

    @property
    def package(self) -> str:
        """The package below a package of lib/ that it belongs to: `lake`; a module beside them is its own."""
        return self.name.split(".")[1] if "." in self.name else ""

    @property
    def lines(self) -> int:
        """The lines of the file."""
        return len(self.text.splitlines())

    @property
    def functions(self) -> Iterator[tuple[str, int]]:
        """Every function and how many lines it has."""
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@cache
def module_at(path: Path, name: str = "") -> Module:
    """The module in a file."""
    text = path.read_text(encoding="utf-8")
    try:
        tree, is_shell_python = ast.parse(text, feature_version=_SHELL_PYTHON), True
    except SyntaxError:
        tree, is_shell_python = ast.parse(text), False
    imports, typing_only = _imports(tree)
    return Module(name or path.stem, path, text, tree, is_shell_python, imports, typing_only)


@cache
def modules(package: str = "totelake") -> Mapping[str, Module]:
    """The modules of a package and of those inside it, by full name."""
    found = {}
    for path in sorted((LIB / package.replace(".", "/")).rglob("*.py")):
        parts = path.relative_to(LIB).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = module_at(path, name)
    return found


def ours(module: Module, root: str = "totelake", typing_too: bool = False) -> list[str]:
    """The modules of our own that a module imports: `from totelake.lake import keys` is one of totelake.lake.keys."""
    names = module.imports + module.typing_only if typing_too else module.imports
    found = {_module_of(name, modules(root)) for name in names}
    return sorted(name for name in found if name not in (None, module.name))


def missing(module: Module, root: str = "totelake") -> list[str]:
    """What a module imports of ours that is in no module."""
    names = (name for name in module.imports + module.typing_only if name.split(".")[0] == root)
    return [name for name in names if _module_of(name, modules(root)) is None]


def _module_of(name: str, known: Mapping[str, Module]) -> str | None:
    """The module that has an imported name; None when none of ours has it."""
    if name in known:
        return name
    parent, _, attribute = name.rpartition(".")
    return parent if parent in known and (attribute == "*" or attribute in known[parent].text) else None


def circle(graph: Mapping[str, Sequence[str]]) -> list[str]:
    """A circle of a graph, its first node again at the end; [] when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def _imports(tree: ast.Module) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Full names that are imported at run time, and those for type checking alone."""
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    sides: tuple[list[str], list[str]] = ([], [])
    for node in ast.walk(tree):
        found = sides[id(node) in hidden]
        if isinstance(node, ast.Import):
            found += [item.name for item in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            found += [f"{origin}.{item.name}" for item in node.names]
    return tuple(sides[0]), tuple(sides[1])
