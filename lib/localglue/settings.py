"""The settings of localglue."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from localgate.keys import Keys


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
    keys: Keys = field(default_factory=Keys.random)
    """With which localglue and its jobs sign, at the AWS endpoint and at localglue itself."""
    minute: float = 60.0
    """Seconds that a minute of a job's Timeout takes; fewer in tests."""
    grace: float = 3.0
    """Seconds between SIGTERM and SIGKILL for a run that is stopped."""
    standbys: int = 0
    """How many processes of Spark may wait for a run."""
    standby_idle: float = 1800.0
    """Seconds after which a standby that nobody has used is thrown away."""
    standby_reserve: int = 1 << 30
    """Bytes of the machine's memory that standbys leave free."""
    standby_patience: float = 20.0
    """Seconds that a standby has to begin a run; the run starts without it afterwards."""
