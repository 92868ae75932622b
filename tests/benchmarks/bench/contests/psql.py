"""`\\copy` by psql: the least that PostgreSQL takes to give rows away or to take them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.bench.goals import Sample
from tests.benchmarks.bench.measure import PeerError, timed
from totelake.stack.postgres import find_binaries


def run_psql(dsn: str, lines: Sequence[str], work: Path) -> Sample:
    """Run lines in one psql, which ends at the first error. Raises PeerError when there is no psql, or it fails."""
    own = find_binaries() / "psql"
    program = str(own) if os.access(own, os.X_OK) else shutil.which("psql")
    if program is None:
        raise PeerError("psql is not on the PATH")
    script = work / "copy.sql"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [program, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(script), dsn]
    return timed(command, work / "psql.log", {"PGCLIENTENCODING": "UTF8"})
