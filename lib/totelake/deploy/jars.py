"""Jars that Spark jobs bring along: how they come into a release, and which of its files is which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from totelake.errors import ConfigurationError, ContractError
from totelake.stack.jars import JARS, ensure_jars


def fetch_jars(names: Sequence[str]) -> dict[str, bytes]:
    """The pinned jars of these names, by file name. Raises ConfigurationError."""
    pinned = {jar.name: jar for jar in JARS}
    unknown = [name for name in names if name not in pinned]
    if unknown:
        raise ConfigurationError(
            f"catalog/pipeline.yaml: the jar {unknown[0]} is not pinned; add it with its SHA-256 to "
            "lib/totelake/stack/jars.py"
        )
    paths = ensure_jars([pinned[name] for name in names])
    return {path.name: path.read_bytes() for path in paths}


def jar_of(name: str, jars: Iterable[str]) -> str:
    """The jar of this name among file names or addresses. Raises ContractError."""
    for jar in jars:
        if re.fullmatch(rf"{re.escape(name)}-\d.*\.jar", jar.rsplit("/", 1)[-1]):
            return jar
    raise ContractError(f"the release has no jar of {name}; build it again with `make release`")
