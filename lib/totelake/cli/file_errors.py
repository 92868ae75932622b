"""What the operating system says of files and disks, as a sentence with the remedy."""

from __future__ import annotations

import errno
import getpass
import os
import shutil
from pathlib import Path

from totelake.stack.model import default_home

_ANOTHER = "name a folder elsewhere in TOTELAKE_HOME, for what is temporary in TMPDIR"
_REMEDIES = {
    errno.ENOSPC: f"free space on that disk, or {_ANOTHER}",
    errno.EDQUOT: f"free some of your quota, or {_ANOTHER}",
    errno.EROFS: f"that disk is read-only: {_ANOTHER}",
    errno.EMFILE: "allow more open files (`ulimit -n`)",
    errno.ENFILE: "the machine has too many open files; end other programs",
    errno.ENOMEM: "the machine's memory is used up; end other programs",
}
_CLOSED = (errno.EACCES, errno.EPERM)
_FULL = (errno.ENOSPC, errno.EDQUOT)
# what is left on a disk that is as good as full
_LITTLE = 1 << 20


def told(error: OSError) -> str:
    """What is wrong, where, and what to do."""
    what = error.strerror or " ".join(str(error).split())
    where = error.filename if error.filename is not None else _full_disk() if error.errno in _FULL else None
    if isinstance(where, bytes):
        where = os.fsdecode(where)
    if "No usable temporary directory" in what:
        return f"no folder for temporary files can be written: {', '.join(_temporary(what))}; name one in TMPDIR"
    if error.errno in _CLOSED:
        remedy = f"it is closed to the user {_user()}: open it, or {_ANOTHER}"
    elif where is None and error.errno in _FULL:
        remedy = "free space where the output goes"
    else:
        remedy = _REMEDIES.get(error.errno or 0, "see that the file can be used")
    return f"{where}: {what}; {remedy}" if where is not None else f"{what}; {remedy}"


def _full_disk() -> str | None:
    """The folders of ours that lie on a full disk: a write that fails does not name its file."""
    temporary = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108  # nosec B108
    found = [str(folder) for folder in (default_home(), temporary) if _is_full(folder)]
    return ", ".join(found) or None


def _is_full(folder: Path) -> bool:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free < _LITTLE


def _temporary(said: str) -> list[str]:
    """The folders that Python has tried; it names them in its message alone."""
    return [word.strip(" '\"") for word in said.partition("[")[2].partition("]")[0].split(",")]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return str(os.geteuid())
