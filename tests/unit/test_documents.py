"""What the documents name exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from totelake.cli.app import whole_app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "terraform" / "README.md"])


@cache
def functions(file: str) -> frozenset[str]:
    """The names of a test file's functions."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_test_that_is_named_exists(document: Path) -> None:
    for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", document.read_text(encoding="utf-8")):
        assert name in functions(file), f"{document.name} names {file}::{name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / link).exists(), f"{document.name} links to {link}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    known = get_command(whole_app()).commands  # type: ignore[attr-defined]
    for name, sub in re.findall(r"(?:`|^)totelake ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", text, re.MULTILINE):
        assert name in known, f"{document.name} names `totelake {name}`"
        if sub and hasattr(known[name], "commands"):
            assert sub in known[name].commands, f"{document.name} names `totelake {name} {sub}`"
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for name in re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE):
        assert name in targets, f"{document.name} names `make {name}`"


def test_alerts_send_people_to_sections_that_exist() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "lib" / "totelake" / "alerts").glob("*.py"))
    named = set(re.findall(r"See docs/(\w+\.md), '([^']+)'", code))
    assert len(named) == 9
    for document, heading in named:
        text = (ROOT / "docs" / document).read_text(encoding="utf-8")
        assert re.search(rf"^#+ {re.escape(heading)}$", text, re.MULTILINE), f"{document} has no section {heading}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_headings_stand_alone_and_are_numbered_in_order(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    code = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    prose = code.sub("", text)
    assert not re.findall(r"[^\n]\n#+ .*", prose), document.name
    numbers = [int(number) for number in re.findall(r"^## (\d+)\. ", prose, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1)), document.name
