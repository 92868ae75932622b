"""The stack's processes: told by id and start time, ended alone, ports never shared."""

from __future__ import annotations

import dataclasses
import os
import socket
import sys
from pathlib import Path

import psutil
import pytest

from tests.process_ends import ends
from totelake.errors import ConfigurationError
from totelake.stack import processes
from totelake.stack.model import Part

_SLEEP = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second for what does not end by itself; where it runs out is what is tested, not how long it is."""
    monkeypatch.setattr(processes, "_END_WITHIN", 1.0)


def start(tmp_path: Path, command: list[str] | None = None) -> Part:
    return processes.spawn("sleeper", command or _SLEEP, 0, tmp_path / "log" / "sleeper.log", os.environ)


def test_a_started_process_is_alive_until_it_is_ended(tmp_path: Path) -> None:
    part = start(tmp_path)
    assert processes.is_alive(part)
    processes.end(part)
    assert not processes.is_alive(part)
    processes.end(part)


def test_a_later_process_with_the_same_id_is_not_ours(tmp_path: Path) -> None:
    part = start(tmp_path)
    stranger = dataclasses.replace(part, started=part.started - 100)
    assert not processes.is_alive(stranger)
    processes.end(stranger)
    assert processes.is_alive(part)
    processes.end(part)


def test_what_a_part_started_ends_with_it(tmp_path: Path) -> None:
    code = f"import subprocess, sys; p = subprocess.Popen({_SLEEP!r}); print(p.pid, flush=True); p.wait()"
    part = start(tmp_path, [sys.executable, "-c", code])
    log = tmp_path / "log" / "sleeper.log"
    processes.wait_ready(part, lambda: log.read_text().strip() != "", log)
    child = int(log.read_text().split()[0])
    started = Part("child", child, psutil.Process(child).create_time(), 0)
    assert processes.is_alive(started)
    processes.end(part)
    assert not processes.is_alive(started)


def test_a_part_that_ends_while_it_starts_is_told_with_its_last_words(tmp_path: Path) -> None:
    part = start(tmp_path, [sys.executable, "-c", "print('no room'); raise SystemExit(1)"])
    with pytest.raises(ConfigurationError, match=r"sleeper ended while it started \(no room\); see .*sleeper.log"):
        processes.wait_ready(part, lambda: False, tmp_path / "log" / "sleeper.log")


def test_a_part_that_does_not_answer_is_told(tmp_path: Path) -> None:
    part = start(tmp_path)
    with pytest.raises(ConfigurationError, match="sleeper did not answer within 0 s"):
        processes.wait_ready(part, lambda: False, tmp_path / "log" / "sleeper.log", within=0.2)
    processes.end(part)


def test_a_program_that_does_not_end_is_ended_and_told(tmp_path: Path) -> None:
    program = tmp_path / "initdb"
    program.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\nexec sleep 600\n")
    program.chmod(0o755)
    with pytest.raises(ConfigurationError, match=f"{program} did not end within 1 s; see why it waits"):
        processes.run_to_end([str(program)], {"PATH": os.environ["PATH"]}, None, within=1.0)
    assert ends(int((tmp_path / "pid").read_text()))


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"the port {port} for moto is taken"):
            processes.usable_port(port, "moto")
    assert processes.usable_port(port, "moto") == port
    assert processes.usable_port(None, "moto") > 0
