"""The settings of localglue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The addresses of the AWS endpoint and of localglue, its state folder, and the programs that run jobs."""

    endpoint: str
    own_url: str
    state: Path
    python_shell: str
    spark_submit: str | None = None
    spark_properties: Path | None = None
    region: str = "eu-west-2"
    inherit: tuple[str, ...] = ()
    """Variables that job runs get beside those of `localglue.environment`; a name may end with *."""
    minute: float = 60.0
    """Seconds that a minute of a job's Timeout takes; fewer in tests."""
    grace: float = 3.0
    """Seconds between SIGTERM and SIGKILL for a run that is stopped."""
