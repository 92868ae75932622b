"""What a job runs in: its arguments, AWS clients, log, metrics and secrets. The Spark session is in runtime.spark."""

from __future__ import annotations

from totelake.runtime.arguments import JobArguments
from totelake.runtime.clients import Clients
from totelake.runtime.runtime import Runtime, open_runtime, run_job

__all__ = ["Clients", "JobArguments", "Runtime", "open_runtime", "run_job"]
