"""`totelake query` on one machine: what the catalogue names is read, and what cannot be asked is refused."""

from __future__ import annotations

import io
import uuid
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import KEY
from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError, LakeError
from totelake.lake.partitions import ensure_log_table
from totelake.lake.views import publish
from totelake.ports.glue import GlueCatalog
from totelake.query.cache import Cache
from totelake.query.lake import Lake

pytestmark = pytest.mark.integration
CURRENCY = load_contracts().find("dim_currency")
NOON = datetime(2024, 1, 1, 12)


@pytest.fixture(scope="module")
def lake(moto_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A processed database with two versions of a currency, of which the first batch is published."""
    name = f"lake{uuid.uuid4().hex[:8]}"
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": KEY, "region_name": "eu-west-2"}
    s3, glue = (boto3.client(service, endpoint_url=moto_endpoint, **keys) for service in ("s3", "glue"))
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    glue.create_database(DatabaseInput={"Name": name})
    for batch, code in ((1, "GBP"), (2, "EUR")):
        row = {"currency_id": 1, "currency_code": code, "currency_name": code, "_op": "I", "_batch": batch}
        sink = io.BytesIO()
        moment = pa.array([NOON], pa.timestamp("us", "UTC"))
        pq.write_table(pa.Table.from_pylist([row]).append_column("_captured_at", moment), sink)
        s3.put_object(Bucket=name, Key=f"dim_currency/{batch:012d}-0.parquet", Body=sink.getvalue())
    catalog = GlueCatalog(glue, name)
    ensure_log_table(catalog, CURRENCY, name)
    publish(catalog, CURRENCY, 1)
    clients = SimpleNamespace(glue=glue, s3=s3)
    return Lake(clients, name, Cache(tmp_path_factory.mktemp("cache"), "")), name, clients


def test_a_view_shows_what_is_published_and_its_log_everything(lake: Any) -> None:
    found, database, _ = lake
    answer = found.ask("SELECT currency_code, _captured_at FROM dim_currency")
    assert (answer.columns, answer.rows) == (("currency_code", "_captured_at"), [("GBP", NOON)])
    both = found.ask(
        f'WITH d AS (SELECT * FROM "{database}".dim_currency_log) SELECT count(*) AS n FROM d, dim_currency'
    )
    assert both.document() == [{"n": 2}]


@pytest.mark.parametrize(
    ("sql", "error", "words"),
    [
        ("DROP TABLE dim_currency", ConfigurationError, "changes something; ask with SELECT or WITH"),
        ("SELECT FROM WHERE", ConfigurationError, "takes no such SQL"),
        ("SELECT 1 FROM moon", ConfigurationError, "has no lake.*moon; it has dim_currency, dim_currency_log"),
        ("SELECT moon FROM dim_currency", LakeError, "the query was refused: .*moon"),
        ("FROM read_csv('/x')", ConfigurationError, "reads from the function READ_CSV"),
        (
            "SELECT * FROM TABLE(exclude_columns(1))",
            ConfigurationError,
            "the table function exclude_columns is not answered on this machine",
        ),
        ("-- a comment", ConfigurationError, "the query is empty but for comments"),
        ("SELECT 1 FROM nowhere.moon", ConfigurationError, "the lake has no nowhere.moon, and no table at all"),
    ],
)
def test_what_cannot_be_asked_is_refused(lake: Any, sql: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        lake[0].ask(sql)


def test_an_object_is_fetched_once(lake: Any, tmp_path: Path) -> None:
    _, database, clients = lake
    fresh = Lake(clients, database, Cache(tmp_path, ""))
    assert fresh.ask("SELECT count(*) FROM dim_currency_log").rows == [(2,)]
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert fresh.ask("SELECT count(*) FROM dim_currency").rows == [(1,)]
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == files
