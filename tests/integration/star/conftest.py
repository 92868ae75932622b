"""A lake of its own on the moto endpoint: events and verdicts as earlier jobs leave them, builds, and their rows."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timezone
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import SOURCE
from tests.integration.star.samples import NOON, captured_at
from totelake.contracts import load_contracts
from totelake.contracts.types import arrow_type
from totelake.lake.commits import CommitLog
from totelake.lake.keys import ingested_key, quarantined_key, schema_key
from totelake.lake.manifest import Manifest
from totelake.lake.quarantine import SCHEMA as QUARANTINE
from totelake.lake.records.holds import BUILD, Hold, Holds
from totelake.lake.records.holds import LOG as HOLDS
from totelake.lake.records.star_commit import StarCommit, live_objects
from totelake.lake.records.verdict import LOG, AcceptedObject, JudgedBatch, SourceVerdict, Verdict
from totelake.ports.s3 import S3Store
from totelake.runtime import Clients, open_job
from totelake.runtime.job_arguments import BuildArguments, JobArguments, parse_arguments
from totelake.star.job import build_dimensions, build_facts

WORK = {"build_dimensions": build_dimensions, "build_facts": build_facts}
METADATA = [("_op", pa.string()), ("_batch", pa.int64()), ("_captured_at", pa.timestamp("us")), ("_xid", pa.int64())]
Rows = Sequence[Mapping[str, Any]]
A = TypeVar("A", bound=JobArguments)


class Lake:
    """Both buckets, both databases, and a verdict log that the test writes."""

    def __init__(self) -> None:
        name = uuid.uuid4().hex[:12]
        self.ingestion, self.processed = f"ingestion-{name}", f"processed-{name}"
        self.database = f"processed_{name}"
        self.clients = Clients.from_environment()
        self.s3, self.glue = self.clients.s3, self.clients.glue
        for bucket in (self.ingestion, self.processed):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        self.glue.create_database(DatabaseInput={"Name": self.database})
        self.ingestion_store, self.processed_store = (
            S3Store(self.s3, name) for name in (self.ingestion, self.processed)
        )

    def accept(
        self, *batches: tuple[int, Mapping[str, Rows]], types: Mapping[str, str] | None = None, strict: bool = False
    ) -> None:
        """One verdict over batches of events; `types` are PostgreSQL types of columns that differ from the contract.

        `strict` are events that were held and are taken row by row.
        """
        judged = []
        for number, tables in batches:
            put = {name: self.put_events(number, name, rows, types) for name, rows in tables.items()}
            judged.append(_judged(number, {name: replace(item, strict=strict) for name, item in put.items()}))
        self._judge(*judged)

    def accept_unreadable(self, batch: int, name: str, key: int) -> None:
        """One verdict over a batch of which ingestion has quarantined one row of one table."""
        place = quarantined_key(SOURCE, name, batch)
        known = {"source_table": name, "source_key": key, "rule": "unreadable", "column_name": "created_at"}
        entry = {**known, "value": "infinity", "payload": "{}", "_op": "U", "_batch": batch}
        body = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([{**entry, "_captured_at": captured_at(batch)}], QUARANTINE), body)
        self.s3.put_object(Bucket=self.ingestion, Key=place, Body=body.getvalue())
        self._judge(_judged(batch, {name: AcceptedObject("", 0, 0, 0, 0, "", place, 1)}))

    def _judge(self, *batches: JudgedBatch) -> None:
        log = CommitLog(self.ingestion_store, LOG)
        verdict = Verdict(sources={SOURCE: SourceVerdict(batches[-1].batch, batches=batches)})
        assert log.commit(verdict.manifest(log.attempt(log.newest(), "check"), NOON.replace(tzinfo=timezone.utc)))

    def put_events(self, batch: int, name: str, rows: Rows, types: Mapping[str, str] | None = None) -> AcceptedObject:
        """Write a batch's events of a table, with their schema, at their final key."""
        table = load_contracts().find(name)
        given = {column.name: "text" if column.enum else column.type for column in table.columns}
        columns = {**given, **{name: kind for name, kind in (types or {}).items() if name in given}}
        columns = {name: kind for name, kind in columns.items() if kind != "absent"}
        fingerprint = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(columns)).hex
        schema = pa.schema([(name, arrow_type(kind)) for name, kind in columns.items()] + METADATA)
        metadata = {"_op": "I", "_batch": batch, "_captured_at": captured_at(batch), "_xid": 700}
        body = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([{**metadata, **row} for row in rows], schema), body)
        key = ingested_key(SOURCE, table.name, "2026-11-23", batch)
        self.s3.put_object(Bucket=self.ingestion, Key=key, Body=body.getvalue())
        document = {"table": table.name, "columns": [{"name": name, "type": kind} for name, kind in columns.items()]}
        known = schema_key(SOURCE, table.name, fingerprint)
        self.s3.put_object(Bucket=self.ingestion, Key=known, Body=json.dumps(document).encode())
        kinds = [row.get("_op", "I") for row in rows]
        return AcceptedObject(key, len(rows), *(kinds.count(kind) for kind in "IUD"), fingerprint)

    def build(self, job: str, **more: Any) -> None:
        """One run of a job, which may fail as its script would."""
        arguments = self.arguments(BuildArguments, JOB_NAME=job, source=SOURCE, **more)
        with open_job(arguments, self.clients) as opened:
            WORK[job](opened)

    def arguments(self, kind: type[A], **more: Any) -> A:
        """The arguments of a job over this lake."""
        given = {
            "ingestion_bucket": self.ingestion,
            "processed_bucket": self.processed,
            "ingestion_database": "ingestion",
            "processed_database": self.database,
            **more,
        }
        return parse_arguments(["script", *[word for item in given.items() for word in _pair(*item)]], kind)

    def log(self, table: str) -> CommitLog:
        """A star table's commits."""
        return CommitLog(self.processed_store, table)

    def manifests(self, table: str) -> list[Manifest]:
        """All of a star table's commits."""
        return list(self.log(table).since(0))

    def commits(self, table: str) -> list[StarCommit]:
        """The same, as records."""
        return [StarCommit.of(load_contracts().star(table), manifest) for manifest in self.manifests(table)]

    def held(self) -> Mapping[str, Hold]:
        """The star tables that builders hold."""
        return Holds.of(CommitLog(self.processed_store, HOLDS).newest()).of_step(BUILD)

    def table(self, name: str) -> pa.Table:
        """All rows of a star table at the final keys that its commits name, ordered by batch and key."""
        found = []
        for item in live_objects(self.commits(name)):
            part = self.parquet(item.key)
            assert part.num_rows == item.rows
            found.append(part)
        key = load_contracts().find(name).key_name
        return pa.concat_tables(found).sort_by([("_batch", "ascending"), (key, "ascending")])

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """The same as tuples: the contract's columns, then `_op` and `_batch`."""
        names = [column.name for column in load_contracts().find(name).lake_columns]
        return [tuple(row.values()) for row in self.table(name).select([*names, "_op", "_batch"]).to_pylist()]

    def parquet(self, key: str) -> pa.Table:
        """The content of a parquet object of the processed bucket."""
        return pq.read_table(io.BytesIO(self.s3.get_object(Bucket=self.processed, Key=key)["Body"].read()))

    def keys(self, prefix: str = "") -> list[str]:
        """The keys of the processed bucket below a prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.processed, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def view(self, name: str) -> str:
        """The batch that a view shows, and when there is none, an error."""
        table = self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]
        return str(table["Parameters"]["totelake.batch"])

    def shown(self, name: str) -> list[tuple[int, str, int]]:
        """Key, operation and batch of every row under the locations that the Data Catalog names."""
        locations = list(self.partitions(f"{name}_log").values())
        if not locations:
            table = self.glue.get_table(DatabaseName=self.database, Name=f"{name}_log")["Table"]
            locations = [table["StorageDescriptor"]["Location"]]
        parts = [self.parquet(key) for place in locations for key in self.keys(place.split("/", 3)[3])]
        key = load_contracts().find(name).key_name
        rows = pa.concat_tables(parts).sort_by([("_batch", "ascending"), (key, "ascending")])
        return [tuple(row.values()) for row in rows.select([key, "_op", "_batch"]).to_pylist()]

    def partitions(self, name: str) -> dict[str, str]:
        """The partitions of a log: value and location."""
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=name)["Partitions"]
        return {item["Values"][0]: item["StorageDescriptor"]["Location"] for item in found}


def _judged(batch: int, accepted: Mapping[str, AcceptedObject]) -> JudgedBatch:
    return JudgedBatch(batch, f"{captured_at(batch).isoformat()}+00:00", 0, accepted)


def _pair(name: str, value: Any) -> tuple[str, str]:
    return f"--{name}", str(value)


@pytest.fixture
def lake(aws: str, spark: Any) -> Iterator[Lake]:
    """An empty lake. Spark is the process's own session."""
    yield Lake()
