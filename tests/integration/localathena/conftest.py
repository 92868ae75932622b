"""One localathena for all tests of this package; each test has a database and a bucket of its own."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.config import Config

from localapi.server import Server
from localathena.app import SERVICE, LocalAthena
from localathena.settings import Settings
from localgate.keys import Keys
from tests.conftest import KEY

REGION = "eu-west-2"
WITHIN = 60.0
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass(frozen=True)
class Bench:
    """Clients of one localathena and of the endpoint behind it, and what a test has for itself."""

    athena: Any
    s3: Any
    glue: Any
    application: LocalAthena
    name: str = ""

    @property
    def output(self) -> dict[str, str]:
        """Where results go."""
        return {"OutputLocation": f"s3://{self.name}/out/"}

    def start(self, sql: str, **more: Any) -> str:
        """Submit a statement."""
        given = {"QueryExecutionContext": {"Database": self.name}, "ResultConfiguration": self.output, **more}
        return str(self.athena.start_query_execution(QueryString=sql, **given)["QueryExecutionId"])

    def ended(self, number: str) -> dict[str, Any]:
        """An execution when it has ended."""
        until = time.monotonic() + WITHIN
        while time.monotonic() < until:
            found: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=number)["QueryExecution"]
            if found["Status"]["State"] in ENDED:
                return found
            time.sleep(0.005)
        raise AssertionError(f"{number} has not ended")

    def run(self, sql: str, **more: Any) -> dict[str, Any]:
        """A statement carried out."""
        found = self.ended(self.start(sql, **more))
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
        return found

    def failure(self, sql: str, **more: Any) -> dict[str, Any]:
        """The status of a statement that fails."""
        found: dict[str, Any] = self.ended(self.start(sql, **more))["Status"]
        assert found["State"] == "FAILED", found
        return found

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:
        """The rows of a statement; those of a query without the names of its columns."""
        execution = self.run(sql, **more)
        pages = self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
        found = [
            [cell.get("VarCharValue") for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]
        ]
        return found[1:] if execution["StatementType"] == "DML" else found

    def put(self, key: str, content: bytes) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)

    def content(self, address: str) -> bytes:
        """An object's content."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        found: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return found

    def put_parquet(self, key: str, **columns: Any) -> None:
        """Write a parquet object."""
        file = BytesIO()
        pq.write_table(pa.table(columns), file)
        self.put(key, file.getvalue())


def _client(service: str, endpoint: str) -> Any:
    config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": KEY}
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION, config=config, **keys)


@pytest.fixture(scope="package")
def shared_bench(moto_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The localathena of these tests, with its clients."""
    keys = Keys(KEY, KEY)
    settings = Settings(moto_endpoint, moto_endpoint, tmp_path_factory.mktemp("localathena"), REGION, keys)
    server = Server("127.0.0.1", 0, keys, SERVICE)
    application = LocalAthena(settings)
    server.application = application
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    made = Bench(_client("athena", url), _client("s3", moto_endpoint), _client("glue", moto_endpoint), application)
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
    application.close()
    for one in (made.athena, made.s3, made.glue):
        one.close()


@pytest.fixture
def bench(shared_bench: Bench) -> Bench:
    """The shared clients, with a database and a bucket for this test, both of one name."""
    name = f"athena{uuid.uuid4().hex[:12]}"
    shared_bench.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    shared_bench.glue.create_database(DatabaseInput={"Name": name})
    return Bench(shared_bench.athena, shared_bench.s3, shared_bench.glue, shared_bench.application, name)
