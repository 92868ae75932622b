"""What is shown: on any terminal, in any encoding and width, data is only data."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from totelake.cli.main import main
from totelake.cli.output import forgiving, print_json, progress, say, table, tell
from totelake.query.text import literal
from totelake.runtime.plain_text import plain

ACTING = [
    "[/x]",
    "[bold]b[/bold]",
    r"C:\[/tmp]",
    "[link=http://x]",
    ":smile:",
    "\x1b[2J",
    "\x9b31m",
    "\u202ex",
    "a\nb\r",
]
HOSTILE = st.one_of(st.sampled_from(ACTING), st.text(st.characters(codec=None), max_size=12))
SAME_CAPTURE = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wide enough for any line, and no wish about colours."""
    monkeypatch.setenv("COLUMNS", "400")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def only_plain(text: str) -> bool:
    """Whether nothing but line ends acts."""
    return not [
        c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\u200c\u200d"
    ]


@SAME_CAPTURE
@given(text=HOSTILE)
def test_a_sentence_is_shown_as_it_stands(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(text)
    tell(text)
    with progress(False, text) as step:
        step(text)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (f"{plain(text)}\n", f"{plain(text)}\n{plain(text)}\n  {plain(text)}\n")


@SAME_CAPTURE
@given(title=HOSTILE, column=HOSTILE, cell=HOSTILE, data=st.booleans())
def test_title_column_and_cell_are_shown_as_they_stand(
    title: str, column: str, cell: str, data: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    table(title, (column, "n"), [(cell, 1)], data)
    shown = capsys.readouterr().out
    assert only_plain(shown)
    assert plain(title).split() == shown.split("┏")[0].split()
    assert plain(column).split() == shown.split("┃")[1].split()
    assert plain(literal(cell) if data else cell or "-").split() == shown.split("│")[1].split()


@pytest.mark.parametrize("text", ACTING)
def test_a_moving_line_shows_data_as_it_stands(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    sink = io.StringIO()
    monkeypatch.setattr(sys, "stderr", sink)
    with progress(False, text) as step:
        step(text)
    assert plain(text) in sink.getvalue()


@pytest.mark.parametrize("width", [10, 40, 80])
@pytest.mark.parametrize("columns", [1, 5, 30])
def test_every_value_is_shown_at_any_width(
    width: int, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    names = [f"column{number}" for number in range(columns)]
    table("wide", names, [range(100, 100 + columns), [10**20] * columns], data=True)
    shown = capsys.readouterr().out
    assert all(str(number) in shown for number in range(100, 100 + columns))
    assert shown.count(str(10**20)) == columns and all(name in shown for name in names)
    if "│" not in shown:
        lines = [line for line in shown.splitlines() if line.startswith("column0:")]
        assert lines == ["column0: 100", f"column0: {10**20}"]


def test_a_wide_answer_without_rows_names_its_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    table("none", ["first", "second", "third"], [])
    assert capsys.readouterr().out == "none\nno rows of first, second, third\n"


def test_a_long_text_is_folded_and_a_number_is_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    table("t", ("number", "message"), [(10**15, "word " * 40)], data=False)
    shown = capsys.readouterr().out
    assert "1,000,000,000,000,000" in shown and shown.count("word") == 40
    assert max(map(len, shown.splitlines())) <= 60


@pytest.mark.parametrize("width", [20, 40, 60, 79, 80, 120, 300])
def test_a_name_or_an_address_is_never_broken(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    step, address = "totelake-build-dimensions-totesys", "http://127.0.0.1:57363"
    rows = [(step, "SUCCEEDED", 10.5, address, "no message of it " * 9), ("x", None, None, None, None)]
    table("steps", ("step", "state", "seconds", "address", "message"), rows)
    shown = capsys.readouterr().out
    assert step in shown and address in shown and "SUCCEEDED" in shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_what_the_encoding_lacks_is_escaped(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = {name: io.TextIOWrapper(io.BytesIO(), encoding=encoding) for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    assert main(["query", "SELECT 1", "--on", "東京"]) == 1
    table("東京", ("東",), [("京",)])
    say("東京")
    sys.stdout.write("東")
    written = {}
    for name, stream in streams.items():
        stream.flush()
        written[name] = stream.buffer.getvalue().decode(encoding)
    assert written["stderr"] == "totelake: --on is '\\u6771\\u4eac'; use lake or warehouse\n"
    assert written["stdout"].endswith("\\u6771\\u4eac\n\\u6771") and "| \\u4eac |" in written["stdout"]


def test_streams_that_are_not_there_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    forgiving()


@pytest.mark.parametrize("wish", ["1", "yes"])
def test_no_color_leaves_no_code_of_a_terminal(
    wish: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    rows: list[tuple[Any, ...]] = [("SUCCEEDED", None)]
    table("t", ("a", "b"), rows)
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", wish)
    table("t", ("a", "b"), rows)
    table("t", ("a", "b"), rows, data=True)
    assert "\x1b" not in capsys.readouterr().out


def test_a_document_is_valid_json_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"n": [float("nan"), float("inf")], "t": "\x1b\ud800"})
    shown = capsys.readouterr().out
    assert json.loads(shown, parse_constant=pytest.fail) == {"n": ["NaN", "Infinity"], "t": "\x1b\ud800"}
    assert re.fullmatch(r"[ -~\n]*", shown)


@pytest.mark.parametrize("words", [["--help"], ["query", "--name", "list"], ["query", "--help"], ["impact", "東京"]])
def test_every_encoding_will_do_for_the_command_itself(words: list[str]) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "40"}
    done = subprocess.run([sys.executable, "-m", "totelake.cli.main", *words], capture_output=True, env=environment)
    assert (done.stdout + done.stderr).isascii() and b"Traceback" not in done.stderr
    assert done.returncode == (1 if "impact" in words else 0)
