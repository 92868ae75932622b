"""Processes that outlived the localglue that had started them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from localglue.documents import Document

_PROCESSES = Path("/proc")
_GONE_WITHIN = 10.0
_POLL = 0.02


def birth_of(pid: int) -> str | None:
    """When the process was started, as the kernel counts; None when that cannot be told, or there is none."""
    found = _status(_PROCESSES / str(pid))
    return found[19] if found else None


def _status(process: Path) -> list[str]:
    """What the kernel tells of a process, from its state on; nothing when there is none."""
    try:
        return (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def end_orphan(pid: int | None, birth: str | None) -> bool:
    """End the process group that a run has left, if the process is the very same; whether it was ended."""
    if pid is None or birth is None or birth_of(pid) != birth:
        return False
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_orphans(runs: Sequence[Document]) -> list[Document]:
    """End what these runs have left and wait until it is gone; the runs of which something lives on."""
    left = [run for run in runs if run.get("Birth") and birth_of(run["Pid"]) == run["Birth"]]
    for run in left:
        end_orphan(run["Pid"], run["Birth"])
    deadline = time.monotonic() + _GONE_WITHIN
    while (left := [run for run in left if _group_lives(run["Pid"])]) and time.monotonic() < deadline:
        time.sleep(_POLL)
    return left


def _group_lives(pid: int) -> bool:
    """Whether a process of the group still runs; one that only waits to be collected does not."""
    found = (_status(process) for process in _PROCESSES.glob("[0-9]*"))
    return any(status[2] == str(pid) and status[0] != "Z" for status in found if status)
