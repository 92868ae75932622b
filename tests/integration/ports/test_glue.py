"""GlueCatalog on moto's Data Catalog, and on localglue's, which adds the lock and the history that moto lacks."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from tests.integration.ports.conftest import KEYS, REGION, new_database
from tests.schema_catalog_behaviour import HistoryBehaviour, PartitionBehaviour, TableBehaviour
from totelake.errors import LakeError
from totelake.ports.glue import GlueCatalog, GlueCrawler
from totelake.ports.schema_catalog import SchemaCatalog
from totelake.runtime import Clients

pytestmark = pytest.mark.integration


class OnMoto:
    """A database of moto's."""

    @pytest.fixture
    def catalog(self, moto_endpoint: str) -> SchemaCatalog:
        """An empty database."""
        glue = Clients(REGION, {"": moto_endpoint}, KEYS).glue
        return GlueCatalog(glue, new_database(glue))


@pytest.fixture
def glue(localglue_endpoint: str) -> Any:
    """A client of localglue."""
    return Clients(REGION, {"": localglue_endpoint}, KEYS).glue


class OnLocalglue:
    """A database of localglue's."""

    @pytest.fixture
    def catalog(self, glue: Any) -> SchemaCatalog:
        """An empty database."""
        return GlueCatalog(glue, new_database(glue))


class TestTablesOfMoto(OnMoto, TableBehaviour):
    """GlueCatalog: tables."""


class TestPartitionsOfMoto(OnMoto, PartitionBehaviour):
    """GlueCatalog: partitions."""


class TestTablesOfLocalglue(OnLocalglue, TableBehaviour):
    """GlueCatalog: tables."""


class TestPartitionsOfLocalglue(OnLocalglue, PartitionBehaviour):
    """GlueCatalog: partitions."""


class TestHistoryOfLocalglue(OnLocalglue, HistoryBehaviour):
    """GlueCatalog: versions."""


def test_a_database_that_is_not_there_is_an_error_when_a_table_is_made(glue: Any) -> None:
    away = GlueCatalog(glue, "no_such_database")
    assert away.table("design") is None
    with pytest.raises(LakeError, match=r"CreateTable failed with EntityNotFoundException: .*; create it \(`totelake"):
        away.create({"Name": "design"})


@pytest.fixture
def crawler(glue: Any, bucket: str) -> GlueCrawler:
    """A crawler over an empty bucket."""
    name = f"ports-{uuid.uuid4().hex[:12]}"
    targets = {"S3Targets": [{"Path": f"s3://{bucket}/design/"}]}
    glue.create_crawler(Name=name, Role="role", DatabaseName=new_database(glue), Targets=targets)
    return GlueCrawler(glue, name)


def ended(crawler: GlueCrawler, before: str) -> None:
    """Wait for the end of a crawl."""
    until = time.monotonic() + 60
    while not crawler.look().is_ready or crawler.look().last_crawl == before:
        assert time.monotonic() < until, f"the crawler is {crawler.look().state}"
        time.sleep(0.05)


def test_a_crawler_says_how_its_last_crawl_ended_and_each_is_another(crawler: GlueCrawler) -> None:
    fresh = crawler.look()
    assert (fresh.is_ready, fresh.state, fresh.last_crawl, fresh.last_status) == (True, "READY", "", "")
    assert crawler.start() is True
    ended(crawler, "")
    first = crawler.look()
    assert (first.last_status, first.last_message) == ("SUCCEEDED", "")
    assert crawler.start() is True
    ended(crawler, first.last_crawl)


def test_an_unknown_crawler_is_an_error(glue: Any) -> None:
    away = GlueCrawler(glue, "no-such-crawler")
    for call in (away.look, away.start):
        with pytest.raises(LakeError, match="EntityNotFoundException"):
            call()
