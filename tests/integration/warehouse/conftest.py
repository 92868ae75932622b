"""A warehouse and a processed bucket: star commits as the builders leave them, and loads."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import boto3
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import Postgres
from totelake.contracts import catalog
from totelake.contracts.model import FACT, Table
from totelake.contracts.types import arrow_type
from totelake.lake.commits import CommitLog
from totelake.lake.keys import number_text, quarantined_key
from totelake.lake.manifest import DATA, REPLAY, LakeObject, Manifest, TableCommit
from totelake.lake.quarantine import SCHEMA
from totelake.runtime import JobArguments, open_runtime
from totelake.warehouse.load import load_warehouse

NOON = datetime(2024, 1, 1, 12)
METADATA = [("_op", pa.string()), ("_batch", pa.int64()), ("_captured_at", pa.timestamp("us"))]
_SAMPLES = {"integer": 1, "boolean": True, "date": date(2024, 1, 1), "time without time zone": "09:30:00.123"}


def row(table: Table, **values: Any) -> dict[str, Any]:
    """A row of a star table with sample values for what is not named."""
    sample = {
        column.name: _SAMPLES.get(column.type, "text" if "character" in column.type else None)
        for column in table.lake_columns
    }
    money = {column.name: 10 for column in table.lake_columns if column.type.startswith("numeric")}
    return {**sample, **money, **values}


class Warehouse:
    """An empty warehouse database, a processed bucket and an ingestion bucket without verdicts."""

    def __init__(self, postgres: Postgres, endpoint: str) -> None:
        name = uuid.uuid4().hex[:12]
        self.postgres = postgres
        self.bucket, self.secret = f"processed-{name}", f"warehouse-{name}"
        self.ingestion_bucket = f"ingestion-{name}"
        self.dsn = postgres.new_database("totelake_loader")
        self.s3 = boto3.client("s3", endpoint_url=endpoint)
        for bucket in (self.bucket, self.ingestion_bucket):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        self._secrets = boto3.client("secretsmanager", endpoint_url=endpoint)
        self._secrets.create_secret(
            Name=self.secret, SecretString=json.dumps(postgres.secret(self.dsn, "totelake_loader"))
        )
        self._numbers = dict.fromkeys((table.name for table in catalog().warehouse_tables()), 0)

    def change_secret(self, **values: Any) -> None:
        """Replace values of the secret."""
        document = {**self.postgres.secret(self.dsn, "totelake_loader"), **values}
        self._secrets.put_secret_value(SecretId=self.secret, SecretString=json.dumps(document))

    def commit(
        self, batch: int, refused: dict[str, list[dict[str, Any]]] | None = None, **tables: list[dict[str, Any]]
    ) -> None:
        """A commit of every star table for a batch; rows of those that are named. `_op` is I unless a row says.

        `refused` are rows in quarantine, of whose columns only the key has to be given.
        """
        for table in catalog().warehouse_tables():
            self._commit(table, batch, tables.get(table.name, []), (refused or {}).get(table.name, []))

    def _put(self, key: str, rows: list[dict[str, Any]], schema: pa.Schema) -> tuple[LakeObject, ...]:
        if not rows:
            return ()
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=sink.getvalue())
        return (LakeObject("staged", key, len(rows), len(sink.getvalue())),)

    def _commit(self, table: Table, batch: int, rows: list[dict[str, Any]], refused: list[dict[str, Any]]) -> None:
        number = self._numbers[table.name] = self._numbers[table.name] + 1
        captured = NOON + timedelta(hours=batch)
        full = [{"_op": "I", "_batch": batch, "_captured_at": captured, **found} for found in rows]
        fields = [(column.name, arrow_type(column.type)) for column in table.lake_columns]
        objects = self._put(f"{table.name}/{number_text(number)}-0.parquet", full, pa.schema(fields + METADATA))
        known = {
            "source_table": table.source, "rule": "invalid_date", "column_name": "c", "value": "v", "payload": "{}",
            "_op": "I", "_batch": batch, "_captured_at": captured,
        }  # fmt: skip
        apart = self._put(
            quarantined_key("star", table.name, number), [{**known, **found} for found in refused], SCHEMA
        )
        deletions = sum(found["_op"] == "D" for found in full)
        counts = (len(full) - deletions, deletions) if table.kind == FACT else (0, 0)
        document = {
            "rows": counts[0], "deletions": counts[1], "quarantined": len(refused), "held": 0,
            "captured_at": f"{captured.isoformat()}+00:00",
        }  # fmt: skip
        state = {"through": {"totesys": batch}, "verdict": number, "batches": {str(batch): document}}
        done = TableCommit(objects, len(full), quarantined=len(refused), quarantine=apart)
        commits = {table.name: done} if objects or apart else {}
        manifest = Manifest(table.name, number, "attempt", DATA, "now", commits, state)
        assert CommitLog(self.s3, self.bucket, table.name).commit(manifest)

    def replay(self, name: str, through: int, *rows: dict[str, Any]) -> None:
        """A commit of one star table with rows that left the quarantine; each says its `_batch`."""
        table = catalog().table(name)
        number = self._numbers[name] = self._numbers[name] + 1
        fields = [(column.name, arrow_type(column.type)) for column in table.lake_columns]
        full = [{"_op": "I", "_captured_at": NOON + timedelta(hours=item["_batch"]), **item} for item in rows]
        objects = self._put(f"{name}/{number_text(number)}-0.parquet", full, pa.schema(fields + METADATA))
        state = {"through": {"totesys": through}, "verdict": number, "batches": {}}
        manifest = Manifest(name, number, "attempt", REPLAY, "now", {name: TableCommit(objects, len(full))}, state)
        assert CommitLog(self.s3, self.bucket, name).commit(manifest)

    def load(self, **more: Any) -> None:
        """One run of the job."""
        given = {
            "ingestion_bucket": self.ingestion_bucket,
            "processed_bucket": self.bucket,
            "ingestion_database": "ingestion",
            "processed_database": "processed",
            "warehouse_secret": self.secret,
            **more,
        }
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        arguments = JobArguments.from_argv(["script", *words], "load_warehouse")
        with open_runtime(arguments) as runtime:
            load_warehouse(runtime, arguments)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        connection = psycopg2.connect(self.dsn)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything but serial numbers and times of application."""
        found = {}
        for table in catalog().warehouse_tables():
            names = ", ".join(column.name for column in table.lake_columns)
            found[table.name] = self.rows(f"SELECT {names} FROM star.{table.name} ORDER BY {names}")
        found["version"] = self.rows(
            "SELECT target_table, source_key, batch, captured_at FROM etl.fact_version ORDER BY 1, 2, 3"
        )
        for name in ("deletion", "dimension_version"):
            found[name] = self.rows(f"SELECT * FROM etl.{name} ORDER BY 1, 2, 3")
        found["quarantine"] = self.rows(
            "SELECT target_table, source_key, batch, operation, rule, column_name, value, payload, captured_at, status "
            "FROM etl.quarantine ORDER BY 1, 2, 3"
        )
        return found


@pytest.fixture
def warehouse(postgres: Postgres, aws: str, spark: Any) -> Iterator[Warehouse]:
    """An empty warehouse."""
    yield Warehouse(postgres, aws)


def dimensions() -> dict[str, list[dict[str, Any]]]:
    """A row with key 1 of every dimension."""
    return {table.name: [row(table)] for table in catalog().dimensions()}
