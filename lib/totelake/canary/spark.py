"""The canary's Spark job: what AWS Glue gives to a job that builds star tables and loads the warehouse."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any, Callable

from totelake.canary import account, lake, process
from totelake.canary import spark_looks as looks
from totelake.canary.job import look_and_report
from totelake.canary.look import Look
from totelake.contracts import load_contracts
from totelake.lake.keys import canary_probe_key
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import CanarySparkArguments

_PACKAGES = {"boto3": "1.21", "pyarrow": "7", "pyspark": "3.5", "py4j": "0.10"}
_NO_PACKAGES = "see the Glue version of the job; what is missing comes by --additional-python-modules"


def canary_spark(job: Job[CanarySparkArguments]) -> None:
    """Look, and report. Raises CanaryError when something would stop the pipeline."""
    given = job.arguments
    run = given.canary_run or given.run.id
    look_and_report(job, run, given.name, _looks(job, partial(canary_probe_key, run, given.name)))


def _looks(job: Job[CanarySparkArguments], probe: Callable[[str], str]) -> Iterator[Look]:
    store = job.processed
    side = looks.SparkSide(job.arguments.run.job, store)
    is_aws = not job.clients.endpoints
    spark: Any = load_contracts().pipeline["defaults"]["glueetl"]
    pythons = [f"{tag[2]}.{tag[3:]}" for tag in spark["python_tags"].values()]
    yield process.arguments(sys.argv[1:], job.arguments.run.unknown)
    yield process.interpreter(pythons, is_aws)
    yield process.packages(_PACKAGES, _NO_PACKAGES)
    yield account.role(job.clients, is_aws)
    yield looks.version(side.version)
    yield looks.connector(side.connector)
    yield looks.committer(side.committers, side.write, store, probe("rows"))
    yield lake.multipart(store, probe("parts"))
    yield lake.encryption(store, probe("encrypted"), job.clients.s3, is_aws)
    table = account.probe_table(job.arguments.name)
    yield account.catalogue(job.processed_tables, table, store.address(probe("table/")))
    yield looks.driver(side.driver, sys.argv)
    yield looks.login(lambda: side.jvm, lambda: job.database(job.arguments.warehouse_secret, "the warehouse"))
