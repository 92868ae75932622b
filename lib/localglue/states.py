"""The states, origins and ids of runs."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field

STARTING, RUNNING, STOPPING, STOPPED = "STARTING", "RUNNING", "STOPPING", "STOPPED"
SUCCEEDED, FAILED, TIMEOUT, ERROR = "SUCCEEDED", "FAILED", "TIMEOUT", "ERROR"
CANCELLING, CANCELLED = "CANCELLING", "CANCELLED"
COMPLETED = "COMPLETED"
WAITING = "WAITING"
IN_PROGRESS = (STARTING, RUNNING, STOPPING, CANCELLING)
"""The states of job runs, crawls and workflow runs that take their place among those that may run at once."""
ACTIVE = (*IN_PROGRESS, WAITING)
"""The states of job runs, crawls and workflow runs that have not ended."""

JOB_NODE, CRAWLER_NODE, TRIGGER_NODE = "JOB", "CRAWLER", "TRIGGER"
Node = tuple[str, str]
"""What a trigger starts or watches: (JOB or CRAWLER, name)."""


@dataclass(frozen=True)
class Origin:
    """What started a run: a trigger, possibly in a workflow run; all None for a direct call of the API."""

    trigger: str | None = None
    workflow: str | None = None
    workflow_run: str | None = None
    predecessors: tuple[tuple[str, str], ...] = field(default=())
    """(job name, run id) of the job runs whose end fired the trigger."""


@dataclass(frozen=True)
class FinishedRun:
    """A job run or crawl that has ended and is not retried."""

    node: Node
    run_id: str
    state: str
    origin: Origin


def now() -> float:
    """Seconds since the epoch, rounded to milliseconds as in Glue's responses."""
    return round(time.time(), 3)


def new_id(prefix: str) -> str:
    """A random id such as `jr_<64 hex digits>`."""
    return f"{prefix}_{secrets.token_hex(32)}"


def fixed_id(prefix: str, *parts: str) -> str:
    """The id for these parts; the same parts always have the same id."""
    return f"{prefix}_{hashlib.sha256('|'.join(parts).encode()).hexdigest()}"
