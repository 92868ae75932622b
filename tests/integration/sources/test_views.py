"""A database that has no star table, as people ask for it in the lake: its rows now, and what they were before."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import KEY
from tests.integration.sources import crm
from tests.integration.sources.conftest import Database
from totelake.alerts.store import ROOT
from totelake.capture import ingest as ingest_module
from totelake.capture.ingest import ingest
from totelake.lake.views import published_batch
from totelake.ports.glue import GlueCatalog
from totelake.ports.s3 import S3Store
from totelake.query.cache import Cache
from totelake.query.lake import Lake
from totelake.registry import check, finish, registered
from totelake.registry.check import check_schemas
from totelake.runtime import Clients, open_job
from totelake.runtime.job_arguments import CheckArguments, IngestArguments, parse_arguments
from totelake.sources.address import secret_of

pytestmark = pytest.mark.integration
NAME = "crm"


class World:
    """The source `crm` with a lake of its own: buckets, a database of the Data Catalog, a crawler."""

    def __init__(self, database: Database, clients: Clients, cache: Path) -> None:
        self.database, self.clients = database, clients
        self.name = f"lake{uuid.uuid4().hex[:12]}"
        clients.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        clients.secretsmanager.create_secret(Name=self.name, SecretString=json.dumps(dict(secret_of(database.reader))))
        clients.glue.create_database(DatabaseInput={"Name": self.name})
        targets = [{"Path": f"s3://{self.name}/{NAME}/{table}/"} for table in crm.TABLES]
        clients.glue.create_crawler(
            Name=self.name, Role="local", DatabaseName=self.name, Targets={"S3Targets": targets}, TablePrefix="crm_"
        )
        self.catalog = GlueCatalog(clients.glue, self.name)
        self._lake = Lake(clients, self.name, Cache(cache, ""))

    def run(self) -> None:
        """Capture what changed, and judge it."""
        given = {
            "ingestion_bucket": self.name, "processed_bucket": self.name, "source": NAME,
            "ingestion_database": self.name, "processed_database": self.name,
        }  # fmt: skip
        self._job(ingest, IngestArguments, {**given, "source_secret": self.name})
        self._job(check_schemas, CheckArguments, {**given, "crawler": self.name})

    def _job(self, work: Any, kind: Any, given: dict[str, str]) -> None:
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        with open_job(parse_arguments(["script", *words], kind), self.clients) as job:
            work(job)

    def now(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """What the lake says that the table has now."""
        return sorted(map(tuple, self.ask(f'SELECT {columns} FROM "{self.name}"."current_crm_{table}"')), key=str)

    def ask(self, sql: str) -> list[Any]:
        """The rows of a query of Athena's SQL."""
        return list(self._lake.ask(sql).rows)

    def there(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """What the source has."""
        return sorted(self.database.ask(f"SELECT {columns} FROM {table}"), key=str)

    def alerts(self) -> list[dict[str, Any]]:
        """What was noted."""
        store = S3Store(self.clients.s3, self.name)
        return [json.loads(store.get(item.key)) for item in store.list(f"{ROOT}/incidents/")]

    def batch(self, view: str) -> int:
        return published_batch(self.catalog.table(view) or {})


@pytest.fixture
def world(
    database: Database,
    aws: str,
    localglue_endpoint: str,
    busy_server: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """A first batch, by the catalogue that `source add` has written."""
    database.sql(*crm.STRUCTURE, *crm.ROWS)
    said = database.add(NAME)
    assert {item["table"].partition(".")[2]: tuple(item["key"]) for item in said["tables"]} == crm.TABLES
    for module in (ingest_module, check, finish, registered):
        monkeypatch.setattr(module, "load_contracts", database.contracts)
    monkeypatch.setattr("totelake.lake.partition_columns.PLANNING", 0)
    found = World(database, Clients("eu-west-2", {"": aws, "glue": localglue_endpoint}, (KEY, KEY)), tmp_path / "cache")
    found.run()
    yield found


def test_the_lake_has_the_rows_of_the_source_whatever_their_key(world: World) -> None:
    for changes in ((), crm.CHANGES):
        if changes:
            world.database.sql(*changes)
            world.run()
        for table in crm.TABLES:
            assert world.now(table, crm.IN_LAKE[table]) == world.there(table, crm.IN_SOURCE[table]), table
    versions = world.ask(
        "SELECT code, _valid_from < _valid_to, _deleted_at IS NOT NULL "
        f'FROM "{world.name}"."history_crm_label" ORDER BY code'
    )
    assert versions == [("", True, True), ("A", True, True), ("a", None, False), ("b", None, False), ("ä", None, False)]


def test_views_follow_what_drifts_and_stay_where_their_table_is_held(world: World) -> None:
    world.database.sql(
        "ALTER TABLE contact ALTER visits TYPE bigint, ADD \"Läuft\" text DEFAULT 'ja'",
        "ALTER TABLE label ALTER weight TYPE integer",
        "UPDATE contact SET visits = 5000000000 WHERE name = 'Ana 3'",
        "UPDATE consent SET granted = NOT granted",
    )
    before = world.now("label", crm.IN_LAKE["label"])
    world.run()
    more = ', "läuft"'
    assert world.now("contact", crm.IN_LAKE["contact"] + more) == world.there(
        "contact", f'{crm.IN_SOURCE["contact"]}, "Läuft"'
    )
    assert world.now("consent", crm.IN_LAKE["consent"]) == world.there("consent", crm.IN_SOURCE["consent"])
    assert world.now("label", crm.IN_LAKE["label"]) == before
    assert [world.batch(f"{kind}_crm_{name}") for kind in ("current", "history") for name in crm.TABLES] == [
        2,
        2,
        1,
    ] * 2
    world.database.sql("ALTER TABLE label ALTER weight TYPE numeric(6,2)", "UPDATE label SET weight = 7.25")
    world.run()
    assert world.now("label", crm.IN_LAKE["label"]) == world.there("label", crm.IN_SOURCE["label"])
    # the held batch has a schema of its own: what is only in it is told
    (said,) = [item for item in world.alerts() if "lacks" in item["subject"]]
    assert "crm_label and the views over it lack the events of batch 2: they came" in said["body"]
