"""The nightly audit over a real crawl: what agrees passes, and each disagreement is reported with both schemas."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.registry.conftest import DAY, METADATA, Registry
from tests.integration.registry.test_check import Crash, FailingClients
from totelake.lake.tables import as_input
from totelake.ports.glue import GlueCrawler
from totelake.registry import audit as job
from totelake.registry import audit_source
from totelake.registry.crawl import crawl

pytestmark = pytest.mark.integration
CURRENCY = [("currency_id", pa.int32()), ("currency_code", pa.string())]
FOLDER = f"totesys/currency/ingested_on={DAY}/"


@pytest.fixture
def night(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A currency registered and accepted; nothing counts as half way, since all of it has just been written."""
    monkeypatch.setattr(job, "SETTLED", timedelta(0))
    rows = [{"currency_id": 1, "currency_code": "GBP", "_op": "I", "_batch": 1}]
    registry.ingest(1, {"currency": rows})
    registry.check()
    return registry


def put(registry: Registry, key: str, schema: list[Any], cut: int = 0) -> None:
    """An empty parquet file of a schema, without its last bytes."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([], schema=pa.schema(schema)), sink)
    body = sink.getvalue()
    registry.s3.put_object(Bucket=registry.bucket, Key=key, Body=body[: len(body) - cut])


def columns(registry: Registry) -> list[str]:
    """The registered columns of the currency."""
    table = registry.glue.get_table(DatabaseName=registry.database, Name="currency")["Table"]
    return [item["Name"] for item in table["StorageDescriptor"]["Columns"]]


def reported(registry: Registry, capsys: pytest.CaptureFixture[str]) -> str:
    """What a failing audit logs."""
    with pytest.raises(SystemExit, match="MismatchError"):
        registry.audit()
    return capsys.readouterr().out.replace(f"s3://{registry.bucket}/", "")


def test_what_agrees_passes_and_its_files_are_opened_once(night: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    crawls = night.crawls()
    assert night.audit() == []
    assert "agree; 1 footers were read" in capsys.readouterr().out
    assert night.crawls() == crawls + 1
    night.ingest(2, {"currency": [{"currency_id": 2, "currency_code": "EUR", "_op": "I", "_batch": 2}]})
    night.check()
    assert night.audit() == []
    assert re.search(r"agree; [12] footers were read", capsys.readouterr().out)


def test_a_file_that_bears_the_number_of_no_commit_is_told_and_not_opened(
    night: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    put(night, f"{FOLDER}000000000002.parquet", CURRENCY + METADATA)
    with pytest.raises(SystemExit):
        night.audit()
    assert f"{FOLDER}000000000002.parquet: no job wrote it, but Athena reads it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("types", "steps"),
    [({"currency_id": "bigint"}, 7), ({"colour": "text"}, 3), ({"colour": "text"}, 4)],
    ids=["wider and copied", "a column more and copied", "a column more and crawled"],
)
def test_a_batch_whose_new_schema_is_just_being_registered_is_no_disagreement(
    night: Registry, types: dict[str, str], steps: int
) -> None:
    """Its verdict is half way: the files lie in their table, the schema is not among the known ones."""
    night.ingest(2, {"currency": [{"currency_id": 2, "currency_code": "EUR", "_op": "I", "_batch": 2}]}, **types)
    assert night.audit() == []
    known = night.keys("_schemas/")
    with pytest.raises(Crash):
        night.check(FailingClients(night.clients, steps))
    assert (len(night.keys("totesys/currency/")), night.keys("_schemas/")) == (2, known)
    assert night.audit() == []
    night.check()
    assert ("colour" in columns(night)) == ("colour" in types)
    assert night.audit() == []


def test_files_that_no_batch_brought_are_told_and_never_registered(
    night: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    crawls, before = night.crawls(), columns(night)
    put(night, f"{FOLDER}cut.parquet", CURRENCY + METADATA, cut=20)
    night.s3.put_object(Bucket=night.bucket, Key=f"{FOLDER}words.parquet", Body=b"a few words, no parquet")
    put(night, f"{FOLDER}other.parquet", [("colour", pa.string()), *METADATA])
    put(night, f"{FOLDER}types.parquet", [("currency_id", pa.float64()), CURRENCY[1], *METADATA])
    put(night, f"{FOLDER}wider.parquet", [*CURRENCY, ("colour", pa.string()), *METADATA])
    said = reported(night, capsys)
    assert f"{FOLDER}cut.parquet: is truncated or no parquet" in said
    assert f"{FOLDER}words.parquet: is truncated or no parquet" in said
    assert f"{FOLDER}other.parquet: no batch of this table, it has no currency_id; remove it" in said
    assert f"{FOLDER}types.parquet: currency_id is double, registered as int" in said
    assert f"{FOLDER}wider.parquet: colour is string, registered as nothing" in said
    assert "  file: currency_id double, currency_code string, _op string" in said
    assert "  registered: currency_id int, currency_code string" in said
    assert (night.crawls(), columns(night)) == (crawls, before)


def test_a_column_that_a_crawl_took_from_a_foreign_file_is_taken_back(
    night: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    before = columns(night)
    put(night, f"{FOLDER}wider.parquet", [*CURRENCY, ("colour", pa.string()), *METADATA])
    crawl(GlueCrawler(night.glue, night.crawler), sleep=lambda _: None)
    assert columns(night) == [*before, "colour"]
    said = reported(night, capsys)
    assert "registered table currency: colour came from a file that no batch brought" in said
    assert columns(night) == before
    night.s3.delete_object(Bucket=night.bucket, Key=f"{FOLDER}wider.parquet")
    assert night.audit() == []


def test_partitions_of_another_type_without_objects_or_unregistered_are_told(
    night: Registry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_source, "crawl", lambda *_: None)
    names = {"DatabaseName": night.database, "TableName": "currency"}
    storage = night.glue.get_partitions(**names)["Partitions"][0]["StorageDescriptor"]
    wrong = [{"Name": "currency_id", "Type": "string"}]
    night.glue.update_partition(
        **names,
        PartitionValueList=[DAY],
        PartitionInput={"Values": [DAY], "StorageDescriptor": {**storage, "Columns": wrong}},
    )
    empty = {**storage, "Location": f"s3://{night.bucket}/totesys/currency/ingested_on=2001-01-01/"}
    night.glue.create_partition(**names, PartitionInput={"Values": ["2001-01-01"], "StorageDescriptor": empty})
    put(night, "totesys/currency/ingested_on=2026-01-01/000000000001.parquet", CURRENCY + METADATA)
    said = reported(night, capsys)
    assert f"partition {FOLDER}: currency_id is string, registered as int" in said
    assert "partition totesys/currency/ingested_on=2001-01-01/: registered for currency, but it has no objects" in said
    assert "partition totesys/currency/ingested_on=2026-01-01/: its objects are in no registered partition" in said


def test_a_name_that_collided_and_a_broken_registration_are_told(
    night: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    table = as_input(night.glue.get_table(DatabaseName=night.database, Name="currency")["Table"])
    storage = table["StorageDescriptor"]
    moved = {**storage, "Location": f"s3://{night.bucket}/elsewhere/", "Columns": storage["Columns"][1:]}
    night.glue.update_table(DatabaseName=night.database, TableInput={**table, "StorageDescriptor": moved})
    said = reported(night, capsys)
    assert "registered table currency: it lies at elsewhere/, its objects at totesys/currency/" in said
    assert "registered table currency: currency.currency_id: column removed" in said
    assert re.search(r"registered table currency_\w{32}: no contract names it, and it lies at totesys/currency/", said)
