"""A command loads what it needs, and no other command's libraries."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer.main

from tests.conftest import ROOT
from totelake.cli.app import app_for, whole_app

PROGRAM: Any = typer.main.get_command(whole_app())
HEAVY = ("numpy", "pandas", "pyarrow", "pyspark", "duckdb", "totelake.capture", "totelake.seed")


def commands(words: list[str]) -> set[str]:
    """The commands of the program for these words."""
    program: Any = typer.main.get_command(app_for(words))
    return set(program.commands) if hasattr(program, "commands") else {program.name}


@pytest.mark.parametrize("name", sorted(PROGRAM.commands))
def test_every_command_is_there_alone_and_has_its_help(name: str) -> None:
    program: Any = typer.main.get_command(app_for([name, "--json"]))
    assert name in program.commands
    assert len(program.commands) < len(PROGRAM.commands)
    shown = program.commands[name]
    assert (shown.help, shown.epilog) == (PROGRAM.commands[name].help, PROGRAM.commands[name].epilog)


@pytest.mark.parametrize(
    "words", [[], ["--help"], ["--version"], ["quary"], ["--help", "query"], ["--no-such", "query"]]
)
def test_what_calls_no_command_knows_all_of_them(words: list[str]) -> None:
    assert commands(words) == set(PROGRAM.commands)


def test_a_query_loads_no_library_of_another_command() -> None:
    code = "import sys; from totelake.cli.app import app_for; app_for(['query']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "lib", capture_output=True, text=True, check=True, timeout=120
    )
    loaded = set(done.stdout.split())
    assert "totelake.cli.query" in loaded
    assert loaded.isdisjoint(HEAVY)
