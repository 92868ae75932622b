"""What a job runs in: arguments, ports, AWS clients, log, metrics, secrets. The Spark session is in runtime.spark."""

from __future__ import annotations

from totelake.runtime.clients import Clients
from totelake.runtime.job import Job, open_job, run_job
from totelake.runtime.job_arguments import JobArguments

__all__ = ["Clients", "Job", "JobArguments", "open_job", "run_job"]
