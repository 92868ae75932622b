"""`up` on disks that are full or read-only, played by a small tmpfs that only the command sees."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.integration

_MOUNT = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'


@pytest.fixture
def disk() -> Iterator[Path]:
    """Where a disk can be mounted, open to the server's user; skipped where the system lets nobody do that."""
    with tempfile.TemporaryDirectory(prefix="totelake-disk-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        done = on_disk(folder, "size=1m", ["true"])
        if done.returncode:
            pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
        yield folder


def on_disk(folder: Path, options: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command that sees another disk in the folder, and has its home and its temporary files there."""
    own = {"TOTELAKE_HOME": str(folder / "home"), "TMPDIR": str(folder), "PYTHONPATH": str(ROOT / "lib")}
    words = ["unshare", "--mount", "sh", "-c", _MOUNT, "sh", options, str(folder), *command]
    return subprocess.run(words, capture_output=True, text=True, env={**os.environ, **own}, check=False)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("size=4k", "No space left on device; free space on that disk"),
        ("size=1m", "No space left on device; free space on its disk"),
        ("size=24m", "No space left on device; free space on its disk"),
        ("ro", "Read-only file system; that disk is read-only: name a folder elsewhere in TOTELAKE_HOME"),
    ],
)
def test_up_that_meets_the_end_of_a_disk_says_so_and_leaves_nothing(disk: Path, options: str, why: str) -> None:
    # as if the disk had become full after the quick checks
    refused(disk, options, why, "stack.refuse = lambda *_: None; ")


@pytest.mark.parametrize(
    ("options", "why"),
    [("size=24m", "24 MB are free below"), ("ro", "nothing can be made in"), ("size=1m", "1 MB are free below")],
)
def test_up_looks_at_the_disk_before_it_starts_anything(disk: Path, options: str, why: str) -> None:
    refused(disk, options, why, "")


def refused(disk: Path, options: str, why: str, before: str) -> None:
    """Run `up` on such a disk: one sentence, nothing left."""
    code = f"import os, sys; from totelake.cli import main, stack; {before}status = main.main(['up']); "
    code += "print(sorted(os.listdir(os.environ['TMPDIR']))); sys.exit(status)"
    done = on_disk(disk, options, [sys.executable, "-c", code])
    told = done.stderr.splitlines()[-1]
    assert done.returncode == 1, done.stderr
    assert told.startswith("totelake: ") and why in told and str(disk) in told
    assert "Traceback" not in done.stderr
    assert done.stdout.strip() in ("[]", "['home']")
    assert not [item for item in psutil.process_iter(["cmdline"]) if str(disk) in " ".join(item.info["cmdline"] or ())]
