"""Files and folders of the stack that nobody but its user may read, whatever the umask is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from totelake.errors import ConfigurationError
from totelake.stack.interrupts import uninterrupted

# for processes that make files of their own
UMASK = 0o077
_FOLDER, _FILE = 0o700, 0o600
_LOCK = "up.lock"


def private_home(home: Path) -> Path:
    """The stack's folder, made when it is not there; one that is there keeps its mode, for it may hold other things."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=_FOLDER)
    return home


def private_folder(path: Path) -> Path:
    """A folder of the stack's own, made when it is not there and closed to others."""
    path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    path.chmod(_FOLDER)
    return path


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner may read; who reads meanwhile sees the former one or the new one, whole."""
    with uninterrupted():
        descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
            os.replace(fresh, path)
        except BaseException as error:
            os.unlink(fresh)
            if isinstance(error, OSError):
                error.filename = error.filename or str(path)  # a disk that is full names none
            raise
    return path


def remove_private(path: Path) -> None:
    """Remove such a file, and what a program that was killed while it wrote has left beside it."""
    for found in (path, *path.parent.glob(f".{path.name}.*")):
        found.unlink(missing_ok=True)


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Nobody else starts or ends the stack in this folder while the block runs.

    Raises ConfigurationError when somebody does.
    """
    descriptor = _locked(home)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # whoever finds it can take it
            (home / _LOCK).unlink()
        os.close(descriptor)


def _locked(home: Path) -> int:
    """The descriptor of the folder's lock. Raises ConfigurationError when another process has it."""
    while True:
        descriptor = os.open(home / _LOCK, os.O_WRONLY | os.O_CREAT, _FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is(descriptor, home / _LOCK):
                return descriptor
        except BaseException as error:
            os.close(descriptor)
            if not isinstance(error, BlockingIOError):
                raise
            raise ConfigurationError(
                f"another `totelake up` or `totelake down` is at work in {home}; "
                "wait for its end, then see `totelake status`"
            ) from None
        os.close(descriptor)  # who had it before has removed it meanwhile


def _is(descriptor: int, path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False
