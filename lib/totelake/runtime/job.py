"""A job as it runs: its arguments, the ports that it uses, log, metrics and secrets. A known failure ends it with
one clear sentence."""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Generic, TypeVar

from botocore.exceptions import ClientError

from totelake.errors import ConfigurationError, TotelakeError
from totelake.ports.aws_errors import AwsError, code_of, translated, translation_of
from totelake.ports.glue import GlueCatalog, GlueCrawler
from totelake.ports.object_store import ObjectStore
from totelake.ports.postgres_address import PostgresAddress
from totelake.ports.s3 import S3Store
from totelake.ports.schema_catalog import Crawler, SchemaCatalog
from totelake.runtime import moments
from totelake.runtime.clients import Clients
from totelake.runtime.job_arguments import JobArguments, parse_arguments

A = TypeVar("A", bound=JobArguments)
A_co = TypeVar("A_co", bound=JobArguments, covariant=True)
_NO_OBJECT = "the secret {} is not a JSON object; store host, port, dbname, username, password"
_NO_VALUE = "the secret {} has no value yet; store a JSON object with host, port, dbname, username, password in it"
# what Secrets Manager says of a secret that is there, as Terraform makes it, and was never given a value
_WITHOUT_VALUE = "secret value"
_S3 = "s3://"


class Job(Generic[A_co]):
    """A job with its arguments, and what it may use of its surroundings."""

    def __init__(self, arguments: A_co, clients: Clients, log: logging.Logger) -> None:
        self._arguments = arguments
        self.clients = clients
        self.log = log

    @property
    def arguments(self) -> A_co:
        """The run's arguments."""
        return self._arguments

    @cached_property
    def ingestion(self) -> ObjectStore:
        """The ingestion bucket."""
        return S3Store(self.clients.s3, self.arguments.ingestion_bucket)

    @cached_property
    def processed(self) -> ObjectStore:
        """The processed bucket."""
        return S3Store(self.clients.s3, self.arguments.processed_bucket)

    @cached_property
    def ingestion_tables(self) -> SchemaCatalog:
        """The Data Catalog's database over the ingestion bucket."""
        return GlueCatalog(self.clients.glue, self.arguments.ingestion_database)

    @cached_property
    def processed_tables(self) -> SchemaCatalog:
        """The Data Catalog's database over the processed bucket."""
        return GlueCatalog(self.clients.glue, self.arguments.processed_database)

    def crawler(self, name: str) -> Crawler:
        """A crawler of the Data Catalog."""
        return GlueCrawler(self.clients.glue, name)

    def now(self) -> datetime:
        """The time, in UTC and whole milliseconds."""
        return moments.now()

    def metric(self, name: str, value: float, unit: str = "None", **dimensions: str) -> None:
        """Publish one number to CloudWatch. A refusal is only logged: data in place must not fail for it."""
        datum: Any = {
            "MetricName": name,
            "Value": value,
            "Unit": unit,
            "Dimensions": [{"Name": key, "Value": text} for key, text in sorted(dimensions.items())],
        }
        try:
            self.clients.cloudwatch.put_metric_data(Namespace=self.arguments.metric_namespace, MetricData=[datum])
        except AwsError as error:
            self.log.warning("the metric %s=%s was not published: %s", name, value, error)

    def run_property(self, name: str) -> str | None:
        """A property of the workflow run this job is part of; None outside a workflow or when it is not set."""
        run = self.arguments.run
        if not run.workflow_run_id:
            return None
        with translated():
            answer = self.clients.glue.get_workflow_run_properties(Name=run.workflow, RunId=run.workflow_run_id)
        value = answer["RunProperties"].get(name)
        return None if value is None else str(value)

    def put_run_property(self, name: str, value: str) -> None:
        """Set a property of the workflow run; does nothing outside a workflow."""
        run = self.arguments.run
        if run.workflow_run_id:
            with translated():
                self.clients.glue.put_workflow_run_properties(
                    Name=run.workflow, RunId=run.workflow_run_id, RunProperties={name: value}
                )

    def database(self, name: str, what: str = "database") -> PostgresAddress:
        """The database of a secret, which is read again when the server refuses. Raises ConfigurationError."""
        return read_address(self.clients, name, what)


def read_address(clients: Clients, name: str, what: str = "database") -> PostgresAddress:
    """The database of a secret, which is read again when the server refuses. Raises ConfigurationError."""
    return PostgresAddress.renewable(lambda: PostgresAddress.from_secret(read_secret(clients, name), name, what))


def read_secret(clients: Clients, name: str) -> Mapping[str, Any]:
    """A secret's JSON object, an sslrootcert at s3:// fetched. Raises ConfigurationError, which never shows it."""
    with translated():
        try:
            value = json.loads(clients.secretsmanager.get_secret_value(SecretId=name)["SecretString"])
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            if _WITHOUT_VALUE in str(error):
                raise ConfigurationError(_NO_VALUE.format(name)) from None
            raise ConfigurationError(f"there is no secret {name}; create it or correct the job's argument") from None
        except (ValueError, KeyError):
            raise ConfigurationError(_NO_OBJECT.format(name)) from None
    if not isinstance(value, dict):
        raise ConfigurationError(_NO_OBJECT.format(name))
    return _with_local_bundle(value, name, clients)


def _with_local_bundle(secret: Mapping[str, Any], name: str, clients: Clients) -> Mapping[str, Any]:
    """The secret with its `sslrootcert` as a file of this machine: one at s3:// is fetched.

    Raises ConfigurationError when it is no certificate.
    """
    address = str(secret.get("sslrootcert") or "")
    if not address.startswith(_S3):
        return secret
    bucket, _, key = address[len(_S3) :].partition("/")
    body = S3Store(clients.s3, bucket).get(key)
    if b"-----BEGIN CERTIFICATE-----" not in body:
        raise ConfigurationError(
            f"{address}, the sslrootcert of the secret {name}, holds no certificate; see what it is"
        )
    file = Path(tempfile.mkdtemp(prefix="totelake-tls-")) / Path(key).name
    file.write_bytes(body)
    return {**secret, "sslrootcert": str(file)}


def _logger(arguments: JobArguments) -> logging.Logger:
    log = logging.getLogger(f"totelake.{arguments.name}")
    log.setLevel(logging.DEBUG if arguments.verbose else logging.INFO)
    log.propagate = False
    handler = logging.StreamHandler(sys.stdout)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    log.handlers[:] = [handler]
    return log


@contextmanager
def open_job(arguments: A, clients: Clients | None = None) -> Iterator[Job[A]]:
    """Open a job. A known failure becomes a SystemExit with one sentence (--verbose: as it is)."""
    job = Job(arguments, clients or Clients.from_environment(), _logger(arguments))
    try:
        yield job
    except (TotelakeError, *AwsError) as error:
        known = error if isinstance(error, TotelakeError) else translation_of(error)
        if arguments.verbose:
            raise
        job.log.error("%s", known)
        raise SystemExit(f"{type(known).__name__}: {known}") from None


def run_job(work: Callable[[Job[A]], object], kind: type[A], argv: Sequence[str] | None = None) -> None:
    """A script's whole body: read Glue's arguments, open the job, do the work. Raises SystemExit on failure."""
    given = sys.argv if argv is None else argv
    try:
        arguments = parse_arguments(given, kind)
    except ConfigurationError as error:
        if "--verbose" in given:
            raise
        raise SystemExit(f"{type(error).__name__}: {error}") from None
    with open_job(arguments) as job:
        if arguments.run.unknown:
            job.log.warning(
                "%s knows nothing of %s and goes on without; totelake deploy refuses such a name in pipeline.yaml",
                arguments.name,
                ", ".join(repr(word) for word in arguments.run.unknown),
            )
        work(job)
