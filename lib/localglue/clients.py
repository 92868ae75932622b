"""The boto3 clients of the AWS endpoint that localglue uses; all threads share them."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

DUMMY_CREDENTIAL = "testing"
"""For an endpoint such as moto, which accepts any credentials."""


class Clients:
    """Clients of S3, CloudWatch Logs and the Data Catalog for one endpoint."""

    def __init__(self, endpoint: str, region: str) -> None:
        session = _session(
            os.environ.get("AWS_ACCESS_KEY_ID", DUMMY_CREDENTIAL),
            os.environ.get("AWS_SECRET_ACCESS_KEY", DUMMY_CREDENTIAL),
            os.environ.get("AWS_SESSION_TOKEN"),
            region,
        )
        config = Config(max_pool_connections=32, s3={"addressing_style": "path"}, retries={"max_attempts": 3})
        self.s3: S3Client = session.client("s3", endpoint_url=endpoint, config=config)
        self.logs: CloudWatchLogsClient = session.client("logs", endpoint_url=endpoint, config=config)
        self.data_catalog: GlueClient = session.client("glue", endpoint_url=endpoint, config=config)

    def close(self) -> None:
        """Close the connections."""
        for client in (self.s3, self.logs, self.data_catalog):
            client.close()


@cache
def _session(key: str, secret: str, token: str | None, region: str) -> boto3.Session:
    """One session for all instances in this process: loading the service models takes most of a start."""
    return boto3.Session(
        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token, region_name=region
    )
