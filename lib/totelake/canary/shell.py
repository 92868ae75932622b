"""The canary's Python-shell job: what AWS Glue gives to a job that reads a source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from totelake.canary import process
from totelake.canary.job import look_and_report
from totelake.canary.look import Look
from totelake.contracts import load_contracts
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import CanaryShellArguments

_PACKAGES = {"boto3": "1.21", "botocore": "1.24", "psycopg2": "2.9", "pyarrow": "7"}
_NO_PACKAGES = (
    "let the job have `library-set: analytics`, without dashes, and see in `aws glue get-job` that it has it; or set "
    "`kind: glueetl` for the jobs of catalog/pipeline.yaml that need these"
)


def canary_shell(job: Job[CanaryShellArguments]) -> None:
    """Look, and report. Raises CanaryError when something would stop the pipeline."""
    given = job.arguments
    run = given.canary_run or given.run.id
    look_and_report(job, run, f"{given.name}-{given.source}", _looks(job))


def _looks(job: Job[CanaryShellArguments]) -> Iterator[Look]:
    is_aws = not job.clients.endpoints
    defaults: Any = load_contracts().pipeline["defaults"]
    yield process.arguments(sys.argv[1:], job.arguments.run.unknown)
    yield process.interpreter(str(defaults["pythonshell"]["python_version"]), is_aws)
    yield process.packages(_PACKAGES, _NO_PACKAGES)
