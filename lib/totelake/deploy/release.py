"""A release: the jobs' scripts, wheels and jars, under one prefix that is named by their content."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import subprocess  # nosec B404 # setuptools is a command
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from totelake.contracts import load_contracts
from totelake.deploy.compiled import fetch, needed
from totelake.deploy.jars import fetch_jars
from totelake.errors import ConfigurationError

_EPOCH = (1980, 1, 1, 0, 0, 0)
_EPOCH_SECONDS = "315532800"
_DIGEST = 16
SPARK_LIBRARIES = ("iso4217",)


@dataclass(frozen=True)
class Release:
    """Files by name: `glue_jobs/<job>.py`, `<wheel>.whl` and `<jar>.jar`.

    `libraries` are the pure wheels that every Spark job gets, `compiled` those that some get, each for one interpreter,
    `jars` what some Spark jobs bring for Java.
    """

    files: Mapping[str, bytes]
    wheel: str
    libraries: tuple[str, ...]
    compiled: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The digest of names and contents."""
        digest = hashlib.sha256()
        for name in sorted(self.files):
            digest.update(f"{name}\n{hashlib.sha256(self.files[name]).hexdigest()}\n".encode())
        return digest.hexdigest()[:_DIGEST]

    def key(self, name: str) -> str:
        """The key of a file in the artifacts bucket; what changes gets another key, so no running job sees it."""
        return f"releases/{self.id}/{name}"


def checkout() -> Path:
    """The folder with glue_jobs/ and setup.py. Raises ConfigurationError where there is only an installed package."""
    folder = Path(__file__).resolve().parents[3]
    if not (folder / "glue_jobs").is_dir() or not (folder / "setup.py").is_file():
        raise ConfigurationError("the job scripts are not there; deploy from a clone of the repository")
    return folder


def build(root: Path, pipeline: Mapping[str, Any] | None = None) -> Release:
    """Build the wheels and read the scripts; the pipeline, by default the catalog's, says what else it needs.

    Raises ConfigurationError with the last words of setuptools, pip or Ivy when one fails.
    """
    pipeline = load_contracts().pipeline if pipeline is None else pipeline
    files = {f"glue_jobs/{path.name}": path.read_bytes() for path in sorted((root / "glue_jobs").glob("*.py"))}
    wheel, content = _own_wheel(root)
    files[wheel] = content
    libraries = [repacked(name) for name in SPARK_LIBRARIES]
    files.update(libraries)
    compiled = fetch(root, needed(pipeline), pipeline["defaults"]["glueetl"]["python_tags"].values())
    jars = fetch_jars(needed(pipeline, "jars"))
    files.update({**compiled, **jars})
    return Release(files, wheel, tuple(name for name, _ in libraries), tuple(compiled), tuple(jars))


def _own_wheel(root: Path) -> tuple[str, bytes]:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out"
        command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", scratch]
        command += ["build", "--build-base", scratch, "bdist_wheel", "-d", str(out), "-b", f"{scratch}/wheel"]
        done = subprocess.run(  # nosec B603 # our own interpreter and setup.py, no shell
            command,
            cwd=root,
            env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH_SECONDS, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        built = list(out.glob("*.whl"))
        if done.returncode or not built:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ConfigurationError(f"the wheel cannot be built: {last}; run `python setup.py bdist_wheel` to see why")
        return built[0].name, built[0].read_bytes()


def repacked(name: str) -> tuple[str, bytes]:
    """A wheel of an installed pure-Python distribution, the same bytes every time. Raises ConfigurationError."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise ConfigurationError(f"the library {name} is not installed; run `make install`") from None
    if "Root-Is-Purelib: true" not in (found.read_text("WHEEL") or ""):
        raise ConfigurationError(f"the library {name} is not pure Python; take it out of the Spark jobs' libraries")
    contents = {}
    for path in found.files or ():
        if path.suffix != ".pyc" and path.name not in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
            contents[path.as_posix()] = path.read_binary()
    record = f"{found.metadata['Name'].replace('-', '_')}-{found.version}.dist-info/RECORD"
    lines = [f"{path},sha256={_urlsafe(contents[path])},{len(contents[path])}" for path in sorted(contents)]
    contents[record] = ("\n".join([*lines, f"{record},,"]) + "\n").encode()
    return f"{name}-{found.version}-py3-none-any.whl", _zip(contents)


def _urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _zip(contents: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
