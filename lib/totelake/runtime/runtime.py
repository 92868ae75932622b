"""The runtime of one job: opened by its script, it turns a known failure into one clear sentence and a failed run."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from totelake.errors import ConfigurationError, TotelakeError
from totelake.runtime.arguments import JobArguments
from totelake.runtime.aws_errors import sentence_for
from totelake.runtime.clients import Clients
from totelake.runtime.tls import with_local_bundle


class Runtime:
    """What a job may use of its surroundings."""

    def __init__(self, arguments: JobArguments, clients: Clients, log: logging.Logger) -> None:
        self.arguments = arguments
        self.clients = clients
        self.log = log

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(timezone.utc)

    def metric(self, name: str, value: float, unit: str = "None", **dimensions: str) -> None:
        """Publish one number to CloudWatch. A refusal is only logged: data in place must not fail for it."""
        datum = {
            "MetricName": name,
            "Value": value,
            "Unit": unit,
            "Dimensions": [{"Name": key, "Value": text} for key, text in sorted(dimensions.items())],
        }
        try:
            self.clients.cloudwatch.put_metric_data(Namespace=self.arguments.metric_namespace, MetricData=[datum])
        except (ClientError, BotoCoreError) as error:
            self.log.warning("the metric %s=%s was not published: %s", name, value, error)

    def run_property(self, name: str) -> str | None:
        """A property of the workflow run this job is part of; None outside a workflow or when it is not set."""
        if not self.arguments.workflow_run_id:
            return None
        answer = self.clients.glue.get_workflow_run_properties(
            Name=self.arguments.workflow, RunId=self.arguments.workflow_run_id
        )
        value = answer["RunProperties"].get(name)
        return None if value is None else str(value)

    def put_run_property(self, name: str, value: str) -> None:
        """Set a property of the workflow run; does nothing outside a workflow."""
        if self.arguments.workflow_run_id:
            self.clients.glue.put_workflow_run_properties(
                Name=self.arguments.workflow, RunId=self.arguments.workflow_run_id, RunProperties={name: value}
            )

    def secret(self, name: str) -> Mapping[str, Any]:
        """A secret's JSON object, an sslrootcert at s3:// fetched. Raises ConfigurationError, which never shows it."""
        try:
            text = self.clients.secretsmanager.get_secret_value(SecretId=name)["SecretString"]
            value = json.loads(text)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise ConfigurationError(f"there is no secret {name}; create it or correct the job's argument") from None
        except (ValueError, KeyError):
            raise ConfigurationError(
                f"the secret {name} is not a JSON object; store host, port, dbname, username, password"
            ) from None
        if not isinstance(value, dict):
            raise ConfigurationError(
                f"the secret {name} is not a JSON object; store host, port, dbname, username, password"
            )
        return with_local_bundle(value, name, self.clients.s3)


def _logger(arguments: JobArguments) -> logging.Logger:
    log = logging.getLogger(f"totelake.{arguments.job}")
    log.setLevel(logging.DEBUG if arguments.debug else logging.INFO)
    log.propagate = False
    handler = logging.StreamHandler(sys.stdout)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    log.handlers[:] = [handler]
    return log


@contextmanager
def open_runtime(arguments: JobArguments, clients: Clients | None = None) -> Iterator[Runtime]:
    """Open a job's runtime. A known failure becomes a SystemExit with one sentence (--debug: as it is)."""
    runtime = Runtime(arguments, clients or Clients.from_environment(), _logger(arguments))
    try:
        yield runtime
    except (TotelakeError, ClientError, BotoCoreError) as error:
        known = error if isinstance(error, TotelakeError) else sentence_for(error)
        if arguments.debug:
            raise
        runtime.log.error("%s", known)
        raise SystemExit(f"{type(known).__name__}: {known}") from None


def run_job(job: str, work: Callable[[Runtime, JobArguments], object], argv: Sequence[str] | None = None) -> None:
    """A script's whole body: parse Glue's arguments, open the runtime, do the work. Raises SystemExit on failure."""
    given = sys.argv if argv is None else argv
    try:
        arguments = JobArguments.from_argv(given, job)
    except ConfigurationError as error:
        if "--debug" in given:
            raise
        raise SystemExit(f"{type(error).__name__}: {error}") from None
    with open_runtime(arguments) as runtime:
        work(runtime, arguments)
