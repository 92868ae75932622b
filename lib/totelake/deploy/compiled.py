"""Wheels with compiled code for AWS Glue's Spark: which jobs need some, and how they come into a release."""

from __future__ import annotations

import subprocess  # nosec B404 # pip is a command
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from totelake.contracts.pipeline import active
from totelake.errors import ConfigurationError, ContractError

LOCK = Path("requirements") / "glue-spark.txt"
# Amazon Linux 2023, on which Glue 5 and 6 run, has glibc 2.34
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64")
_SPARK = "glueetl"


def needed(pipeline: Mapping[str, Any], part: str = "modules") -> list[str]:
    """The modules, or the `jars`, that Spark jobs of the pipeline name; of modules the Python shell has its own."""
    jobs = active(pipeline)["jobs"].values()
    return sorted({name for job in jobs if job["kind"] == _SPARK for name in job.get(part, ())})


def wheel_of(module: str, tag: str, wheels: Iterable[str]) -> str:
    """The module's wheel for an interpreter, such as cp311; `wheels` are names or addresses. Raises ContractError."""
    start = f"{module.replace('-', '_')}-"
    for wheel in wheels:
        name = wheel.rsplit("/", 1)[-1]
        if name.startswith(start) and name.split("-")[2] == tag:
            return wheel
    raise ContractError(f"the release has no wheel of {module} for {tag}; build it again with `make release`")


def fetch(root: Path, modules: Sequence[str], tags: Iterable[str], index: Sequence[str] = ()) -> dict[str, bytes]:
    """The pinned wheels of these modules for each interpreter, by name. Raises ConfigurationError."""
    lock = (root / LOCK).read_text(encoding="utf-8")
    for module in modules:
        if f"{module}==" not in lock:
            raise ConfigurationError(f"{LOCK} does not pin {module}; add it to requirements/glue-spark.in and lock it")
    found: dict[str, bytes] = {}
    for tag in sorted(set(tags)) if modules else ():
        found.update(_download(root, tag, index))
    return found


def _download(root: Path, tag: str, index: Sequence[str]) -> dict[str, bytes]:
    version = f"{tag[2]}.{tag[3:]}"
    with tempfile.TemporaryDirectory() as folder:
        words = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            *index,
        ]
        words += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", str(root / LOCK)]
        words += ["--implementation", "cp", "--abi", tag, "--python-version", version, "--dest", folder]
        for platform in PLATFORMS:
            words += ["--platform", platform]
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # nosec B603 # fixed words, no shell
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ConfigurationError(
                f"the wheels of {LOCK} for Python {version} on x86_64 Linux cannot be downloaded ({said}); build the "
                "release where pip reaches a package registry, or leave the jobs that need them kind: pythonshell"
            )
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
