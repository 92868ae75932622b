"""Terraform for one environment: a state, variables and working data of its own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from totelake.errors import ConfigurationError
from totelake.stack.interrupts import run_to_its_end


@dataclass(frozen=True)
class Resource:
    """A resource that Terraform has made: its address in the configuration, its type and its values."""

    address: str
    type: str
    values: Mapping[str, Any]


_AGREED = ("-input=false", "-auto-approve")


class Terraform:
    """Terraform in its folder. Raises ConfigurationError when it is not installed or has no such environment.

    A signal interrupts Terraform once, and takes effect when Terraform has written its state and ended.
    """

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
        return {name: item["value"] for name, item in self._read("output", "-json").items()}

    def resources(self) -> list[Resource]:
        """What the state has: the resources that Terraform manages, of all modules; none before the first time."""
        return list(_resources(self._read("show", "-json").get("values", {}).get("root_module", {})))

    def forget(self, addresses: Sequence[str]) -> None:
        """Take resources out of the state and leave them as they are."""
        if addresses:
            self._run("state", "rm", *addresses)

    def destroy(self, is_agreed: bool, *more: str) -> None:
        """Destroy; asks before it does unless that is agreed."""
        self._run("destroy", self._file(), *(_AGREED if is_agreed else ()), *more)

    def apply(self, is_agreed: bool, *more: str) -> None:
        """Apply; asks before it does unless that is agreed."""
        self._run("apply", self._file(), *(_AGREED if is_agreed else ()), *more)

    def _file(self) -> str:
        return f"-var-file=environments/{self._environment}.tfvars"

    def _read(self, *words: str) -> Any:
        return json.loads(self._done(words, is_read=True))

    def _run(self, *words: str) -> None:
        self._done(words, is_read=False)

    def _done(self, words: Sequence[str], is_read: bool) -> bytes:
        status, output = run_to_its_end([*self._command, *words], self._variables, is_read)
        if status:
            raise ConfigurationError(f"terraform {words[0]} failed with {status}; see what it wrote")
        return output


def _resources(module: Mapping[str, Any]) -> Iterator[Resource]:
    for one in module.get("resources", ()):
        if one["mode"] == "managed":
            yield Resource(one["address"], one["type"], one["values"])
    for child in module.get("child_modules", ()):
        yield from _resources(child)
