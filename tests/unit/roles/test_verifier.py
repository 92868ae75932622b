"""The password's verifier, and the commands of docs/operations.md that use it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from tests.conftest import ROOT
from totelake.errors import ConfigurationError
from totelake.roles.verifier import verifier

# of RFC 7677: the password `pencil`, its salt, 4096 iterations; the keys as PostgreSQL would keep them
_SALT = "W22ZaJ0SNY7soEsUEjb6gQ=="
_OF_PENCIL = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
# each program notes that it ran; what it is told to fail at, it fails at
STAND_IN = """#!/bin/sh
echo "$(basename "$0") $1 $2" >> "$CALLS"
case "$*" in *file://*) ls -l "${6#file://}" >> "$CALLS"; cat "${6#file://}" >> "$CALLS";; esac
test "$(basename "$0") $1" != "$FAILING"
"""
PROGRAMS = ("curl", "aws", "psql")


def test_it_is_the_one_that_postgresql_would_reckon() -> None:
    assert verifier("pencil", b64decode(_SALT)) == f"SCRAM-SHA-256$4096:{_SALT}${_OF_PENCIL}"
    assert verifier("pencil") != verifier("pencil")


@pytest.mark.parametrize("password", ["", "naïve", "a\nb", "\x7f"])
def test_a_password_that_clients_may_normalise_otherwise_is_refused(password: str) -> None:
    with pytest.raises(ConfigurationError, match="TOTELAKE_PASSWORD is empty, or has characters"):
        verifier(password)


def documented() -> str:
    """The commands that make a role and give its secret a value."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return re.search(r"^## Databases and their secrets$.*?^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]  # type: ignore[index]


def run(folder: Path, failing: str) -> tuple[list[str], int]:
    """What the documented commands called, and the files that they left in the folder for temporary ones."""
    programs, temporary, calls = folder / "bin", folder / "tmp", folder / "calls"
    programs.mkdir()
    temporary.mkdir()
    for name in PROGRAMS:
        (programs / name).write_text(STAND_IN)
        (programs / name).chmod(0o755)
    if failing.startswith("python"):
        shutil.copy(programs / "psql", programs / "python")
    else:
        (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (programs / "python").chmod(0o755)
    variables = {"CALLS": str(calls), "FAILING": failing, "TMPDIR": str(temporary), "TOTELAKE_PREFIX": "lake-dev"}
    variables |= {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "lib")}
    variables |= {"TOTELAKE_ARTIFACTS_BUCKET": "b", "TOTESYS_ADMIN_DSN": "dbname=totesys"}
    subprocess.run(["bash", "-c", documented()], cwd=folder, env=variables, capture_output=True, check=False)
    return calls.read_text().splitlines(), len(list(temporary.iterdir()))


def test_the_documented_commands_leave_the_password_in_the_secret_alone(tmp_path: Path) -> None:
    calls, left = run(tmp_path, "")
    assert [call for call in calls if call.startswith(PROGRAMS)] == [
        "curl --fail --remote-name",
        "aws s3 cp",
        "psql --set=role=totelake_reader --set=database=totesys",
        "aws secretsmanager put-secret-value",
    ]
    assert [call[:10] for call in calls if call.startswith("-")] == [stat.filemode(0o100600)]
    assert '"username": "totelake_reader"' in "".join(calls) and left == 0


@pytest.mark.parametrize("failing", ["python -m", "curl --fail", "aws s3", "psql --set=role=totelake_reader"])
def test_a_documented_command_that_fails_leaves_the_secret_as_it_is(tmp_path: Path, failing: str) -> None:
    calls, left = run(tmp_path, failing)
    assert calls[-1].startswith(failing) and left == 0
