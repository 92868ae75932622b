"""The states of runs, and ids."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field

STARTING, RUNNING, STOPPING, STOPPED = "STARTING", "RUNNING", "STOPPING", "STOPPED"
SUCCEEDED, FAILED, TIMEOUT, ERROR = "SUCCEEDED", "FAILED", "TIMEOUT", "ERROR"
CANCELLING, CANCELLED = "CANCELLING", "CANCELLED"
COMPLETED = "COMPLETED"
ACTIVE = (STARTING, RUNNING, STOPPING, CANCELLING)
"""The states of job runs, crawls and workflow runs that are still going on."""

JOB_NODE, CRAWLER_NODE, TRIGGER_NODE = "JOB", "CRAWLER", "TRIGGER"
Node = tuple[str, str]
"""What a trigger starts or watches: (JOB or CRAWLER, name)."""


@dataclass(frozen=True)
class Origin:
    """Who started a run: nobody but a caller, or a trigger, perhaps in a workflow run."""

    trigger: str | None = None
    workflow: str | None = None
    workflow_run: str | None = None
    predecessors: tuple[tuple[str, str], ...] = field(default=())
    """(job name, run id) of the runs whose end fired the trigger."""


@dataclass(frozen=True)
class Finished:
    """A run of a job or crawler that has ended for good: no attempt follows."""

    node: Node
    run_id: str
    state: str
    origin: Origin


def now() -> float:
    """Seconds since the epoch, to the millisecond as Glue answers them."""
    return round(time.time(), 3)


def new_id(prefix: str) -> str:
    """A fresh id such as `jr_<64 hex digits>`."""
    return f"{prefix}_{secrets.token_hex(32)}"


def fixed_id(prefix: str, *parts: str) -> str:
    """The id that belongs to these parts, the same every time."""
    return f"{prefix}_{hashlib.sha256('|'.join(parts).encode()).hexdigest()}"
