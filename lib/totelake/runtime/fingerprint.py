"""The fingerprint of what a star table is built by: the code of this release, and the contracts of its tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import Any

from totelake.contracts import Contracts
from totelake.contracts.model import Table, inputs_of

_DIGEST = 32


def fingerprint_of(table: Table, contracts: Contracts) -> str:
    """What a star table's failure depends on beside its data; equal in all jobs of one release."""
    tables = [table, *(contracts.table(source) for source in inputs_of(table))]
    return _digest(_code(), *(repr(item) for item in tables))


@lru_cache(maxsize=1)
def _code() -> str:
    """The digest of every module of totelake, in a folder or in a wheel."""
    modules = dict(_modules(resources.files("totelake"), ""))
    return _digest(*(f"{name}\n{modules[name]}" for name in sorted(modules)))


def _modules(folder: Any, path: str) -> Iterator[tuple[str, str]]:
    """Path and text of the modules below a folder, which is of importlib's own type for it."""
    for item in folder.iterdir():
        if item.is_dir():
            yield from _modules(item, f"{path}{item.name}/")
        elif item.name.endswith(".py"):
            yield f"{path}{item.name}", item.read_text(encoding="utf-8")


def _digest(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode("utf-8")).digest())
    return digest.hexdigest()[:_DIGEST]
