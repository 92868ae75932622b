"""A page as a file: there whole, or not at all; and the pages that lie beside it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from totelake.errors import ConfigurationError

DASHBOARD, MONITOR, DICTIONARY = (
    Path("totelake-dashboard.html"), Path("totelake-monitor.html"), Path("totelake-docs") / "index.html",
)  # fmt: skip
"""Where each of our pages is written, unless another place is named."""
_TITLES = {DASHBOARD: "Business dashboard", MONITOR: "Run monitor", DICTIONARY: "Data dictionary"}
_FILE_MODE = 0o666


def replace(file: Path, text: str) -> int:
    """Put the text in the file's place at once, for readers see the old or the new one; the bytes of it.

    Raises ConfigurationError for what is no file, OSError where it cannot be written.
    """
    target = file.resolve()
    if target.exists() and not target.is_file():
        raise ConfigurationError(f"{file} is no file; name one with --output")
    content = text.encode()
    descriptor, part = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        os.chmod(part, _mode(target))
        os.replace(part, target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return len(content)


def beside(file: Path) -> list[tuple[str, str]]:
    """Title and relative address of each other page that lies in the same folder under the name that it has there."""
    return [
        (title, page.as_posix())
        for page, title in _TITLES.items()
        if page.name != file.name and (file.parent / page).is_file()
    ]


def _mode(target: Path) -> int:
    """That of the file which is replaced, else what the user's umask leaves."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return _FILE_MODE & ~mask
