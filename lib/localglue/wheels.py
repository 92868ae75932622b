"""Decides from a wheel's name whether an interpreter can use it."""

from __future__ import annotations

import platform
import sys


def runs_here(name: str) -> bool:
    """Whether a wheel runs on this interpreter and machine, which Spark jobs use too. True for any other file."""
    is_glibc = platform.libc_ver()[0] == "glibc"
    return runs_on(name, f"cp{sys.version_info.major}{sys.version_info.minor}", platform.machine() if is_glibc else "")


def runs_on(name: str, python: str, machine: str) -> bool:
    """Whether a wheel runs on an interpreter such as cp311 and a machine such as x86_64, on Linux with glibc."""
    if not name.endswith(".whl"):
        return True
    tag, abi, platforms = name[: -len(".whl")].rsplit("-", 3)[1:]
    if (abi, platforms) == ("none", "any"):
        return True
    return tag == python and any(
        found.startswith("manylinux") and found.endswith(f"_{machine}") for found in platforms.split(".") if machine
    )
