"""The boto3 clients of S3 and of the Data Catalog; all threads share them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.session import Session

from localathena.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client


class Clients:
    """Clients that know no profile and no file of the user's: a key for AWS is none for these endpoints."""

    def __init__(self, settings: Settings) -> None:
        nothing = (None, None, os.devnull, None)
        core = Session({"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing})
        keys = settings.keys
        self.session = boto3.Session(
            keys.access_key_id, keys.secret_access_key, region_name=settings.region, botocore_session=core
        )
        config = Config(
            max_pool_connections=32, s3={"addressing_style": "path"}, retries={"max_attempts": 3}, proxies={}
        )
        self.s3: S3Client = self.session.client("s3", endpoint_url=settings.endpoint, config=config)
        self.glue: GlueClient = self.session.client("glue", endpoint_url=settings.glue_endpoint, config=config)

    def close(self) -> None:
        """Close the connections."""
        self.s3.close()
        self.glue.close()
