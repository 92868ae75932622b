"""A file of any size is taken in bounded memory: in `make soak` it has 2 GB, else a twentieth of that."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.faults.conftest import SOAK
from tests.integration.feeds.conftest import TABLE, Files
from totelake.lake.records.batch import Bookmark

pytestmark = pytest.mark.integration
WHOLE_CATALOG = True
RECORDS = 1_080_000 if SOAK else 54_000
# of each record; its end is white space, as of files with columns of a fixed width
BYTES = 2000
# what a run takes beyond what it had when it began; the file alone has 108 MB, or 2 GB
MOST_MEGABYTES = 400 if SOAK else 190
_JOB = """
import re, sys
from pathlib import Path
from tests.integration.feeds.conftest import Files

def peak():
    # of this program alone; what getrusage tells begins with the memory of the process that started it
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text()).group(1)) // 1024

files = Files(sys.argv[1])
assert files.look()
before = peak()
assert files.run() is not None
print(peak() - before)
"""


def array() -> Iterator[bytes]:
    """The file, a thousand records at once."""
    for begin in range(0, RECORDS, 1000):
        records = (
            f'{{"month": "2026-01-01", "department": "D{number}", "currency": "GBP", "amount": {number}.25}}'
            for number in range(begin, begin + 1000)
        )
        yield (b",\n" if begin else b"[") + b",\n".join(record.ljust(BYTES - 2).encode() for record in records)
    yield b"]\n"


def test_a_file_of_any_size_is_taken_in_bounded_memory(aws: str, tmp_path: Path) -> None:
    files, path = Files(), tmp_path / "all.json"
    with path.open("wb") as file:
        file.writelines(array())
    files.s3.upload_file(str(path), files.bucket, f"{TABLE}/all.json")
    path.unlink()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'lib'}", "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-c", _JOB, files.prefix]
    done = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) < MOST_MEGABYTES
    bookmark = Bookmark.of(files.log.newest())
    assert bookmark.tables[TABLE].keys == RECORDS
    assert files.look().news == ""
