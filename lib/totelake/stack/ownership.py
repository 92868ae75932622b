"""Which folder is a stack's: below another one nothing is made, ended or removed."""

from __future__ import annotations

import os
from pathlib import Path

from totelake.errors import ConfigurationError
from totelake.stack.private_files import remove_private, write_private

# it holds the folder's own path, so a copy of the folder is nobody's
_CLAIM = ".totelake-stack"


def claim(folder: Path, names: tuple[str, ...]) -> None:
    """Make a folder a stack's. Raises ConfigurationError when something of another has one of the stack's names."""
    if is_claimed(folder):
        return
    there = sorted(name for name in names if os.path.lexists(folder / name))
    if there:
        raise ConfigurationError(
            f"{folder} holds {', '.join(there)}, which no stack of this folder has made; "
            "move it away, or name another folder in TOTELAKE_HOME"
        )
    write_private(folder / _CLAIM, str(folder))


def is_claimed(folder: Path) -> bool:
    """Whether a stack made the folder its own."""
    try:
        return (folder / _CLAIM).read_bytes() == os.fsencode(folder)
    except OSError:
        return False


def release(folder: Path) -> None:
    """Make it nobody's again."""
    remove_private(folder / _CLAIM)
