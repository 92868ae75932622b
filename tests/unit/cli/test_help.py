"""The help of every command: examples that the command itself takes, exit statuses, no code of a terminal."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.conftest import ROOT
from totelake.cli.app import whole_app
from totelake.cli.examples import EXAMPLES
from totelake.cli.exit_status import MEANINGS
from totelake.cli.main import main

PROGRAM: Any = typer.main.get_command(whole_app())


def commands(command: Any = PROGRAM, path: str = "totelake") -> Iterator[tuple[str, Any]]:
    """Every command and group of commands, with the words that call it."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


EVERY = dict(commands())


def test_each_command_has_a_help_of_its_own_for_days() -> None:
    helps = {name: [item.help for item in EVERY[f"totelake {name}"].params if "--days" in item.opts][0]
             for name in ("seed", "simulate")}  # fmt: skip
    # simulate has a default of one day, which no three years can be
    assert "three years" in helps["seed"] and "three years" not in helps["simulate"]


def test_every_command_has_examples_and_no_example_is_of_another() -> None:
    assert set(EXAMPLES) == set(EVERY)


@pytest.mark.parametrize("path", EVERY)
def test_help_shows_examples(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*path.split()[1:], "--help"]) == 0
    shown = capsys.readouterr()
    _, _, below = shown.out.partition("  Examples:\n")
    lines = [line.strip() for line in below.split("\n\n")[0].splitlines()]
    assert lines == list(EXAMPLES[path]) and lines
    assert shown.err == ""


@pytest.mark.parametrize(("path", "example"), [(path, line) for path, lines in EXAMPLES.items() for line in lines])
def test_every_example_is_taken_by_its_command(path: str, example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(example.removeprefix('eval "$(').removesuffix(')"'))
    name, command, context = words.pop(0), PROGRAM, None
    while words and words[0] in getattr(command, "commands", {}):
        context = command.context_class(command, info_name=name, parent=context)
        name = words.pop(0)
        command = command.commands[name]
    # a group's example is of one of its commands
    named = next(known for known, found in EVERY.items() if found is command)
    assert named.startswith(path)
    command.make_context(name, words, parent=context)


@pytest.mark.parametrize("path", EVERY)
def test_every_command_and_option_says_what_it_is(path: str) -> None:
    assert EVERY[path].help
    assert not [item.name for item in EVERY[path].params if not getattr(item, "help", None)]


def test_the_list_of_commands_cuts_no_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "..." not in shown.replace("[ARGS]...", "")
    for path, command in EVERY.items():
        assert len(path.split()) != 2 or " ".join(command.help.split()) in shown


def test_exit_statuses_are_in_the_help_and_in_the_documents(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    documented = dict(re.findall(r"^\| (\d+) \| (.+) \|$", (ROOT / "docs" / "commands.md").read_text(), re.MULTILINE))
    assert documented == {str(status): meaning for status, meaning in MEANINGS.items()}
    assert all(
        re.search(rf"^ +{status}  {re.escape(meaning)}$", shown, re.MULTILINE) for status, meaning in documented.items()
    )


@pytest.mark.parametrize("path", EVERY)
def test_help_fits_a_narrow_terminal_and_has_no_code(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main([*path.split()[1:], "--help"]) == 0
    shown = capsys.readouterr().out
    sentences, _, _ = shown.partition("  Examples:\n")
    assert "\x1b" not in shown
    assert not [line for line in sentences.splitlines() if len(line) > 60 and " " in line.strip()]


@pytest.mark.parametrize("words", [["cost"], ["query", "--name", "list", "--json"]])
@pytest.mark.parametrize("ending", ["reader gone", "disk full"])
def test_what_cannot_be_written_is_no_success_and_no_trace(words: list[str], ending: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    reader, writer = os.pipe()
    os.close(reader)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "totelake.cli.main", *words],
            stdout=full if ending == "disk full" else writer,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            check=False,
        )
    os.close(writer)
    full_disk = "totelake: No space left on device; free space where the output goes\n"
    assert (done.returncode, done.stderr) == (1, full_disk if ending == "disk full" else "")


def test_json_is_an_option_of_every_command_that_shows_data() -> None:
    without = {
        path
        for path, command in EVERY.items()
        if not hasattr(command, "commands") and "--json" not in [name for item in command.params for name in item.opts]
    }
    assert without == {"totelake contract new"}


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "totelake 0.1.0\n"
