"""Buckets and databases of their own for the adapters' tests."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.conftest import KEY
from totelake.runtime import Clients

KEYS = (KEY, KEY)
REGION = "eu-west-2"


@pytest.fixture(scope="session")
def s3(moto_endpoint: str) -> Any:
    """A client of S3 on moto."""
    return Clients(REGION, {"": moto_endpoint}, KEYS).s3


@pytest.fixture
def bucket(s3: Any) -> str:
    """An empty bucket."""
    name = f"ports-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def new_database(glue: Any) -> str:
    """An empty database of the Data Catalog."""
    name = f"ports_{uuid.uuid4().hex[:12]}"
    glue.create_database(DatabaseInput={"Name": name})
    return name
