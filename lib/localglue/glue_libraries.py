"""The folder of `awsglue` that a job gets when the interpreter that runs it brings none of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess  # nosec B404 # an interpreter is a program
import threading
from pathlib import Path

from localglue.commands import SPARK
from localglue.environment import python_of_spark
from localglue.settings import Settings

PACKAGE = "localglue_awsglue"
"""The folder beside localglue that holds the package `awsglue`: who installs localglue does not find that itself."""
_PATIENCE = 60
_LOOK = (
    # without the folder in which localglue runs: what lies there is not the interpreter's
    "import sys; sys.path[:] = [one for one in sys.path if one]; "
    "import importlib.util; sys.exit(importlib.util.find_spec('awsglue') is None)"
)


def launched_python(settings: Settings, kind: str) -> str:
    """The interpreter that runs scripts of this kind of job."""
    return python_of_spark(settings) or "python3" if kind == SPARK else settings.python_shell


class GlueLibraries:
    """Which interpreters need the folder; each is asked once. Threads may share it."""

    def __init__(self) -> None:
        self._found: dict[str, bool] = {}
        self._lock = threading.Lock()

    def folders(self, python: str) -> list[Path]:
        """What goes to the end of a job's Python path: our `awsglue`, unless the interpreter has one."""
        with self._lock:
            if python not in self._found:
                self._found[python] = _has_its_own(python)
            return [] if self._found[python] else [our_folder()]


def our_folder() -> Path:
    """The folder with our `awsglue`."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise OSError(f"{PACKAGE} is not installed beside localglue; install localglue whole")
    return Path(next(iter(spec.submodule_search_locations)))


def _has_its_own(python: str) -> bool:
    """Whether the interpreter finds an `awsglue` without us. One that does not run finds none, and fails the job."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        looked = subprocess.run(  # nosec B603 # a fixed command, no shell
            [python, "-c", _LOOK], capture_output=True, check=False, env=variables, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return looked.returncode == 0
