"""The canary's Python-shell job: what AWS Glue gives to a job that reads a source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from totelake.canary import account, database, lake, process, provider
from totelake.canary.job import look_and_report
from totelake.canary.look import Look
from totelake.contracts import load_contracts
from totelake.contracts.sources import HTTP, POSTGRES
from totelake.lake.keys import canary_once_key, canary_probe_key
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import CanaryShellArguments

_PACKAGES = {"boto3": "1.21", "botocore": "1.24", "pyarrow": "7"}
_OF_KIND = {POSTGRES: {"psycopg2": "2.9"}, HTTP: {"requests": "2.27"}}
_NO_PACKAGES = (
    "let the job have `library-set: analytics`, without dashes, and see in `aws glue get-job` that it has it; or set "
    "`kind: glueetl` for the jobs of catalog/pipeline.yaml that need these"
)


def canary_shell(job: Job[CanaryShellArguments]) -> None:
    """Look, and report. Raises CanaryError when something would stop the pipeline."""
    given = job.arguments
    run, label = given.canary_run or given.run.id, f"{given.name}-{given.source}"
    look_and_report(job, run, label, _looks(job, run, label))


def _looks(job: Job[CanaryShellArguments], run: str, label: str) -> Iterator[Look]:
    probe, once = partial(canary_probe_key, run, label), partial(canary_once_key, run, label)
    store, s3 = job.ingestion, job.clients.s3
    is_aws = not job.clients.endpoints
    defaults: Any = load_contracts().pipeline["defaults"]
    yield process.arguments(sys.argv[1:], job.arguments.run.unknown)
    yield process.interpreter([str(defaults["pythonshell"]["python_version"])], is_aws)
    source = load_contracts().source(job.arguments.source)
    yield process.packages({**_PACKAGES, **_OF_KIND.get(source.kind, {})}, _NO_PACKAGES)
    yield account.role(job.clients, is_aws)
    yield lake.written_once(store, once("once"))
    yield lake.refused_put(store, once("plain"), is_aws)
    yield lake.refused_copy(store, probe("origin"), once("copy"), is_aws)
    yield lake.multipart(store, probe("parts"))
    yield lake.encryption(store, probe("encrypted"), s3, is_aws)
    yield account.catalogue(job.ingestion_tables, account.probe_table(label), store.address(probe("table/")))
    if job.arguments.source_secret:
        yield database.client()
        yield database.login(lambda: job.database(job.arguments.source_secret, "the source"))
    if source.kind == HTTP:
        yield provider.rate(source, job.now().date())
