"""Processes that should be gone: SIGKILL takes a moment to end those that nobody here can wait for."""

from __future__ import annotations

import time

import psutil


def ends(pid: int, within: float = 10.0) -> bool:
    """Whether the process is gone, or waits only for its parent to read its status, within so many seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
