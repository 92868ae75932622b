"""The boto3 clients of the AWS endpoint that localglue uses; all threads share them."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.session import Session

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

DUMMY_CREDENTIAL = "testing"
"""For an endpoint such as moto, which accepts any credentials."""


class Clients:
    """Clients of S3, CloudWatch Logs and the Data Catalog for one endpoint."""

    def __init__(self, endpoint: str, region: str) -> None:
        session = _session(region)
        config = Config(
            max_pool_connections=32, s3={"addressing_style": "path"}, retries={"max_attempts": 3}, proxies={}
        )
        self.s3: S3Client = session.client("s3", endpoint_url=endpoint, config=config)
        self.logs: CloudWatchLogsClient = session.client("logs", endpoint_url=endpoint, config=config)
        self.data_catalog: GlueClient = session.client("glue", endpoint_url=endpoint, config=config)

    def close(self) -> None:
        """Close the connections."""
        for client in (self.s3, self.logs, self.data_catalog):
            client.close()


@cache
def _session(region: str) -> boto3.Session:
    """One session for all instances in this process: loading the service models takes most of a start.

    It knows no profile and no file of the user's: a key for AWS is none for this endpoint.
    """
    nothing = (None, None, os.devnull, None)
    core = Session({"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing})
    return boto3.Session(DUMMY_CREDENTIAL, DUMMY_CREDENTIAL, region_name=region, botocore_session=core)
