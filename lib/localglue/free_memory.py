"""The memory that is free: of the machine, or of the container whose limit is smaller."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")


def free_memory(limits: Path = CGROUP) -> int:
    """In bytes; `limits` is the folder with a container's, as version 2 of cgroups has it."""
    return min(int(psutil.virtual_memory().available), _left_of_limit(limits))


def _left_of_limit(folder: Path) -> int:
    """What a container's limit leaves, in bytes; without a limit more than any machine has."""
    try:
        limit, used, parts = ((folder / f"memory.{name}").read_text() for name in ("max", "current", "stat"))
    except OSError:
        return sys.maxsize
    # what files are held in memory for, and which is given back when it is needed
    kept = dict(line.split() for line in parts.splitlines()).get("inactive_file", "0")
    return sys.maxsize if limit.strip() == "max" else int(limit) - int(used) + int(kept)
