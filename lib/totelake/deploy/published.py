"""A release on its way: what is known of it beside its files, in a folder or in the artifacts bucket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from totelake.deploy.release import Release
from totelake.errors import ConfigurationError

DOCUMENT = "release.json"
_PARTS = ("libraries", "compiled", "jars")


@dataclass(frozen=True)
class Published:
    """What is known of a release without its files: its hash, what it consists of, and the commit it was built from."""

    id: str
    wheel: str
    libraries: tuple[str, ...]
    commit: str = ""
    compiled: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()

    @classmethod
    def of(cls, release: Release, commit: str) -> Published:
        """That of a release at hand."""
        return cls(release.id, release.wheel, release.libraries, commit, release.compiled, release.jars)

    @classmethod
    def from_json(cls, text: bytes, where: str, remedy: str) -> Published:
        """Read back what `to_json` wrote. Raises ConfigurationError when it is damaged."""
        try:
            document = json.loads(text)
        except ValueError as error:
            raise ConfigurationError(f"{where} is no JSON: {error}; {remedy}") from None
        if not isinstance(document, dict):
            raise ConfigurationError(f"{where} is no JSON object; {remedy}")
        for name in ("id", "wheel", "commit"):
            if not isinstance(document.get(name), str):
                raise ConfigurationError(f"{where} has no text {name}; {remedy}")
        for name in _PARTS:
            part = document.get(name, [])
            if not isinstance(part, list) or not all(isinstance(file, str) for file in part):
                raise ConfigurationError(f"{where}: {name} is no list of file names; {remedy}")
        libraries, compiled, jars = (tuple(document.get(name, ())) for name in _PARTS)
        return cls(document["id"], document["wheel"], libraries, document["commit"], compiled, jars)

    def to_json(self) -> bytes:
        """The document beside the release's files."""
        return json.dumps({**self.variables()["release"], "commit": self.commit}, indent=1).encode()

    def variables(self) -> dict[str, Any]:
        """What Terraform has to know."""
        parts = {"libraries": self.libraries, "compiled": self.compiled, "jars": self.jars}
        return {"release": {"id": self.id, "wheel": self.wheel, **{name: list(part) for name, part in parts.items()}}}


def save(release: Release, commit: str, folder: Path) -> None:
    """Write a release into a folder, as the build hands it to the deployments."""
    for name, content in release.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / DOCUMENT).write_bytes(Published.of(release, commit).to_json())


def saved(folder: Path) -> tuple[Release, Published]:
    """Read a release from a folder. Raises ConfigurationError when its content is not what its hash says.

    Raises ConfigurationError, too, when its document is missing or damaged.
    """
    document = folder / DOCUMENT
    if not document.is_file():
        raise ConfigurationError(f"{folder} has no {DOCUMENT}; make it with `make release`")
    published = Published.from_json(document.read_bytes(), str(document), "make it again with `make release`")
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != document
    }
    release = Release(files, published.wheel, published.libraries, published.compiled, published.jars)
    if release.id != published.id:
        raise ConfigurationError(
            f"the files in {folder} are release {release.id}, its {DOCUMENT} says {published.id}; build it again"
        )
    return release, published
