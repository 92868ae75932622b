"""A clone of the repository as somebody edits and deploys it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


class Clone:
    """What a deploy takes of the repository, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("lib", "glue_jobs", "catalog", "requirements"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        shutil.copy(ROOT / "setup.py", folder)

    def edit(self, name: str, before: str, after: str) -> None:
        """One place of a file in other words."""
        file = self._folder / name
        text = file.read_text(encoding="utf-8")
        assert text.count(before) == 1
        file.write_text(text.replace(before, after), encoding="utf-8")

    def run(self, *words: str) -> int:
        """The exit status of `totelake ...` of this clone."""
        command = [sys.executable, "-m", "totelake.cli.main", *words]
        environment = {**os.environ, "PYTHONPATH": str(self._folder / "lib")}
        return subprocess.run(command, env=environment, check=False).returncode
