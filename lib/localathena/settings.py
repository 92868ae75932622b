"""The settings of localathena."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from localgate.keys import Keys


@dataclass(frozen=True)
class Settings:
    """The addresses of S3 and of the Data Catalog, and the folder for results and fetched objects."""

    endpoint: str
    glue_endpoint: str
    state: Path
    region: str = "eu-west-2"
    keys: Keys = field(default_factory=Keys.random)
    """With which localathena signs at both endpoints, and its clients at localathena."""
    at_once: int = 2
    """How many statements run at a time; the others are QUEUED."""
    memory: str = "1GB"
    """How much memory DuckDB takes for a statement before it writes to the disk."""
    kept_objects: int = 2 * 1024**3
    """Bytes of fetched objects that are kept for later statements."""
    kept_executions: int = 1000
    """How many executions are remembered; the oldest are forgotten."""
