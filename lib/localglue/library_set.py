"""What a Python-shell job may import: Glue's `analytics` set by its option, else the AWS CLI and botocore alone."""

from __future__ import annotations

import contextlib
import os
import subprocess  # nosec B404 # an interpreter is a program
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OPTION = "library-set"
"""The option's name in a job's arguments, alone without dashes: `--library-set` selects nothing on AWS."""
_WHOLE = "analytics"
_BASE = ("awscli", "botocore")
"""What Glue installs for Python 3.9 without a set. There is no boto3."""

# the top-level files of these distributions and of what they require, as the interpreter that runs the jobs finds them
_LIST = """
import importlib.metadata as m, re, sys
seen, waiting = set(), sys.argv[1:]
while waiting:
    name = waiting.pop().lower().replace("_", "-")
    if name in seen:
        continue
    seen.add(name)
    try:
        found = m.distribution(name)
    except m.PackageNotFoundError:
        continue
    for one in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
        print(found.locate_file(one))
    waiting += [re.match(r"[\\w.-]+", one).group() for one in found.requires or () if "extra ==" not in one]
"""

# `site` has put the interpreter's packages on the path before it imports this: only what localglue named stays
_CUSTOMIZE = """
import os, sys, sysconfig
named = [os.path.abspath(one) for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
def stays(one):
    whole = os.path.abspath(one)
    return whole in named or any(whole == s or os.path.dirname(whole) == s for s in standard) and not whole.endswith(
        ("site-packages", "dist-packages")) or whole.endswith(".zip")
sys.path[:] = [one for one in sys.path if not one or stays(one)]
sys.meta_path[:] = [one for one in sys.meta_path if not getattr(one, "__module__", "").startswith("__editable__")]
"""


def is_whole(job: Mapping[str, Any]) -> bool:
    """Whether the job's definition selects Glue's `analytics` set, which the interpreter has."""
    arguments = {**job.get("DefaultArguments", {}), **job.get("NonOverridableArguments", {})}
    return bool(arguments.get(OPTION) == _WHOLE)


def base_folder(interpreter: str, state: Path) -> Path:
    """A folder below `state` for PYTHONPATH: with it the interpreter has what a job without a set has, and no more.

    Raises OSError when the interpreter does not run.
    """
    folder = state / "base-library"
    done = folder / "sitecustomize.py"
    if done.exists():
        return folder
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    listed = subprocess.run(  # nosec B603 # a fixed command, no shell
        [interpreter, "-c", _LIST, *_BASE], capture_output=True, text=True, check=False, env=variables
    )
    if listed.returncode:
        raise OSError(f"{interpreter} cannot list its packages: {listed.stderr.strip()}")
    folder.mkdir(parents=True, exist_ok=True)
    for path in map(Path, listed.stdout.splitlines()):
        if path.exists():
            with contextlib.suppress(FileExistsError):  # two runs may start at once
                (folder / path.name).symlink_to(path)
    done.write_text(_CUSTOMIZE, encoding="utf-8")
    return folder
