"""The interpreter for Python-shell jobs: Python 3.9 with Glue's `analytics` set when it is there, else our own."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def find_python_shell() -> Path:
    """TOTELAKE_PYTHON_SHELL, else `.venv-pyshell` beside our own environment, else the interpreter that runs us."""
    named = os.environ.get("TOTELAKE_PYTHON_SHELL")
    if named:
        return Path(named)
    beside = Path(sys.prefix).parent / ".venv-pyshell" / "bin" / "python"
    return beside if beside.is_file() else Path(sys.executable)
