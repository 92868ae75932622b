"""What localglue is told when it is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Where things are: the AWS endpoint, localglue itself, its state, and the programs that run jobs."""

    endpoint: str
    own_url: str
    state: Path
    python_shell: str
    spark_submit: str | None = None
    spark_properties: Path | None = None
    region: str = "eu-west-2"
    minute: float = 60.0
    """Seconds in a minute of a job's Timeout; shorter in tests."""
    grace: float = 3.0
    """Seconds between SIGTERM and SIGKILL for a run that is stopped."""
