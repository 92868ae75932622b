"""The console script as `setup.py` installs it: what it does for the command that the command itself cannot."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT

_ENTRY = "import sys; from {module} import run; sys.argv = ['totelake', *sys.argv[1:]]; "


def entered(before: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the console script of setup.py after some code."""
    text = (ROOT / "setup.py").read_text(encoding="utf-8")
    module = text.split('"totelake=', 1)[1].split(":run", 1)[0]
    code = _ENTRY.format(module=module) + before + "run()"
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=ROOT / "lib", check=False
    )


def test_it_runs_the_command() -> None:
    done = entered("", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "totelake 0.1.0\n", "")


@pytest.mark.parametrize(
    "what",
    ["raise RuntimeError(text)", "import logging; logging.getLogger('any').warning(text)"],
    ids=["raised", "logged"],
)
def test_what_nobody_expects_cannot_act_on_the_terminal(what: str) -> None:
    before = (
        "import totelake.cli.main as main\ndef app(**_):\n text = '\\x1b[2Jgone'\n "
        + what
        + "\nmain.app_for = lambda words: app\n"
    )
    done = entered("\n" + before, "status")
    assert "gone" in done.stderr
    assert "\x1b" not in done.stderr


def test_an_interrupt_while_it_is_imported_is_no_crash() -> None:
    before = "\nimport builtins\nreal = builtins.__import__\ndef broken(name, *more):\n"
    before += (
        " if name == 'typer':\n  raise KeyboardInterrupt\n return real(name, *more)\nbuiltins.__import__ = broken\n"
    )
    done = entered(before, "--version")
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_comes_while_python_ends_changes_nothing(number: signal.Signals) -> None:
    before = "\nimport os\nclass Late:\n def __del__(self, kill=os.kill, write=os.write, own=os.getpid()):\n"
    before += f"  kill(own, {number.value})\n  write(2, b'late')\nsys.late = Late()\n"
    done = entered(before, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "totelake 0.1.0\n", "late")
