"""Batches as ingestion leaves them, the real crawler of localglue, and check_schemas run over both."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Callable, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import KEY, SOURCE
from totelake.contracts import load_contracts
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt, ingested_key
from totelake.lake.manifest import LakeObject, Manifest, TableCommit
from totelake.lake.records.batch import Batch, Bookmark, ServerIdentity, Snapshot, with_schema
from totelake.lake.records.verdict import LOG, JudgedBatch, Verdict, pending_batches
from totelake.ports.s3 import S3Store
from totelake.registry.agreement import Disagreement
from totelake.registry.audit import audit_catalog
from totelake.registry.check import check_schemas
from totelake.runtime.clients import Clients
from totelake.runtime.job import Job, open_job
from totelake.runtime.job_arguments import AuditArguments, CheckArguments, JobArguments, parse_arguments
from totelake.schemas.columns import SourceColumn, TableSchema, documents_of

DAY = "2026-11-24"
METADATA = [("_op", pa.string()), ("_batch", pa.int64()), ("_captured_at", pa.timestamp("us")), ("_xid", pa.int64())]
SERVER = ServerIdentity("7", 1, False, 1, 170000, "totesys", f"{DAY}T00:00:00+00:00")
A = TypeVar("A", bound=JobArguments)
T = TypeVar("T")
_NAMES = frozenset(name for table in load_contracts().source_tables(SOURCE) for name in table.column_names)


class Registry:
    """An ingestion bucket, its database and its crawler."""

    def __init__(self, endpoint: str, localglue: str) -> None:
        name = uuid.uuid4().hex[:12]
        self.bucket, self.database, self.crawlers = f"ingestion-{name}", f"ingestion_{name}", f"crawler-{name}"
        self.crawler = f"{self.crawlers}-{SOURCE}"
        self.clients = Clients("eu-west-2", {"": endpoint, "glue": localglue}, (KEY, KEY))
        self.s3, self.glue = self.clients.s3, self.clients.glue
        self.store = S3Store(self.s3, self.bucket)
        self.log = CommitLog(self.store, LOG)
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        self.glue.create_database(DatabaseInput={"Name": self.database})
        self.glue.create_crawler(
            Name=self.crawler,
            Role="local",
            DatabaseName=self.database,
            Targets={
                "S3Targets": [
                    {"Path": f"s3://{self.bucket}/{SOURCE}/{table.name}/"}
                    for table in load_contracts().source_tables(SOURCE)
                ]
            },
            Configuration=json.dumps(
                {"Version": 1.0, "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}
            ),
        )

    def ingest(self, number: int, rows: dict[str, list[dict[str, Any]]], **types: str) -> Manifest:
        """A batch with these rows; `types` are PostgreSQL types that differ from the contracts', or of new columns."""
        attempt = Attempt.new(SOURCE, number, "test")
        commits = {name: self._table(attempt, number, name, found, types) for name, found in rows.items()}
        bookmark = Bookmark(number, SERVER, Snapshot(1, 1, "1:1:"), f"{DAY}T10:00:00+00:00")
        manifest = Batch(bookmark, commits).manifest(attempt, datetime.now(timezone.utc))
        assert CommitLog(self.store, SOURCE).commit(manifest)
        return manifest

    def _table(
        self, attempt: Attempt, number: int, name: str, rows: list[dict[str, Any]], types: dict[str, str]
    ) -> TableCommit:
        contract = load_contracts().find(name)
        columns = {column.name: types.get(column.name, column.type) for column in contract.columns}
        columns.update({column: kind for column, kind in types.items() if column not in _NAMES})
        known = {column.name: column for column in contract.columns}
        schema = tuple(
            SourceColumn.captured(
                column,
                kind,
                required=column in known and known[column].required,
                enum=known[column].enum if column in known else (),
            )
            for column, kind in columns.items()
        )
        fields = [(column.name, column.arrow) for column in schema]
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields + METADATA)), sink)
        key = attempt.staged_key(name, "events.parquet")
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=sink.getvalue())
        final = ingested_key(SOURCE, name, DAY, number)
        item = LakeObject(key, final, len(rows), len(sink.getvalue()), "", {"ingested_on": DAY})
        fingerprint = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(documents_of(schema))).hex
        return with_schema(TableCommit((item,), len(rows), len(rows)), TableSchema(fingerprint, schema))

    def given(self, **more: Any) -> dict[str, Any]:
        """The arguments that all jobs take."""
        return {
            "ingestion_bucket": self.bucket,
            "processed_bucket": self.bucket,
            "ingestion_database": self.database,
            "processed_database": self.database,
            **more,
        }

    def check(self, clients: Clients | None = None, **more: Any) -> Verdict | None:
        """One run of the job."""
        given = self.given(**{"source": SOURCE, "crawler": self.crawler, **more})
        return self.run(check_schemas, CheckArguments, given, clients)

    def audit(self, **more: Any) -> list[Disagreement]:
        """One run of the nightly audit."""
        given = self.given(crawlers=self.crawlers, **more)
        return list(self.run(audit_catalog, AuditArguments, given))

    def run(
        self, work: Callable[[Job[A]], T], kind: type[A], given: Mapping[str, Any], clients: Clients | None = None
    ) -> T:
        """One run of a job with its arguments."""
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        with open_job(parse_arguments(["script", *words], kind), clients or self.clients) as job:
            return work(job)

    def verdicts(self) -> list[Manifest]:
        """All verdicts."""
        return list(self.log.since(0))

    def batches(self, after_verdict: int = 0, build_to: int | None = None) -> list[JudgedBatch]:
        """The judged batches of the verdicts beyond a number."""
        return pending_batches(self.log, after_verdict, SOURCE, build_to)

    def keys(self, prefix: str) -> list[str]:
        """The keys below a prefix."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def partitions(self, table: str) -> list[list[str]]:
        """The values of a table's partitions."""
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=table)["Partitions"]
        return [partition["Values"] for partition in found]

    def crawls(self) -> int:
        """How often the crawler has run."""
        return len(self.glue.list_crawls(CrawlerName=self.crawler)["Crawls"])


@pytest.fixture
def registry(moto_endpoint: str, localglue_endpoint: str) -> Registry:
    """An empty registry."""
    return Registry(moto_endpoint, localglue_endpoint)
