"""totelake's own ingestion job, as it is deployed, to S3; its copy of the source is the replay of its events."""

from __future__ import annotations

import contextlib
import io
import json
import uuid
from collections.abc import Mapping
from typing import Any

import boto3
import pyarrow.parquet as pq

from tests.benchmarks.lost_changes.totesys import TABLES
from tests.benchmarks.lost_changes.verdict import Replica
from totelake.capture.ingest import ingest
from totelake.lake.manifest import Manifest
from totelake.runtime import open_job
from totelake.runtime.job_arguments import IngestArguments, parse_arguments
from totelake.seed import SOURCE


class Totelake:
    """The job `ingest` with a bucket of its own, on the AWS endpoint that the environment names."""

    name = "totelake"

    def __init__(self, secret: Mapping[str, Any]) -> None:
        name = uuid.uuid4().hex[:12]
        self._bucket, secret_id = f"ingestion-{name}", f"secret-{name}"
        self._s3 = boto3.client("s3")
        self._s3.create_bucket(Bucket=self._bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        boto3.client("secretsmanager").create_secret(Name=secret_id, SecretString=json.dumps(secret))
        given = {
            "ingestion_bucket": self._bucket,
            "processed_bucket": "processed",
            "ingestion_database": "ingestion",
            "processed_database": "processed",
            "source": SOURCE,
            "source_secret": secret_id,
        }
        self._argv = ["lost_changes", *(word for name, value in given.items() for word in (f"--{name}", value))]
        self._rows: dict[str, dict[int, tuple[Any, ...]]] = {table.name: {} for table in TABLES}
        self._doubled = 0
        self._pending: list[Manifest] = []

    def look(self) -> int:
        """One run of the job; the events that it committed."""
        arguments = parse_arguments(self._argv, IngestArguments)
        with contextlib.redirect_stdout(io.StringIO()), open_job(arguments) as job:
            manifest = ingest(job)
        if manifest is None:
            return 0
        self._pending.append(manifest)
        return sum(table.rows for table in manifest.tables.values())

    def replica(self) -> Replica:
        """All events applied in the order of their batches; a second event for a key of a batch counts as doubled."""
        for manifest in self._pending:
            for table in TABLES:
                events = self._events(manifest, table.name)
                keys = [event[table.key_name] for event in events]
                self._doubled += len(keys) - len(set(keys))
                rows = self._rows[table.name]
                for key, event in zip(keys, events):
                    if event["_op"] == "D":
                        del rows[key]
                    else:
                        rows[key] = tuple(event[name] for name in table.column_names)
        self._pending.clear()
        return Replica({name: dict(rows) for name, rows in self._rows.items()}, self._doubled)

    def _events(self, manifest: Manifest, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for item in manifest.objects_of(table):
            body = self._s3.get_object(Bucket=self._bucket, Key=item.staged)["Body"].read()
            found += pq.read_table(io.BytesIO(body)).to_pylist()
        return found
