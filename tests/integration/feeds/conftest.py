"""A source of files in a bucket of its own, runs of its job, and what they brought into the lake."""

from __future__ import annotations

import io
import json
import logging
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest

from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.feeds.files.ingest import ingest_files
from totelake.feeds.looks import Place, TableLook
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import Bookmark
from totelake.ports.s3 import S3Store
from totelake.runtime import moments
from totelake.runtime.clients import Clients
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import IngestFilesArguments

SOURCE, TABLE = "targets", "sales_target"


def target(month: int = 1, amount: Any = 100, department: str = "Sales", currency: str = "GBP") -> dict[str, Any]:
    """A record that fits."""
    return {"month": f"2026-{month:02d}-01", "department": department, "currency": currency, "amount": amount}


class Files:
    """The source, whose bucket is named by a deployment of its own; by its prefix, one that is there."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix or f"t{uuid.uuid4().hex[:12]}"
        self.clients = Clients.from_environment()
        self.s3 = self.clients.s3
        self.bucket, self.ingestion = f"{self.prefix}-targets", f"{self.prefix}-ingestion"
        for name in (self.bucket, self.ingestion) if not prefix else ():
            self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})

    def put(self, name: str, content: Any) -> None:
        """Write a file: bytes as they are, anything else as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.s3.put_object(Bucket=self.bucket, Key=f"{TABLE}/{name}", Body=body)

    def job(self, **more: Any) -> Job[IngestFilesArguments]:
        """A job as Glue would run it."""
        given = IngestFilesArguments(self.ingestion, "-", "-", "-", source=SOURCE, prefix=self.prefix)
        return Job(replace(given, **more), self.clients, logging.getLogger("totelake.tests"))

    def run(self, **more: Any) -> Manifest | None:
        """A run of the job."""
        return ingest_files(self.job(**more))

    @property
    def log(self) -> CommitLog:
        """The source's log."""
        return CommitLog(S3Store(self.s3, self.ingestion), SOURCE)

    def due(self) -> list[str]:
        """The alerts that wait for the next mail, in words."""
        listed = self.s3.list_objects_v2(Bucket=self.ingestion, Prefix="_alerts/due/").get("Contents", ())
        bodies = [self.s3.get_object(Bucket=self.ingestion, Key=item["Key"])["Body"].read() for item in listed]
        return [body.decode() for body in bodies]

    def look(self, table: Table | None = None) -> TableLook:
        """What a look at the source shows, by its contract or another one."""
        from totelake.feeds.kinds import look_at_feed

        place = Place(self.clients, S3Store(self.s3, self.ingestion), self.prefix, moments.now())
        contracts = load_contracts()
        bookmark = Bookmark.of(self.log.newest())
        tables = [table] if table else contracts.source_tables(SOURCE)
        return look_at_feed(place, contracts.source(SOURCE), tables, bookmark)[0]

    def rows(self, manifest: Manifest | None, kind: str = "objects") -> list[dict[str, Any]]:
        """The events of a batch, or its quarantined rows."""
        found: list[dict[str, Any]] = []
        commit = manifest.tables.get(TABLE) if manifest else None
        for item in getattr(commit, kind, ()):
            body = self.s3.get_object(Bucket=self.ingestion, Key=item.staged)["Body"].read()
            found += pq.read_table(io.BytesIO(body)).to_pylist()
        return found

    def amounts(self, manifest: Manifest | None) -> dict[int, tuple[str, str]]:
        """By month the operation and the amount of each event."""
        return {row["month"].month: (row["_op"], str(row["amount"])) for row in self.rows(manifest)}

    def refused(self, manifest: Manifest | None) -> list[tuple[str, str, str]]:
        """Line, rule and reason of each quarantined row."""
        payloads = [(json.loads(row["payload"]), row["rule"]) for row in self.rows(manifest, "quarantine")]
        return [(payload["_line"], rule, payload["_why"]) for payload, rule in payloads]


@pytest.fixture
def files(aws: str) -> Iterator[Files]:
    """A source without files."""
    yield Files()
