"""Which wheels an interpreter can use, told by their names."""

from __future__ import annotations

import platform
import sys


def runs_here(name: str) -> bool:
    """Whether a wheel runs on this interpreter and machine, which are those of Spark jobs; other files always do."""
    is_glibc = platform.libc_ver()[0] == "glibc"
    return runs_on(name, f"cp{sys.version_info.major}{sys.version_info.minor}", platform.machine() if is_glibc else "")


def runs_on(name: str, python: str, machine: str) -> bool:
    """Whether a wheel runs on an interpreter, such as cp311, on Linux with glibc on a machine, such as x86_64."""
    if not name.endswith(".whl"):
        return True
    tag, abi, platforms = name[: -len(".whl")].rsplit("-", 3)[1:]
    if (abi, platforms) == ("none", "any"):
        return True
    return tag == python and any(
        found.startswith("manylinux") and found.endswith(f"_{machine}") for found in platforms.split(".") if machine
    )
