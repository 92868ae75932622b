"""`up` and `down`, interrupted or killed at every line that they run: nothing is left running, and `up` works again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import pytest

from tests.faults.conftest import SOAK
from totelake.cli.exit_status import FAILURE, INTERRUPTED, SUCCESS
from totelake.errors import ConfigurationError
from totelake.stack import lifecycle, postgres, processes, servers, spark
from totelake.stack.interrupts import ending_as_ctrl_c, uninterrupted
from totelake.stack.model import PARTS, Stack

_STACK = str(Path(lifecycle.__file__).parent)
EVERY = 1 if SOAK else 6
# what tells our own servers from others of this machine, and stands among the first words of their command line
_NAME = "totelake-interrupted-server"


class Machine:
    """A folder for a stack whose servers only wait; each line of the stack's code is a step."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"

    def start(self) -> None:
        """What `up` does."""
        lifecycle.start(self.home)

    def stop(self) -> None:
        """What `down` does."""
        lifecycle.stop(self.home)

    def up(self) -> None:
        """Start the stack, as a command does."""
        assert command(self.start) == 0

    def down(self) -> None:
        """End the stack, as a command does."""
        assert command(self.stop) == 0

    def running(self) -> list[str]:
        """The command lines of servers of this home."""
        found = [item.info for item in psutil.process_iter(["cmdline", "status"])]
        lines = [" ".join(item["cmdline"] or ()) for item in found if item["status"] != psutil.STATUS_ZOMBIE]
        return [line for line in lines if _NAME in line and str(self.home) in line]

    def left(self) -> list[str]:
        """What there is but logs and an empty lock."""
        there = sorted(path.name for path in self.home.iterdir()) if self.home.exists() else []
        return [*self.running(), *(name for name in there if name not in ("logs", "up.lock"))]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    fifo, server = tmp_path / "fifo", tmp_path / _NAME
    os.mkfifo(fifo)
    server.write_text(f"#!/bin/sh\nread line < '{fifo}'\n")
    server.chmod(0o700)
    real = subprocess.Popen

    def popen(command: list[str], **options: Any) -> Any:
        program = "/bin/true" if command[0].endswith("initdb") else str(server)
        # a shell that was started without Ctrl-C, as one in the background is, could not be ended by it
        return real(
            command, executable=program, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options
        )

    monkeypatch.setattr(processes.subprocess, "Popen", popen)
    monkeypatch.setattr(processes, "_listens", lambda _: True)
    monkeypatch.setattr(processes, "is_server", lambda words: _NAME in " ".join(words[:3]))
    monkeypatch.setattr(postgres, "find_binaries", lambda: tmp_path / "bin")
    monkeypatch.setattr(postgres, "unprivileged_user", lambda: None)
    monkeypatch.setattr(postgres, "answers", lambda _: True)
    monkeypatch.setattr(postgres, "create_databases", lambda *_: {})
    monkeypatch.setattr(servers, "answers", lambda _: True)
    monkeypatch.setattr(spark, "_session", dict)
    monkeypatch.setattr(spark, "environment", dict)
    monkeypatch.setattr(lifecycle, "furnish", lambda *_: None)
    monkeypatch.setattr(lifecycle, "_end_jobs", lambda _: None)
    monkeypatch.setattr(lifecycle, "status_of", lambda stack: dict.fromkeys(stack.parts, True))
    found = Machine(tmp_path)
    yield found
    monkeypatch.setattr(lifecycle, "_end_jobs", lambda _: None)
    found.down()
    assert found.running() == []


class Steps:
    """The lines of the stack's code in the order in which they are first run; `at` one of them something happens."""

    def __init__(self, at: int | None = None, happening: Callable[[], None] = lambda: None) -> None:
        self.seen: list[tuple[str, int]] = []
        self._at = at
        self._happening = happening

    def run(self, work: Callable[[], None]) -> None:
        """Run it."""
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            work()
        finally:
            sys.settrace(before)

    def _trace(self, frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(_STACK):
            return None
        place = (frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and place not in self.seen:
            self.seen.append(place)
            if len(self.seen) - 1 == self._at:
                self._happening()
        return self._trace


def command(work: Callable[[], None]) -> int:
    """The work in a process of its own, whose servers live on; its status, or less than 0 when a signal ended it."""
    child = os.fork()
    if child == 0:
        status = FAILURE
        try:
            with ending_as_ctrl_c():
                work()
            status = SUCCESS
        except KeyboardInterrupt:
            status = INTERRUPTED
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def chosen(work: Callable[[], None], at_least: int) -> range:
    """The steps that it has; with `make soak` all, else some of them."""
    steps = Steps()
    steps.run(work)
    assert len(steps.seen) >= at_least
    return range(0, len(steps.seen), EVERY)


def interrupt() -> None:
    """What `timeout`, a service manager or a closing terminal does."""
    signal.raise_signal(signal.SIGTERM)


def interrupted(work: Callable[[], None], at: int) -> None:
    """The work, interrupted before that step."""
    assert command(lambda: Steps(at, interrupt).run(work)) == INTERRUPTED


def killed(work: Callable[[], None], at: int) -> None:
    """The work, killed before that step."""
    assert command(lambda: Steps(at, lambda: os.kill(os.getpid(), signal.SIGKILL)).run(work)) == -signal.SIGKILL


def test_up_interrupted_at_any_line_leaves_nothing_or_a_stack_that_is_known(machine: Machine) -> None:
    steps = chosen(machine.start, 60)
    machine.down()
    for step in steps:
        interrupted(machine.start, step)
        if Stack.read(machine.home) is None:
            assert machine.left() == [], step
        else:
            assert len(machine.running()) == len(PARTS), step
            machine.down()
    machine.up()
    assert len(machine.running()) == len(PARTS)


def test_down_interrupted_at_any_line_has_ended_all_or_nothing(machine: Machine) -> None:
    machine.up()
    for step in chosen(machine.stop, 30):
        machine.up()
        interrupted(machine.stop, step)
        if machine.left():
            assert len(machine.running()) == len(PARTS), step
            assert Stack.read(machine.home) is not None
    machine.down()
    assert machine.left() == []


def test_up_killed_at_any_line_stops_neither_up_nor_down(machine: Machine) -> None:
    steps = chosen(machine.start, 60)
    machine.down()
    for number, step in enumerate(steps):
        killed(machine.start, step)
        if number % 2:
            machine.up()
            assert len(machine.running()) == len(PARTS), step
        machine.down()
        assert machine.left() == [], step


def test_down_killed_at_any_line_is_finished_by_the_next(machine: Machine) -> None:
    machine.up()
    for step in chosen(machine.stop, 30):
        machine.up()
        killed(machine.stop, step)
        machine.down()
        assert machine.left() == [], step


@pytest.mark.parametrize("failing", ["create_databases", "furnish", "save"])
def test_a_step_that_fails_while_somebody_presses_ctrl_c_again_leaves_nothing(
    failing: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ConfigurationError("cannot")

    end = processes.end

    def impatient(*arguments: Any) -> None:
        interrupt()
        end(*arguments)

    with monkeypatch.context() as broken:
        broken.setattr({"create_databases": postgres, "furnish": lifecycle, "save": Stack}[failing], failing, fail)
        for module in (servers, postgres):
            broken.setattr(module, "end", impatient)
        assert command(machine.start) in (FAILURE, INTERRUPTED)
    assert machine.left() == []
    machine.up()


def test_a_record_that_is_damaged_is_told_and_down_ends_the_stack(machine: Machine) -> None:
    for damaged in ("", "{", "[]", '{"parts": 1}', '{"parts": {"moto": {}}}', "{}"):
        machine.up()
        (machine.home / "stack.json").write_text(damaged)
        for asked in (machine.start, lambda: lifecycle.load(machine.home), lambda: lifecycle.status(machine.home)):
            with pytest.raises(ConfigurationError, match=r"stack.json is damaged; run `totelake down`"):
                asked()
        machine.down()
        assert machine.left() == []


def test_a_signal_waits_for_the_end_of_what_must_not_be_half_done() -> None:
    done = []
    with ending_as_ctrl_c() as came, pytest.raises(KeyboardInterrupt):
        with uninterrupted():
            with uninterrupted():
                interrupt()
                done.append("inner")
            done.append("outer")
        done.append("after")
    assert (done, came) == (["inner", "outer"], [signal.SIGTERM])


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_as_ctrl_c() as came, uninterrupted():
            signal.raise_signal(signal.SIGHUP)
        assert came == []
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_without_a_handler_acts_after_the_block() -> None:
    code = "import signal\nfrom totelake.stack.interrupts import uninterrupted\n"
    code += "with uninterrupted():\n signal.raise_signal(signal.SIGTERM)\n print('whole', flush=True)\nprint('not')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(Path(_STACK).parents[1])}
    )
    assert (done.stdout, done.returncode) == ("whole\n", -signal.SIGTERM)
