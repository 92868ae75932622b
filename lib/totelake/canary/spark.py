"""The canary's Spark job: what AWS Glue gives to a job that builds star tables and loads the warehouse."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from totelake.canary import process
from totelake.canary.job import look_and_report
from totelake.canary.look import Look
from totelake.contracts import load_contracts
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import CanarySparkArguments

_PACKAGES = {"boto3": "1.21", "pyarrow": "7", "pyspark": "3.5", "py4j": "0.10"}
_NO_PACKAGES = "see the Glue version of the job; what is missing comes by --additional-python-modules"


def canary_spark(job: Job[CanarySparkArguments]) -> None:
    """Look, and report. Raises CanaryError when something would stop the pipeline."""
    given = job.arguments
    run = given.canary_run or given.run.id
    look_and_report(job, run, given.name, _looks(job))


def _looks(job: Job[CanarySparkArguments]) -> Iterator[Look]:
    is_aws = not job.clients.endpoints
    spark: Any = load_contracts().pipeline["defaults"]["glueetl"]
    tag = str(spark["python_tags"][str(spark["glue_version"])])
    yield process.arguments(sys.argv[1:], job.arguments.run.unknown)
    yield process.interpreter(f"{tag[2]}.{tag[3:]}", is_aws)
    yield process.packages(_PACKAGES, _NO_PACKAGES)
