"""Processes of the stack: started apart from the terminal, known by id and start time, ended with their children."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess  # nosec B404 # starting the stack's own servers is what this module is for
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

import psutil

from totelake.errors import ConfigurationError
from totelake.stack.interrupts import uninterrupted
from totelake.stack.model import HOST, Part
from totelake.stack.private_files import UMASK, private_folder

_READY_WITHIN = 60.0
_END_WITHIN = 15.0
_RUN_WITHIN = 300.0
_POLL = 0.05
_PROGRAMS, _MODULES = ("postgres", "initdb"), ("totelake.stack.aws_endpoint", "localglue", "localathena")
# what this very program started, whose exit it has to collect
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


class PortTakenError(ConfigurationError):
    """Another process has taken the port before the part of the stack could."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def usable_port(wanted: int | None, name: str) -> int:
    """The wanted port, else a free one. Raises ConfigurationError when the wanted one is taken."""
    if not wanted:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            raise PortTakenError(
                f"the port {wanted} for {name} is taken ({error.strerror}); name another one, or none for a free one"
            ) from None
    return wanted


def spawn(
    name: str, command: Sequence[str], port: int, log: Path, environment: Mapping[str, str], user: str | None = None
) -> Part:
    """Start a process in a session of its own, its output in a log file; what it makes is its user's alone."""
    private_folder(log.parent)
    options: dict[str, Any] = {"user": user, "group": _group_of(user), "extra_groups": []} if user else {}
    # a child that nobody knows of could not be ended
    with log.open("ab") as output, uninterrupted():
        log.chmod(0o600)
        process = subprocess.Popen(  # nosec B603 # a fixed command, no shell
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
            umask=UMASK,
            cwd="/" if user else None,
            **options,
        )
        _CHILDREN[process.pid] = process
    return Part(name, process.pid, psutil.Process(process.pid).create_time(), port)


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def is_alive(part: Part) -> bool:
    """Whether the process still runs; a zombie or another process with its id does not count."""
    try:
        process = psutil.Process(part.pid)
        return abs(process.create_time() - part.started) < 1 and _runs(process)
    except psutil.NoSuchProcess:
        return False


def wait_ready(part: Part, answers: Callable[[], bool], log: Path, within: float = _READY_WITHIN) -> None:
    """Wait until the part answers on its own port, where another process could answer, too.

    Raises ConfigurationError with the end of its log when it ends or does not answer, as PortTakenError when another
    process has its port.
    """
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not is_alive(part):
            _reap(part)
            raise _ended(part, log)
        if answers() and (not part.port or _listens(part)):
            return
        time.sleep(_POLL)
    raise ConfigurationError(f"{part.name} did not answer within {within:.0f} s ({_last_line(log)}); see {log}")


def _listens(part: Part) -> bool:
    """Whether it is the part itself that listens on its port."""
    try:
        found = psutil.Process(part.pid).net_connections("tcp")
    except psutil.NoSuchProcess:
        return False
    return any(item.status == psutil.CONN_LISTEN and item.laddr.port == part.port for item in found)


def _ended(part: Part, log: Path) -> ConfigurationError:
    said = f"{part.name} ended while it started ({_last_line(log)}); see {log}"
    try:
        usable_port(part.port, part.name)
    except PortTakenError:
        return PortTakenError(said)
    return ConfigurationError(said)


def end(part: Part, how: int = signal.SIGTERM) -> None:
    """End a part and all that it started; one that does not end in time is killed."""
    if not is_alive(part):
        _reap(part)
        return
    try:
        process = psutil.Process(part.pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:  # it has ended meanwhile
        _reap(part)
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(part.pid, how)
    _reap(part)
    for straggler in _left_after(family, _END_WITHIN):
        with contextlib.suppress(psutil.NoSuchProcess):
            straggler.kill()
    _left_after(family, _END_WITHIN)
    _reap(part)


def _left_after(family: Sequence[psutil.Process], within: float) -> list[psutil.Process]:
    """Those that still run after `within` seconds at most; a zombie has ended, whoever collects it or does not."""
    deadline = time.monotonic() + within
    while True:
        left = [process for process in family if _runs(process)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(_POLL)


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def end_leftovers(marks: Sequence[Sequence[str]]) -> int:
    """End the processes of the stack whose command line has the words of one of the marks beside each other; how many.

    A mark has to hold a path of the stack. Nothing else tells the servers of an `up` that was killed.
    """
    ended = 0
    for process in psutil.process_iter(["cmdline", "create_time"]):
        words = list(process.info["cmdline"] or ())
        if is_server(words) and any(_holds(words, mark) for mark in marks):
            end(Part("leftover", process.pid, process.info["create_time"], 0), signal.SIGINT)
            ended += 1
    return ended


def is_server(words: Sequence[str]) -> bool:
    """Whether a command line is one by which we start a server."""
    is_program = bool(words) and Path(words[0]).name in _PROGRAMS
    return is_program or (len(words) > 2 and words[1] == "-m" and words[2] in _MODULES)


def run_to_end(
    command: Sequence[str], environment: Mapping[str, str], user: str | None, within: float = _RUN_WITHIN
) -> tuple[int, str]:
    """Run a program with all that it starts; its exit status, and what it said on stderr.

    When we are interrupted it is ended first, with its children. Raises ConfigurationError when it does not end within
    so many seconds; it is ended then.
    """
    identity: dict[str, Any] = {"user": user, "extra_groups": []} if user else {}
    with uninterrupted():
        process = subprocess.Popen(  # nosec B603 # a fixed command, no shell
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=dict(environment),
            start_new_session=True,
            cwd="/",
            **identity,
        )
        _CHILDREN[process.pid] = process
    part = Part(command[0], process.pid, psutil.Process(process.pid).create_time(), 0)
    try:
        said = process.communicate(timeout=within)[1]
    except subprocess.TimeoutExpired:
        raise ConfigurationError(
            f"{command[0]} did not end within {within:.0f} s; see why it waits, or put another one first on the PATH"
        ) from None
    finally:
        with uninterrupted():
            end(part)
        if process.stderr:
            process.stderr.close()
    return process.returncode, said


def _holds(words: Sequence[str], mark: Sequence[str]) -> bool:
    return any(list(words[place : place + len(mark)]) == list(mark) for place in range(len(words)))


def _reap(part: Part) -> None:
    """Collect the exit of a process that this very program started; for others there is nothing to collect."""
    child = _CHILDREN.get(part.pid)
    if child is None:
        return
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(_END_WITHIN)
        del _CHILDREN[part.pid]


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.is_file() else []
    return lines[-1] if lines else "it said nothing"
