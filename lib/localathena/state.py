"""The folder of results and fetched objects: one process has it, and nothing in it that is not its own is removed."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

_MARK = ".localathena"
_RESULTS, _OBJECTS, _WRITING = "results", "objects", "writing-"


class State:
    """A folder that localathena has for itself for as long as it is not closed.

    What an earlier process left there is removed. Raises ValueError for a folder that another process has, or that
    has files and was not made by localathena.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        mark = folder / _MARK
        if not mark.is_file() and any(folder.iterdir()):
            raise ValueError(f"{folder} has files that are not localathena's; name an empty folder by --state")
        self._lock = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise ValueError(f"another localathena uses {folder}; stop it, or name another by --state") from error
        self.results = folder / _RESULTS
        for path in (self.results, folder / _OBJECTS, *folder.glob(f"{_WRITING}*")):
            shutil.rmtree(path, ignore_errors=True)
        self.results.mkdir(mode=0o700)

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._lock)
