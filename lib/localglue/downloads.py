"""Downloads what a run needs from S3: its script, its wheels (unpacked for Python) and its jars."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


_UNUSUAL = re.compile(r"[#?%,\s]")


class DownloadError(Exception):
    """An object that a run needs cannot be downloaded or used; the message says which and what to do."""

    def __init__(self, purpose: str, uri: str, problem: object) -> None:
        super().__init__(f"{purpose} {uri} cannot be fetched ({problem}); upload it, or correct the job")


def split_uri(uri: str) -> tuple[str, str]:
    """The bucket and key of an `s3://` address. Raises ValueError for any other."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in ("s3", "s3a", "s3n") or not bucket or not key.strip("/"):
        raise ValueError("it is not an s3://bucket/key address")
    return bucket, key.lstrip("/")


def _file_name(uri: str) -> str:
    """The last part of an address, as a file's name that no program takes for more: Spark cuts names at `#`."""
    return _UNUSUAL.sub("_", uri.rsplit("/", 1)[-1])


class Downloads:
    """Downloads objects into the state folder. Content that is there already is not written again."""

    def __init__(self, s3: S3Client, state: Path) -> None:
        self._s3 = s3
        self._wheels = state / "wheels"
        self._jars = state / "jars"

    def script(self, uri: str, folder: Path) -> Path:
        """Write the script below the folder, and return its path. Raises DownloadError."""
        path = folder / "script" / (_file_name(uri) or "script.py")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self._fetch("the script", uri))
        return path

    def python_path(self, uris: Sequence[str]) -> list[Path]:
        """A folder for PYTHONPATH for each wheel, zip or module. Raises DownloadError."""
        return [self._python(uri) for uri in uris]

    def jars(self, uris: Sequence[str]) -> list[str]:
        """The local paths of the jars. Raises DownloadError."""
        return [self._jar(uri) for uri in uris]

    def files(self, uris: Sequence[str], folder: Path) -> None:
        """Put the files into the folder. Raises DownloadError, for two files of one name, too."""
        for uri in uris:
            content = self._fetch("the file", uri)
            path = folder / split_uri(uri)[1].rsplit("/", 1)[-1]
            if path.exists():
                raise DownloadError("the file", uri, f"the run's folder has a file {path.name} already")
            path.write_bytes(content)

    def _python(self, uri: str) -> Path:
        content = self._fetch("the Python file", uri)
        name = _file_name(uri)
        if name.endswith((".whl", ".zip", ".egg")):
            try:
                archive = zipfile.ZipFile(io.BytesIO(content))
            except zipfile.BadZipFile as problem:
                raise DownloadError("the Python file", uri, problem) from problem
            with archive:
                return _cached(self._wheels, content, archive.extractall)
        if name.endswith(".py"):
            return _cached(self._wheels, content, lambda folder: (folder / name).write_bytes(content))
        raise DownloadError("the Python file", uri, "it is not a .whl, .zip, .egg or .py file")

    def _jar(self, uri: str) -> str:
        content = self._fetch("the jar", uri)
        name = _file_name(uri)
        return str(_cached(self._jars, content, lambda folder: (folder / name).write_bytes(content)) / name)

    def _fetch(self, purpose: str, uri: str) -> bytes:
        try:
            bucket, key = split_uri(uri)
            return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except (ValueError, BotoCoreError, ClientError) as problem:
            raise DownloadError(purpose, uri, problem) from problem


def _cached(root: Path, content: bytes, fill: Callable[[Path], object]) -> Path:
    """The folder for this content under `root`, filled if it is new. It appears whole, even if two threads fill it."""
    folder = root / hashlib.sha256(content).hexdigest()
    if folder.exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=root))
    fill(fresh)
    try:
        os.rename(fresh, folder)
    except OSError:
        shutil.rmtree(fresh)
        if not folder.exists():
            raise
    return folder
