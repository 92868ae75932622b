"""A totesys of its own on real PostgreSQL, ingestion runs against it, and the lake's events replayed."""

from __future__ import annotations

import contextlib
import io
import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest

from tests.conftest import SOURCE, Postgres
from totelake.capture.ingest import ingest
from totelake.contracts import load_contracts
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import Bookmark, TableState
from totelake.ports.s3 import S3Store
from totelake.runtime import Clients, open_job
from totelake.runtime.job_arguments import IngestArguments, parse_arguments

READER = "totelake_reader"
PAYMENTS = (
    "INSERT INTO payment SELECT i, '2024-01-01', '2024-01-01', 100 + i, 1, 10, 1, 1, true, '2024-01-01', 1, 1 "
    "FROM generate_series(1, 200) AS i"
)


def create_tables(cursor: Any) -> None:
    """The contract's tables without their foreign keys, so that tests write what they like."""
    for table in load_contracts().source_tables(SOURCE):
        definitions = []
        for column in table.columns:
            if column.enum:
                labels = ", ".join(f"'{label}'" for label in column.enum)
                cursor.execute(f"CREATE TYPE {column.type} AS ENUM ({labels})")
            null = " NOT NULL" if column.required else ""
            key = " PRIMARY KEY" if column.primary_key else ""
            definitions.append(f"{column.name} {column.type}{null}{key}")
        cursor.execute(f"CREATE TABLE {table.name} ({', '.join(definitions)})")
        cursor.execute(f"GRANT SELECT ON {table.name} TO {READER}")


class Source:
    """One source database and the ingestion bucket that is filled from it."""

    def __init__(self, postgres: Postgres, encoding: str = "UTF8") -> None:
        self.postgres = postgres
        self.dsn = postgres.new_database(encoding=encoding)
        name = uuid.uuid4().hex[:12]
        self.bucket, self.secret = f"ingestion-{name}", f"secret-{name}"
        self._clients = Clients.from_environment()
        self.s3 = self._clients.s3
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        self._secrets = self._clients.secretsmanager
        self._secrets.create_secret(Name=self.secret, SecretString=json.dumps(postgres.secret(self.dsn, READER)))
        self.connection = self.connect()
        create_tables(self.connection.cursor())

    def connect(self, autocommit: bool = True) -> Any:
        """A session of the owner."""
        connection = psycopg2.connect(self.dsn, client_encoding="UTF8")
        connection.autocommit = autocommit
        return connection

    def sql(self, *statements: str) -> None:
        """Each statement committed by itself."""
        for statement in statements:
            self.connection.cursor().execute(statement)

    def raw(self, statement: bytes) -> None:
        """A statement whose bytes reach the database as they are."""
        encoding = self.connection.info.parameter_status("server_encoding")
        self.sql(f"SET client_encoding TO '{encoding}'")
        self.connection.cursor().execute(statement)
        self.sql("SET client_encoding TO 'UTF8'")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        cursor = self.connection.cursor()
        cursor.execute(query)
        return list(cursor.fetchall())

    def through(self, port: int, query: str) -> list[tuple[Any, ...]]:
        """All rows that the reading role gets for a query by another port."""
        database, password = self.dsn.rsplit("/", 1)[1], self.postgres.passwords[READER]
        dsn = f"postgresql://{READER}:{password}@127.0.0.1:{port}/{database}"
        with contextlib.closing(psycopg2.connect(dsn)) as found:
            cursor = found.cursor()
            cursor.execute(query)
            return list(cursor.fetchall())

    def change_secret(self, **values: Any) -> None:
        """Replace values of the secret."""
        document = {**self.postgres.secret(self.dsn, READER), **values}
        self._secrets.put_secret_value(SecretId=self.secret, SecretString=json.dumps(document))

    def move(self, postgres: Postgres) -> None:
        """Let the secret name another server, which has a database of the same name."""
        self.connection.close()
        self.postgres, self.dsn = postgres, postgres.dsn(self.dsn.rsplit("/", 1)[1])
        self.change_secret()
        self.connection = self.connect()

    def arguments(self, **more: Any) -> IngestArguments:
        """The arguments of a run."""
        given = {
            "ingestion_bucket": self.bucket,
            "processed_bucket": "processed",
            "ingestion_database": "ingestion",
            "processed_database": "processed",
            "source": SOURCE,
            "source_secret": self.secret,
            **more,
        }
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        return parse_arguments(["script", *words], IngestArguments)

    def run(self, **more: Any) -> Manifest | None:
        """One run; its commit."""
        with open_job(self.arguments(**more), self._clients) as job:
            return ingest(job)

    def log(self) -> CommitLog:
        """The source's commits."""
        return CommitLog(self.store, SOURCE)

    @property
    def store(self) -> S3Store:
        """The ingestion bucket."""
        return S3Store(self.s3, self.bucket)

    def bookmark(self) -> Bookmark:
        """The newest bookmark."""
        return Bookmark.of(self.log().newest())

    def events(self, manifest: Manifest | None, table: str) -> list[dict[str, Any]]:
        """A table's events of a commit, none when there are none."""
        if manifest is None:
            return []
        found: list[dict[str, Any]] = []
        for item in manifest.objects_of(table):
            body = self.s3.get_object(Bucket=self.bucket, Key=item.staged)["Body"].read()
            assert len(body) == item.bytes
            found += pq.read_table(io.BytesIO(body)).to_pylist()
            assert len(found) == item.rows
        return found

    def changes(self, manifest: Manifest | None, table: str) -> list[tuple[str, int]]:
        """Operation and key of a table's events, by key."""
        key = load_contracts().find(table).key_name
        return sorted(((event["_op"], event[key]) for event in self.events(manifest, table)), key=lambda item: item[1])

    def replayed(self, table: str) -> dict[int, tuple[Any, ...]]:
        """What applying all events in the order of batches gives, by key. At most one event for a key and batch."""
        contract = load_contracts().find(table)
        names, state = contract.column_names, dict[int, tuple[Any, ...]]()
        for manifest in self.log().since(0):
            events = self.events(manifest, table)
            keys = [event[contract.key_name] for event in events]
            assert len(keys) == len(set(keys)), f"batch {manifest.number} has two events for one key"
            for event in events:
                if event["_op"] == "D":
                    del state[event[contract.key_name]]
                else:
                    assert (event["_op"] == "I") == (event[contract.key_name] not in state)
                    state[event[contract.key_name]] = tuple(event[name] for name in names)
        return state

    def content(self, table: str) -> dict[int, tuple[Any, ...]]:
        """What the source has, by key."""
        contract = load_contracts().find(table)
        position = contract.column_names.index(contract.key_name)
        return {row[position]: row for row in self.rows(f"SELECT {', '.join(contract.column_names)} FROM {table}")}

    def close(self) -> None:
        """Close the session."""
        self.connection.close()


def state_of(manifest: Manifest | None, table: str = "design") -> TableState:
    """A table's state in a commit that was made."""
    assert manifest is not None
    return Bookmark.of(manifest).tables[table]


@pytest.fixture
def source(postgres: Postgres, aws: str, busy_server: None) -> Iterator[Source]:
    """An empty totesys with a bucket of its own."""
    found = Source(postgres)
    yield found
    found.close()


@pytest.fixture
def filled(source: Source) -> Source:
    """A totesys with 200 designs, captured once."""
    source.sql(insert_designs(1, 200))
    source.run()
    return source


@pytest.fixture
def paid(source: Source) -> Source:
    """A totesys with 200 payments and a design, captured once."""
    source.sql(PAYMENTS, insert_designs(1, 1))
    source.run()
    return source


def insert_designs(first: int, last: int) -> str:
    """SQL that inserts designs with these ids."""
    return (
        "INSERT INTO design SELECT i, '2024-01-01 10:00:00.123', 'Wooden', '/usr/' || i, 'f' || i || '.json', "
        f"'2024-01-01 10:00:00.123' FROM generate_series({first}, {last}) AS i"
    )
