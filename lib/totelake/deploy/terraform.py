"""Terraform for one environment: a state, variables and working data of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess  # nosec B404 # terraform is a program
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from totelake.errors import ConfigurationError


class Terraform:
    """Terraform in its folder. Raises ConfigurationError when it is not installed or has no such environment."""

    def __init__(self, folder: Path, environment: str) -> None:
        if not (folder / "environments" / f"{environment}.tfvars").is_file():
            known = sorted(path.stem for path in (folder / "environments").glob("*.tfvars"))
            raise ConfigurationError(
                f"there is no environment {environment}; terraform/environments has {', '.join(known) or 'none'}"
            )
        backend = folder / "environments" / f"{environment}.s3.tfbackend"
        if not backend.is_file():
            raise ConfigurationError(
                f"{backend} is not there, so nobody knows where the state of {environment} is; "
                "write it as docs/deployment.md says"
            )
        program = shutil.which("terraform")
        if program is None:
            raise ConfigurationError(
                "terraform is not installed; see https://developer.hashicorp.com/terraform/install"
            )
        self.folder, self._environment = folder, environment
        self._command = [program, f"-chdir={folder}"]
        self._variables = {**os.environ, "TF_DATA_DIR": f".terraform-{environment}", "TF_IN_AUTOMATION": "1"}

    def init(self) -> None:
        """Connect to the environment's own state."""
        self._run(
            "init", "-input=false", "-reconfigure", f"-backend-config=environments/{self._environment}.s3.tfbackend"
        )

    def outputs(self) -> Mapping[str, Any]:
        """The outputs of what is applied; none before the first time."""
        done = subprocess.run(  # nosec B603 # a fixed command, no shell
            [*self._command, "output", "-json"], env=self._variables, stdout=subprocess.PIPE, check=False
        )
        if done.returncode:
            raise ConfigurationError(f"terraform output failed with {done.returncode}; see what it wrote")
        return {name: item["value"] for name, item in json.loads(done.stdout).items()}

    def apply(self, is_agreed: bool, *more: str) -> None:
        """Apply; asks before it does unless that is agreed."""
        self._run("apply", self._file(), *(["-input=false", "-auto-approve"] if is_agreed else []), *more)

    def _file(self) -> str:
        return f"-var-file=environments/{self._environment}.tfvars"

    def _run(self, *words: str) -> None:
        done = subprocess.run([*self._command, *words], env=self._variables, check=False)  # nosec B603 # as above
        if done.returncode:
            raise ConfigurationError(f"terraform {words[0]} failed with {done.returncode}; see what it wrote")
