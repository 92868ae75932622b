"""A copy of the repository, deployed by Terraform's real AWS provider to a stack of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, SOURCE
from totelake.stack.lifecycle import client
from totelake.stack.model import LOADER, READER, WAREHOUSE, Stack

PROVIDER = Path("registry.terraform.io", "hashicorp", "aws")
NAME, ENVIRONMENT, STATES = "totelake-real", "real", "terraform-states"
COPIED = ("terraform", "catalog", "glue_jobs", "lib", "requirements")
# what Terraform looks through by itself, and what those who keep their own are used to call it
_MIRRORS = (
    "~/.terraform.d/plugins", "~/.local/share/terraform/plugins", "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins", "/opt/*plugins*", "/*plugins*",
)  # fmt: skip


def plugins() -> Path | None:
    """The mirror that TERRAFORM_PLUGINS names, else one of this machine that has the AWS provider; None without."""
    named = os.environ.get("TERRAFORM_PLUGINS")
    if named:
        return Path(named) if (Path(named) / PROVIDER).is_dir() else None
    patterns = [Path(pattern).expanduser() for pattern in _MIRRORS]
    found = (path for one in patterns for path in sorted(Path(one.anchor).glob(str(one.relative_to(one.anchor)))))
    return next((path for path in found if (path / PROVIDER).is_dir()), None)


class Deployment:
    """What a person has at a desk: a checkout, an environment of it, and the stack in place of an account."""

    def __init__(self, folder: Path, stack: Stack, mirror: Path) -> None:
        self.stack, self.terraform_folder = stack, folder / "terraform"
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.auto.tfvars.json", "__pycache__", "*.egg-info")
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name in ("setup.py", "pyproject.toml"):
            shutil.copy(ROOT / name, folder / name)
        self._source = folder / "catalog" / "sources" / SOURCE / "source.yaml"
        configuration = folder / "terraform.rc"
        configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n')
        self._environment = {
            **os.environ,
            **_variables(stack),
            "PYTHONPATH": str(folder / "lib"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TF_CLI_CONFIG_FILE": str(configuration),
            "CHECKPOINT_DISABLE": "1",
            # endless repetitions become errors
            "AWS_MAX_ATTEMPTS": "3",
            "TF_CLI_ARGS_apply": "-parallelism=20 -no-color",
            "TF_CLI_ARGS_destroy": "-parallelism=20 -no-color",
        }
        client(stack, "s3").create_bucket(Bucket=STATES, CreateBucketConfiguration={"LocationConstraint": stack.region})
        backend = {"bucket": STATES, "region": stack.region, "key": f"{ENVIRONMENT}.tfstate"}
        (self.terraform_folder / "environments" / f"{ENVIRONMENT}.s3.tfbackend").write_text(_lines(backend))
        self.set(schedules_enabled=False)

    def set(self, **variables: Any) -> None:
        """Write the environment's variables."""
        wanted = {"name": NAME, "region": self.stack.region, **variables}
        (self.terraform_folder / "environments" / f"{ENVIRONMENT}.tfvars").write_text(_lines(wanted))

    def look_in(self, minutes: int) -> None:
        """Let the source be looked at once an hour, for the first time after that many minutes.

        AWS Glue takes no schedule of every minute.
        """
        minute = (datetime.now(timezone.utc) + timedelta(minutes=minutes)).minute
        lines = [line for line in self._source.read_text().splitlines() if not line.startswith("schedule:")]
        self._source.write_text("\n".join([*lines, f"schedule: cron({minute} * * * ? *)"]) + "\n")

    def deploy(self, *more: str) -> str:
        """Deploy as `make deploy` does; what it wrote."""
        return self._done([sys.executable, "-m", "totelake.deploy.environment", "deploy", ENVIRONMENT, "--yes", *more])

    def destroy(self, *more: str) -> str:
        """Tear down as `make destroy` does; what it wrote."""
        words = [sys.executable, "-m", "totelake.deploy.environment", "destroy", ENVIRONMENT, "--yes"]
        return self._done([*words, "--confirm", NAME, *more])

    def terraform(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Terraform itself in the environment."""
        return self._run(["terraform", f"-chdir={self.terraform_folder}", *words])

    def planned(self) -> str:
        """What Terraform would change; a line each."""
        words = ("-input=false", "-no-color", f"-var-file=environments/{ENVIRONMENT}.tfvars")
        done = self.terraform("plan", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return "" if "No changes." in done.stdout else done.stdout

    def totelake(self, *words: str) -> str:
        """Run a command of totelake against what is deployed; what it wrote."""
        found = self.terraform("output", "-json", "environment")
        assert found.returncode == 0, found.stderr
        program = "from totelake.cli.main import run; run()"
        return self._done([sys.executable, "-c", program, *words, "--target", "aws"], json.loads(found.stdout))

    def put_secrets(self) -> None:
        """Give the secrets that Terraform made the values of the stack's databases."""
        secrets = client(self.stack, "secretsmanager")
        for role, database in ((READER, SOURCE), (LOADER, WAREHOUSE)):
            value = json.dumps(self.stack.secret(role, database))
            secrets.put_secret_value(SecretId=f"{NAME}/{database}", SecretString=value)

    def _done(self, words: Sequence[str], more: Mapping[str, str] | None = None) -> str:
        done = self._run(words, more)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
        return done.stdout

    def _run(self, words: Sequence[str], more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        variables = {**self._environment, "TF_DATA_DIR": f".terraform-{ENVIRONMENT}", **(more or {})}
        return subprocess.run(list(words), env=variables, capture_output=True, text=True, check=False)


def _variables(stack: Stack) -> dict[str, str]:
    """The stack's address and key as `totelake env` gives them, without what names the stack's own deployment."""
    program = "from totelake.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", program, "env"],
        env={**os.environ, "TOTELAKE_HOME": str(stack.home), "PYTHONPATH": str(ROOT / "lib")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    exported = (line.removeprefix("export ").partition("=") for line in done.stdout.splitlines())
    found = {name: value.strip("'\"") for name, _, value in exported if not name.startswith("TOTELAKE_")}
    return {**found, "AWS_REGION": stack.region, "TOTELAKE_HOME": str(stack.home)}


def _lines(values: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


def objects(s3: Any, bucket: str) -> Iterator[str]:
    """The keys of a bucket."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from (item["Key"] for item in page.get("Contents", ()))
