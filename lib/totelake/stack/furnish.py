"""What the stack's AWS endpoint holds from the beginning: buckets, secrets, the queue, the topic of the alerts."""

from __future__ import annotations

import json
from typing import Any

from totelake.contracts import load_contracts
from totelake.contracts.sources import FILES
from totelake.runtime.clients import Clients
from totelake.stack import outbox
from totelake.stack.model import DEAD_LETTERS, LOADER, PREFIX, READER, WAREHOUSE, Stack


def client(stack: Stack, service: str) -> Any:
    """A boto3 client of the stack."""
    endpoints = {"": stack.aws_endpoint, "glue": stack.glue_endpoint}
    return Clients(stack.region, endpoints, (stack.access_key_id, stack.secret_access_key)).client(service)


def source_buckets() -> list[str]:
    """The buckets of the sources of kind files, which on one machine nobody else makes."""
    sources = load_contracts().sources.values()
    return sorted({source.option("bucket", PREFIX) for source in sources if source.kind == FILES})


def furnish(stack: Stack) -> None:
    """Make all of it."""
    s3 = client(stack, "s3")
    for bucket in (stack.ingestion_bucket, stack.processed_bucket, stack.artifacts_bucket, *source_buckets()):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": stack.region})
    client(stack, "sqs").create_queue(QueueName=DEAD_LETTERS)
    outbox.subscribe(client(stack, "sns"), stack)
    secrets = client(stack, "secretsmanager")
    names = {load_contracts().source(name).secret_name(PREFIX): (READER, name) for name in stack.sources}
    names[f"{PREFIX}/{WAREHOUSE}"] = (LOADER, WAREHOUSE)
    for secret, (role, database) in names.items():
        secrets.create_secret(Name=secret, SecretString=json.dumps(stack.secret(role, database)))
