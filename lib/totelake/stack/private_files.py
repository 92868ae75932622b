"""Files and folders of the stack that nobody but its user may read, whatever the umask is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from totelake.errors import ConfigurationError

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
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise
    return path


@contextlib.contextmanager
def starting_alone(home: Path) -> Iterator[None]:
    """Nobody else starts a stack in this folder while the block runs. Raises ConfigurationError when somebody does."""
    descriptor = os.open(home / _LOCK, os.O_WRONLY | os.O_CREAT, _FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"another `totelake up` is starting a stack in {home}; wait for its end, then see `totelake status`"
            ) from None
        yield
    finally:
        os.close(descriptor)
