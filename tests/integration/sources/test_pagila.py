"""A public sample that is not ours, from `source add` to the comparison of source and lake, nothing changed by hand."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.integration.sources.conftest import Database
from tests.integration.sources.pagila import CHANGES, ROWS, STRUCTURE, TABLES
from tests.unit.contracts.test_standard import problems
from totelake.capture import ingest as ingest_module
from totelake.capture.ingest import ingest
from totelake.capture.postgres.session import Session
from totelake.contracts.documents import read_folder
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import Batch
from totelake.operate.reconcile.finding import EQUAL
from totelake.operate.reconcile.lake import compare_keys
from totelake.operate.reconcile.source import compare_source
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress
from totelake.ports.s3 import S3Store
from totelake.runtime import Clients, open_job
from totelake.runtime.job_arguments import IngestArguments, parse_arguments
from totelake.sources.address import secret_of

pytestmark = pytest.mark.integration
NAME = "pagila"


class Lake:
    """An ingestion bucket that the source is captured into."""

    def __init__(self, database: Database) -> None:
        self._database, self._clients = database, Clients.from_environment()
        self.bucket = f"ingestion-{uuid.uuid4().hex[:12]}"
        self._clients.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
        )
        secret = json.dumps(dict(secret_of(database.reader)))
        self._clients.secretsmanager.create_secret(Name=self.bucket, SecretString=secret)
        self.store = S3Store(self._clients.s3, self.bucket)

    def run(self) -> Manifest | None:
        """One run of ingest; its commit."""
        given = {
            "ingestion_bucket": self.bucket,
            "processed_bucket": "processed",
            "ingestion_database": "ingestion",
            "processed_database": "processed",
            "source": NAME,
            "source_secret": self.bucket,
        }
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        with open_job(parse_arguments(["script", *words], IngestArguments), self._clients) as job:
            return ingest(job)

    def outcomes(self) -> dict[str, list[tuple[str, str]]]:
        """How source and ledger, ledger and events compare, by table."""
        tables = self._database.contracts().source_tables(NAME)
        batches = [Batch.of(manifest) for manifest in CommitLog(self.store, NAME).since(0)]
        bookmark = batches[-1].bookmark
        with connect(PostgresAddress.from_secret(secret_of(self._database.reader), NAME)) as connection:
            findings = {item.table: item for item in compare_source(Session(connection), self.store, tables, bookmark)}
        found = {}
        for table in tables:
            keys = compare_keys(self.store, table, bookmark.tables.get(table.name), batches, {})
            found[table.name] = [(item.outcome, item.detail) for item in (findings[table.name], keys)]
        return found


@pytest.fixture
def lake(database: Database, aws: str, busy_server: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """The lake of the database; runs go by the catalogue that `source add` has written."""
    monkeypatch.setattr(ingest_module, "load_contracts", database.contracts)
    yield Lake(database)


def test_the_sample_goes_from_its_database_to_an_equal_lake(database: Database, lake: Lake) -> None:
    database.sql(*STRUCTURE, *ROWS)
    said = database.add(NAME)
    assert {item["table"].partition(".")[2] for item in said["tables"]} == TABLES
    assert said["left_out"] == []
    documents = {path: item for path, item in read_folder(database.catalog).items() if f"/{NAME}/" in path}
    assert [found for path, item in documents.items() if "source.yaml" not in path for found in problems(item)] == []
    first = lake.run()
    assert first is not None and not Batch.of(first).bookmark.blocked
    assert set(Batch.of(first).commits) == TABLES
    equal = {name: [(EQUAL, ""), (EQUAL, "")] for name in TABLES}
    assert lake.outcomes() == equal
    database.sql(*CHANGES)
    second = lake.run()
    assert second is not None
    assert {name: commit.rows for name, commit in Batch.of(second).commits.items() if commit.rows} == {
        "film": 1, "film_actor": 2, "payment": 2, "letter": 1, "language": 1,
    }  # fmt: skip
    assert lake.outcomes() == equal
    assert lake.run() is None


def test_its_contracts_say_what_the_database_says(database: Database) -> None:
    database.sql(*STRUCTURE)
    said = database.add(NAME)
    tables = {table.name: table for table in database.contracts().source_tables(NAME)}
    film, payment = tables["film"], tables["payment"]
    assert film.grain == "A film that is rented out."
    assert film.column("special_features").description == 'Trailers: "deleted scenes", and more.'
    assert film.column("rating").enum == ("G", "PG", "PG-13", "R", "NC-17")
    assert str(film.column("language_id").foreign_key) == "language.language_id"
    assert (film.column("release_year").type, film.column("fulltext").type) == ("integer", "tsvector")
    assert payment.key_names == ("payment_date", "payment_id")
    assert tables["film_actor"].key_names == ("actor_id", "film_id")
    assert tables["letter"].column("letter_id").type == "uuid"
    # of two tables that refer to each other one reference is left out
    circle = [tables["staff"].column("store_id").foreign_key, tables["store"].column("manager_staff_id").foreign_key]
    assert circle.count(None) == 1
    assert [sentence for sentence in said["unsaid"] if "refers back" in sentence]
