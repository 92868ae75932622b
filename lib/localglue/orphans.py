"""Orphans: job processes that go on after the localglue that started them has died."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from localapi.documents import Document

_PROCESSES = Path("/proc")
_END_TIMEOUT = 10.0
"""Seconds to wait for killed processes to end."""
_POLL = 0.02


def start_time_of(pid: int) -> str | None:
    """The process's start time in clock ticks since boot; None if there is no such process, or no /proc."""
    found = _status(_PROCESSES / str(pid))
    return found[19] if found else None


def _status(process: Path) -> list[str]:
    """The fields of the process's /proc/PID/stat from its state on; empty if there is no such process."""
    try:
        return (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def end_orphan(pid: int | None, start_time: str | None) -> bool:
    """Kill a run's process group. Returns False if its process has ended, or the pid is another process's by now."""
    if pid is None or start_time is None or start_time_of(pid) != start_time:
        return False
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_orphans(runs: Sequence[Document]) -> list[Document]:
    """Kill the process groups of these runs and wait for their end. Returns the runs that still have a process."""
    left = [run for run in runs if run.get("Birth") and start_time_of(run["Pid"]) == run["Birth"]]
    for run in left:
        end_orphan(run["Pid"], run["Birth"])
    deadline = time.monotonic() + _END_TIMEOUT
    while (left := [run for run in left if _is_group_alive(run["Pid"])]) and time.monotonic() < deadline:
        time.sleep(_POLL)
    return left


def _is_group_alive(pid: int) -> bool:
    """Whether a process of the group still runs; a zombie does not count."""
    found = (_status(process) for process in _PROCESSES.glob("[0-9]*"))
    return any(status[2] == str(pid) and status[0] != "Z" for status in found if status)
