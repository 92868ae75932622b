"""A clone of the repository as somebody edits and deploys it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from totelake.contracts.documents import checkout_folder


class Clone:
    """What a deploy takes of the repository, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("lib", "glue_jobs", "requirements"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        # the catalog that the test is about, as its stack has it
        shutil.copytree(checkout_folder(), folder / "catalog")
        shutil.copy(ROOT / "setup.py", folder)

    def edit(self, name: str, before: str, after: str) -> None:
        """One place of a file in other words."""
        file = self._folder / name
        text = file.read_text(encoding="utf-8")
        assert text.count(before) == 1
        file.write_text(text.replace(before, after), encoding="utf-8")

    @property
    def catalog(self) -> Path:
        """Its folder catalog/."""
        return self._folder / "catalog"

    def run(self, *words: str) -> int:
        """The exit status of `totelake ...` of this clone."""
        return subprocess.run(self._command(words), env=self._environment, check=False).returncode

    def says(self, *words: str) -> tuple[int, Any]:
        """The exit status of `totelake ... --json`, and its document."""
        given = self._command((*words, "--json"))
        done = subprocess.run(given, env=self._environment, stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else None

    def _command(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "totelake.cli.main", *words]

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self._folder / "lib")}
