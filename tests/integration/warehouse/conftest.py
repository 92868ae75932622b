"""A warehouse and a processed bucket: star commits as the builders leave them, and loads."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import SOURCE, Postgres
from totelake.contracts import load_contracts
from totelake.contracts.model import FACT, Table
from totelake.contracts.types import arrow_type
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt, number_text, quarantined_key
from totelake.lake.manifest import REPLAY, LakeObject, TableCommit
from totelake.lake.quarantine import SCHEMA
from totelake.lake.records.holds import LOAD, Hold, Holds
from totelake.lake.records.holds import LOG as HOLDS
from totelake.lake.records.star_commit import BatchCounts, StarCommit
from totelake.ports.s3 import S3Store
from totelake.runtime import Clients, open_job
from totelake.runtime.job_arguments import LoadArguments, parse_arguments
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


def _schema(table: Table) -> pa.Schema:
    return pa.schema([(column.name, arrow_type(column.type)) for column in table.lake_columns] + METADATA)


class Warehouse:
    """An empty warehouse database, a processed bucket and an ingestion bucket without verdicts."""

    def __init__(self, postgres: Postgres, encoding: str = "UTF8") -> None:
        name = uuid.uuid4().hex[:12]
        self.postgres = postgres
        self.bucket, self.secret = f"processed-{name}", f"warehouse-{name}"
        self.ingestion_bucket = f"ingestion-{name}"
        self.dsn = postgres.new_database("totelake_loader", encoding)
        self._clients = Clients.from_environment()
        self.s3 = self._clients.s3
        self.store = S3Store(self.s3, self.bucket)
        for bucket in (self.bucket, self.ingestion_bucket):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        self._secrets = self._clients.secretsmanager
        self._secrets.create_secret(
            Name=self.secret, SecretString=json.dumps(postgres.secret(self.dsn, "totelake_loader"))
        )
        self._numbers = dict.fromkeys((table.name for table in load_contracts().star_tables()), 0)

    def change_secret(self, **values: Any) -> None:
        """Replace values of the secret."""
        document = {**self.postgres.secret(self.dsn, "totelake_loader"), **values}
        self._secrets.put_secret_value(SecretId=self.secret, SecretString=json.dumps(document))

    def commit(
        self,
        batch: int,
        quarantined: dict[str, list[dict[str, Any]]] | None = None,
        source: str | None = None,
        **tables: list[dict[str, Any]],
    ) -> None:
        """A commit of every star table (of a source) for a batch; rows of those that are named, `_op` I by default.

        `quarantined` are rows in quarantine, of whose columns only the key has to be given.
        """
        for table in load_contracts().star_tables(source):
            self._commit(table, batch, tables.get(table.name, []), (quarantined or {}).get(table.name, []))

    def _put(self, key: str, rows: list[dict[str, Any]], schema: pa.Schema) -> tuple[LakeObject, ...]:
        if not rows:
            return ()
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=sink.getvalue())
        return (LakeObject("staged", key, len(rows), len(sink.getvalue())),)

    def _commit(self, table: Table, batch: int, rows: list[dict[str, Any]], quarantined: list[dict[str, Any]]) -> None:
        number = self._numbers[table.name] = self._numbers[table.name] + 1
        captured = NOON + timedelta(hours=batch)
        full = [{"_op": "I", "_batch": batch, "_captured_at": captured, **found} for found in rows]
        objects = self._put(f"{table.name}/{number_text(number)}-0.parquet", full, _schema(table))
        known = {
            "source_table": table.driving, "rule": "invalid_date", "column_name": "c", "value": "v", "payload": "{}",
            "_op": "I", "_batch": batch, "_captured_at": captured,
        }  # fmt: skip
        apart = self._put(
            quarantined_key("star", table.name, number), [{**known, **found} for found in quarantined], SCHEMA
        )
        deletions = sum(found["_op"] == "D" for found in full)
        rows_of_fact, deletions_of_fact = (len(full) - deletions, deletions) if table.kind == FACT else (0, 0)
        captured_at = f"{captured.isoformat()}+00:00"
        self._append(
            StarCommit(
                table=table.name,
                source=table.source,
                number=number,
                through=batch,
                verdict=number,
                commit=TableCommit(objects, len(full), quarantined=len(quarantined), quarantine=apart),
                batches={batch: BatchCounts(rows_of_fact, deletions_of_fact, len(quarantined), 0, captured_at)},
            )
        )

    def _append(self, commit: StarCommit) -> None:
        attempt = Attempt(commit.table, commit.number, "attempt")
        manifest = commit.manifest(attempt, datetime.now(timezone.utc))
        assert CommitLog(self.store, commit.table).commit(manifest)

    def replay(self, name: str, through: int, *rows: dict[str, Any]) -> None:
        """A commit of one star table with rows that left the quarantine; each says its `_batch`."""
        table = load_contracts().star(name)
        number = self._numbers[name] = self._numbers[name] + 1
        full = [{"_op": "I", "_captured_at": NOON + timedelta(hours=item["_batch"]), **item} for item in rows]
        objects = self._put(f"{name}/{number_text(number)}-0.parquet", full, _schema(table))
        done = TableCommit(objects, len(full))
        self._append(StarCommit(name, table.source, number, REPLAY, through=through, verdict=number, commit=done))

    def load(self, **more: Any) -> None:
        """One run of the job."""
        given = {
            "ingestion_bucket": self.ingestion_bucket,
            "processed_bucket": self.bucket,
            "ingestion_database": "ingestion",
            "processed_database": "processed",
            "source": SOURCE,
            "warehouse_secret": self.secret,
            **more,
        }
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        with open_job(parse_arguments(["script", *words], LoadArguments), self._clients) as job:
            load_warehouse(job)

    def held(self) -> Mapping[str, Hold]:
        """The star tables that the load holds."""
        return Holds.of(CommitLog(self.store, HOLDS).newest()).of_step(LOAD)

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
        for table in load_contracts().star_tables():
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
    yield Warehouse(postgres)


def dimensions() -> dict[str, list[dict[str, Any]]]:
    """A row with key 1 of every dimension."""
    return {table.name: [row(table)] for table in load_contracts().dimensions()}
