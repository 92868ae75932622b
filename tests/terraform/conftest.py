"""Terraform without a network: a copy of the configuration, initialised once with stand-ins for the AWS provider."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

RELEASE: dict[str, Any] = {
    "id": "0123456789abcdef",
    "wheel": "totelake-1.0.0-py3-none-any.whl",
    "libraries": ["iso4217-1.0-py3-none-any.whl"],
    "jars": ["postgresql-42.7.7.jar"],
    "compiled": [
        f"psycopg2_binary-2.9.13-{tag}-{tag}-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
        for tag in ("cp311", "cp313")
    ],
}
NAME, ACCOUNT, REGION = "parity-dev", "123456789012", "eu-west-2"


@dataclass(frozen=True)
class Terraform:
    """A command and the folder of an initialised configuration."""

    command: str
    folder: Path

    def run(self, *words: str) -> str:
        """What a command printed. Fails the test with it when the command does."""
        done = subprocess.run([self.command, *words], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"terraform {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def offline() -> str:
    """The command that runs Terraform with stand-in providers; the tests that need it are skipped without it."""
    for tool in ("terraform", "go"):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no `{tool}` to check the configuration with")
    named = os.environ.get("TOTELAKE_TERRAFORM_OFFLINE")
    command = Path(named) if named else ROOT.parent / "shared" / "tools" / "terraform-offline" / "terraform-offline"
    if not command.is_file():
        pytest.skip(f"there is no {command}; name a Terraform with stand-in providers by TOTELAKE_TERRAFORM_OFFLINE")
    return str(command)


def initialised(folder: Path, module: str = "") -> Terraform:
    """A copy of the configuration with what it reads beside it, so that nothing is written to the repository."""
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.auto.tfvars.json")
    shutil.copytree(ROOT / "terraform", folder / "terraform", ignore=ignored)
    shutil.copytree(ROOT / "catalog", folder / "catalog")
    root = folder / "terraform" / module
    (root / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    terraform = Terraform(offline(), root)
    terraform.run("init", "-input=false", "-no-color")
    return terraform


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """The root module, initialised."""
    offline()
    yield initialised(tmp_path_factory.mktemp("terraform"))


def plan_of(terraform: Terraform) -> list[dict[str, Any]]:
    """Every resource of a plan, with its values."""
    variables = {"name": NAME, "region": REGION, "release": RELEASE, "schedules_enabled": True}
    (terraform.folder / "deployment.tfvars.json").write_text(json.dumps(variables))
    terraform.run("plan", "-input=false", "-no-color", "-var-file=deployment.tfvars.json", "-out=plan")
    root = json.loads(terraform.run("show", "-json", "plan"))["planned_values"]["root_module"]
    return [resource for module in root["child_modules"] for resource in module["resources"]]


@pytest.fixture(scope="session")
def planned(terraform: Terraform) -> list[dict[str, Any]]:
    """What is planned for this repository's pipeline.yaml."""
    return plan_of(terraform)


def other_words(old: str, new: str) -> Callable[[Path], None]:
    """Other words in pipeline.yaml."""

    def change(catalog_folder: Path) -> None:
        file = catalog_folder / "pipeline.yaml"
        before = file.read_text()
        assert old in before
        file.write_text(before.replace(old, new))

    return change
