"""The machine: programs, room, memory and limits. Nothing is started but what tells a version."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil

from totelake.doctor import programs
from totelake.doctor.finding import Finding, Look, examine
from totelake.runtime.outcome import Result, ok, problem, warning
from totelake.stack.model import HOST
from totelake.stack.spark import DRIVER_MEGABYTES

GROUP = "machine"
_MEGABYTE = 1024 * 1024
# an empty stack takes about 50 MB; PostgreSQL's log alone grows to 1 GB where much is written
_LEAST_ROOM, _ENOUGH_ROOM = 200, 2000
# beside Spark's driver: PostgreSQL, moto, localglue and a Python-shell job
_OTHER_MEGABYTES = 700
_LEAST_FILES, _ENOUGH_FILES = 256, 1024


def before_up(home: Path) -> list[Finding]:
    """All of the machine, for a stack in that folder."""
    return examine(
        GROUP,
        (
            *programs.CHECKS,
            ("home folder", partial(home_folder, home)),
            ("disk", partial(disk, home)),
            *_OF_RELEASE,
            ("memory", memory),
            ("open files", open_files),
            ("loopback", loopback),
        ),
    )


def before_deploy() -> list[Finding]:
    """What building a release needs."""
    return examine(GROUP, (("Python", programs.python), *_OF_RELEASE))


def home_folder(home: Path) -> Iterator[Result]:
    """Whether private files can be made, locked and replaced where the stack lives."""
    remedy = "name another folder in TOTELAKE_HOME"
    dangling = [place for place in (home, *home.parents) if place.is_symlink() and not place.exists()]
    if dangling:
        yield problem(f"{dangling[0]} is a symbolic link to nothing, and the stack would live in {home}", remedy)
        return
    place = _existing(home)
    if not place.is_dir():
        yield problem(f"{place} is no folder, and the stack would live in {home}", remedy)
        return
    try:
        with tempfile.TemporaryDirectory(prefix=".totelake-doctor-", dir=place) as made:
            Path(made).chmod(0o700)
            mode = Path(made).stat().st_mode & 0o777
            with (Path(made) / "lock").open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.replace(Path(made) / "lock", Path(made) / "replaced")
    except OSError as error:
        yield problem(f"nothing can be made in {place} ({error.strerror})", f"{remedy}, on a disk that can be written")
        return
    if mode != 0o700:
        yield problem(
            f"files in {place} cannot be closed to others (mode {mode:o}), as passwords have to be",
            f"{remedy}, on a disk that keeps the modes of files",
        )
    else:
        yield ok(f"{home} can be written and closed to others")


def disk(folder: Path) -> Iterator[Result]:
    """Room below a folder that is there or will be."""
    place = _existing(folder)
    free, nodes = shutil.disk_usage(place).free // _MEGABYTE, os.statvfs(place)
    remedy = f"make room on the disk of {place}, or name a folder on another one"
    if nodes.f_files and not nodes.f_favail:
        yield problem(f"no file can be made below {place}: its disk has no free inode", remedy)
    elif free < _LEAST_ROOM:
        yield problem(f"{free} MB are free below {place}, and {_LEAST_ROOM} are the least", remedy)
    elif free < _ENOUGH_ROOM:
        yield warning(f"{free:,} MB are free below {place}, which a larger business fills", remedy)
    else:
        yield ok(f"{free:,} MB free below {place}")


def temporary_folder() -> Iterator[Result]:
    """The folder for temporary files, and its room."""
    try:
        found = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        yield problem(f"there is no folder for temporary files ({error.strerror})", "set TMPDIR to one")
        return
    named = os.environ.get("TMPDIR")
    if named and Path(named).absolute() != found.absolute():
        yield warning(f"TMPDIR names {named}, where nothing can be made, so {found} is used", "correct or unset TMPDIR")
    yield from disk(found)


def memory(limits: Path = Path("/sys/fs/cgroup")) -> Iterator[Result]:
    """Memory for a Spark job beside the stack."""
    free = min(psutil.virtual_memory().available, _left_of_limit(limits)) // _MEGABYTE
    needed = DRIVER_MEGABYTES + _OTHER_MEGABYTES
    if free < needed:
        yield warning(
            f"{free:,} MB of memory are free, and a Spark job beside the stack takes up to {needed:,}",
            "end other programs, or give this machine or container more",
        )
    else:
        yield ok(f"{free:,} MB free, of which a Spark job beside the stack takes up to {needed:,}")


def _left_of_limit(folder: Path) -> int:
    """What a container's limit leaves, in bytes; without a limit more than any machine has."""
    try:
        limit, used, parts = ((folder / f"memory.{name}").read_text() for name in ("max", "current", "stat"))
    except OSError:
        return sys.maxsize
    # what files are held in memory for, and which is given back when it is needed
    kept = dict(line.split() for line in parts.splitlines()).get("inactive_file", "0")
    return sys.maxsize if limit.strip() == "max" else int(limit) - int(used) + int(kept)


def open_files() -> Iterator[Result]:
    """How many files a process may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    remedy = f"`ulimit -n {_ENOUGH_FILES}` before `totelake up`" + (
        "" if hard == resource.RLIM_INFINITY or hard >= _ENOUGH_FILES else f", whose hard limit {hard} root raises"
    )
    if soft == resource.RLIM_INFINITY or soft >= _ENOUGH_FILES:
        yield ok("no limit" if soft == resource.RLIM_INFINITY else f"up to {soft:,}")
    elif soft >= _LEAST_FILES:
        yield warning(f"a process may open {soft} files, which Spark and a busy endpoint may exceed", remedy)
    else:
        yield problem(f"a process may open {soft} files, and {_LEAST_FILES} are the least", remedy)


def loopback() -> Iterator[Result]:
    """Whether servers can listen on this machine's own address."""
    try:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            probe.listen()
    except OSError as error:
        yield problem(
            f"no server can listen on {HOST} ({error.strerror})",
            "bring the loopback interface up (`ip link set lo up`), and let the sandbox allow it",
        )
        return
    yield ok(f"servers can listen on {HOST}")


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(place for place in (path, *path.parents) if place.exists())


_OF_RELEASE: tuple[tuple[str, Look], ...] = (("temporary files", temporary_folder),)
