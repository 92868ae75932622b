"""Where to deploy and run: the stack of this machine, or an AWS account as the environment describes it."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from totelake.errors import ConfigurationError
from totelake.ports.glue import GlueCatalog
from totelake.ports.object_store import ObjectStore
from totelake.ports.s3 import S3Store
from totelake.ports.schema_catalog import SchemaCatalog
from totelake.runtime.clients import Clients, is_on_this_machine
from totelake.stack.lifecycle import load
from totelake.stack.model import Stack

LOCAL, AWS = "local", "aws"
_LOG = logging.getLogger(__name__)
_LOCAL_ROLE = "arn:aws:iam::123456789012:role/totelake-glue"


@dataclass(frozen=True)
class Target:
    """Clients and names of one deployment; `warehouse_dsn` is None where only the jobs reach the warehouse.

    `role` is one for all jobs; it is empty where Terraform deploys, which gives each job its own.
    """

    kind: str
    clients: Clients
    ingestion_bucket: str
    processed_bucket: str
    artifacts_bucket: str
    role: str
    warehouse_dsn: str | None
    stack: Stack | None = None
    alert_topic: str = ""
    prefix: str = "totelake"

    @property
    def ingestion(self) -> ObjectStore:
        """The ingestion bucket."""
        return S3Store(self.clients.s3, self.ingestion_bucket)

    @property
    def processed(self) -> ObjectStore:
        """The processed bucket."""
        return S3Store(self.clients.s3, self.processed_bucket)

    def tables_of(self, zone: str) -> SchemaCatalog:
        """The Data Catalog's database over a zone: ingestion or processed."""
        return GlueCatalog(self.clients.glue, f"{self.prefix.replace('-', '_')}_{zone}")

    @classmethod
    def of_stack(cls, stack: Stack) -> Target:
        """The local stack."""
        return cls(
            kind=LOCAL,
            clients=stack_clients(stack),
            ingestion_bucket=stack.ingestion_bucket,
            processed_bucket=stack.processed_bucket,
            artifacts_bucket=stack.artifacts_bucket,
            role=_LOCAL_ROLE,
            warehouse_dsn=stack.warehouse_dsn,
            stack=stack,
            alert_topic=stack.alert_topic,
        )

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Target:
        """The AWS account of the environment. Raises ConfigurationError naming the variable that is missing."""
        ingestion, processed, artifacts = (
            _variable(environment, f"TOTELAKE_{name}_BUCKET") for name in ("INGESTION", "PROCESSED", "ARTIFACTS")
        )
        return cls(
            kind=AWS,
            clients=Clients.from_environment(environment),
            ingestion_bucket=ingestion,
            processed_bucket=processed,
            artifacts_bucket=artifacts,
            role=environment.get("TOTELAKE_JOB_ROLE", ""),
            warehouse_dsn=environment.get("WAREHOUSE_DSN"),
            alert_topic=environment.get("TOTELAKE_ALERT_TOPIC", ""),
            prefix=environment.get("TOTELAKE_PREFIX") or "totelake",
        )

    @classmethod
    def named(cls, kind: str, home: Path) -> Target:
        """The target of that name. Raises ConfigurationError when it is not there."""
        if kind == LOCAL:
            return cls.of_stack(load(home))
        if kind == AWS:
            found = cls.of_environment(os.environ)
            here = sorted(filter(is_on_this_machine, set(found.clients.endpoints.values())))
            if here:
                _LOG.warning(
                    "--target aws asks %s, which is this machine and no account; unset AWS_ENDPOINT_URL and what else "
                    "`totelake env` set, or open another shell",
                    ", ".join(here),
                )
            return found
        raise ConfigurationError(f"--target is '{kind}'; use {LOCAL} or {AWS}")


def stack_clients(stack: Stack) -> Clients:
    """Clients of the local stack, whatever the environment says."""
    endpoints = {"": stack.aws_endpoint, "glue": stack.glue_endpoint}
    variables = stack.environment()
    return Clients(stack.region, endpoints, (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]))


def _variable(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise ConfigurationError(f"the variable {name} is not set; take it from Terraform's outputs")
    return value
