"""What the stack's AWS endpoint holds from the beginning: buckets, secrets, the queue, the topic of the alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping
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


def furnish(stack: Stack, elsewhere: Mapping[str, Mapping[str, str]]) -> None:
    """Make all of it; `elsewhere` has the addresses of the sources that are no database of the stack."""
    s3 = client(stack, "s3")
    for bucket in (stack.ingestion_bucket, stack.processed_bucket, stack.artifacts_bucket, *source_buckets()):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": stack.region})
    client(stack, "sqs").create_queue(QueueName=DEAD_LETTERS)
    outbox.subscribe(client(stack, "sns"), stack)
    secrets = client(stack, "secretsmanager")
    contracts = load_contracts()
    contents: dict[str, Mapping[str, Any]] = {
        contracts.source(name).secret_name(PREFIX): stack.secret(READER, name) for name in stack.sources
    }
    contents.update({contracts.source(name).secret_name(PREFIX): address for name, address in elsewhere.items()})
    contents[f"{PREFIX}/{WAREHOUSE}"] = stack.secret(LOADER, WAREHOUSE)
    for secret, content in contents.items():
        secrets.create_secret(Name=secret, SecretString=json.dumps(dict(content)))
