"""Batches as ingestion leaves them, the real crawler of localglue, and check_schemas run over both."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from totelake.contracts import catalog
from totelake.contracts.types import arrow_type
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt, ingested_key
from totelake.lake.manifest import BOOKMARK, DATA, LakeObject, Manifest, TableCommit
from totelake.lake.verdicts import LOG, SOURCE
from totelake.registry.agreement import Disagreement
from totelake.registry.audit import audit_catalog
from totelake.registry.check import check_schemas
from totelake.runtime import Clients, JobArguments, open_runtime

DAY = "2026-11-24"
METADATA = [("_op", pa.string()), ("_batch", pa.int64()), ("_captured_at", pa.timestamp("us")), ("_xid", pa.int64())]
_NAMES = frozenset(name for table in catalog().source_tables(SOURCE) for name in table.column_names)


class Registry:
    """An ingestion bucket, its database and its crawler."""

    def __init__(self, endpoint: str, localglue: str) -> None:
        name = uuid.uuid4().hex[:12]
        self.bucket, self.database, self.crawler = f"ingestion-{name}", f"ingestion_{name}", f"crawler-{name}"
        self.clients = Clients("eu-west-2", {"": endpoint, "glue": localglue}, ("testing", "testing"))
        self.s3, self.glue = self.clients.s3, self.clients.glue
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        self.glue.create_database(DatabaseInput={"Name": self.database})
        self.glue.create_crawler(
            Name=self.crawler,
            Role="local",
            DatabaseName=self.database,
            Targets={
                "S3Targets": [
                    {"Path": f"s3://{self.bucket}/{SOURCE}/{table.name}/"} for table in catalog().source_tables(SOURCE)
                ]
            },
            Configuration=json.dumps(
                {"Version": 1.0, "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}
            ),
        )

    def ingest(self, number: int, rows: dict[str, list[dict[str, Any]]], **types: str) -> Manifest:
        """A batch with these rows; `types` are PostgreSQL types that differ from the contracts', or of new columns."""
        attempt = Attempt.new(SOURCE, number, "test")
        tables = {name: self._table(attempt, number, name, found, types) for name, found in rows.items()}
        manifest = Manifest(
            SOURCE,
            number,
            attempt.id,
            DATA if tables else BOOKMARK,
            "now",
            tables,
            {"captured_at": f"{DAY}T10:00:00+00:00"},
        )
        assert CommitLog(self.s3, self.bucket, SOURCE).commit(manifest)
        return manifest

    def _table(
        self, attempt: Attempt, number: int, name: str, rows: list[dict[str, Any]], types: dict[str, str]
    ) -> TableCommit:
        contract = catalog().table(name)
        columns = {column.name: types.get(column.name, column.type) for column in contract.columns}
        columns.update({column: kind for column, kind in types.items() if column not in _NAMES})
        fields = [
            (column, pa.string() if kind.startswith('"') else arrow_type(kind)) for column, kind in columns.items()
        ]
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields + METADATA)), sink)
        key = attempt.staged_key(name, "events.parquet")
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=sink.getvalue())
        final = ingested_key(SOURCE, name, DAY, number)
        item = LakeObject(key, final, len(rows), len(sink.getvalue()), "", {"ingested_on": DAY})
        known = {column.name: column for column in contract.columns}
        schema = [
            {
                "name": column,
                "type": kind,
                "required": column in known and known[column].required,
                **({"enum": list(known[column].enum)} if column in known and known[column].enum else {}),
            }
            for column, kind in columns.items()
        ]
        fingerprint = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(schema)).hex
        return TableCommit((item,), len(rows), len(rows), extra={"fingerprint": fingerprint, "schema": schema})

    def check(self, clients: Any = None, **more: Any) -> Manifest | None:
        """One run of the job."""
        given = {
            "ingestion_bucket": self.bucket,
            "processed_bucket": "processed",
            "ingestion_database": self.database,
            "processed_database": "processed",
            "ingestion_crawler": self.crawler,
            **more,
        }
        return self._run("check_schemas", check_schemas, clients, given)

    def audit(self, **more: Any) -> list[Disagreement]:
        """One run of the nightly audit."""
        given = {
            "ingestion_bucket": self.bucket,
            "processed_bucket": self.bucket,
            "ingestion_database": self.database,
            "processed_database": self.database,
            "ingestion_crawler": self.crawler,
            **more,
        }
        return list(self._run("audit_catalog", audit_catalog, None, given))

    def _run(self, job: str, work: Any, clients: Any, given: dict[str, Any]) -> Any:
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        arguments = JobArguments.from_argv(["script", *words], job)
        with open_runtime(arguments, clients or self.clients) as runtime:
            return work(runtime, arguments)

    def verdicts(self) -> list[Manifest]:
        """All verdicts."""
        return list(CommitLog(self.s3, self.bucket, LOG).since(0))

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
