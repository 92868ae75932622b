"""Rows in quarantine tried again once their contract is corrected: they come as rows of their own batches, once."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.conftest import SOURCE
from tests.integration.star.conftest import Lake
from tests.integration.star.samples import SPARK, row
from totelake.contracts import TableId, load_contracts
from totelake.contracts.contracts import parse_contracts
from totelake.contracts.documents import documents
from totelake.contracts.model import Dataset
from totelake.runtime.run_properties import REPLAY
from totelake.star import build, job, replay, replay_writer
from totelake.star.replay_writer import without_unknown

pytestmark = SPARK
Correct = Callable[..., None]


@pytest.fixture
def correct(monkeypatch: pytest.MonkeyPatch) -> Iterator[Correct]:
    """Change a column's custom properties in its contract, for all that the builders read."""

    def change(table: str, column: str, **values: Any) -> None:
        files = copy.deepcopy(dict(documents()))
        properties = files[f"sources/{SOURCE}/{table}.yaml"]["schema"][0]["properties"]
        (found,) = [item for item in properties if item["name"] == column]
        found["customProperties"] = [
            {**item, "value": values.get(item["property"], item["value"])} for item in found["customProperties"]
        ]
        corrected = parse_contracts(files)
        for module in (build, job, replay, replay_writer):
            monkeypatch.setattr(module, "load_contracts", lambda: corrected)

    yield change


def replayed(lake: Lake, name: str = "build_facts") -> None:
    """A run of a job in a workflow run that asks for a replay."""
    workflow = lake.database
    if workflow not in lake.glue.list_workflows()["Workflows"]:
        lake.glue.create_workflow(Name=workflow)
    run = lake.glue.start_workflow_run(Name=workflow, RunProperties={REPLAY: "1"})["RunId"]
    lake.build(name, WORKFLOW_NAME=workflow, WORKFLOW_RUN_ID=run)


def found(lake: Lake, table: str = "fact_payment") -> list[tuple[int, str, int]]:
    """Key, operation and batch of every row."""
    return [(item[0], *item[-2:]) for item in lake.rows(table)]


def test_what_fits_now_is_a_row_of_its_own_batch_and_what_does_not_stays(lake: Lake, correct: Correct) -> None:
    late, never = row("payment", 2, payment_date="2250-01-01"), row("payment", 3, payment_date="soon")
    lake.accept((1, {"payment": [row("payment", 1), late, never]}))
    lake.accept((2, {"payment": [row("payment", 2, "U")]}))
    lake.build("build_facts")
    assert found(lake) == [(1, "I", 1), (2, "U", 2)]
    correct("payment", "payment_date", maximum="2299-12-31")
    replayed(lake)
    assert found(lake) == [(1, "I", 1), (2, "I", 1), (2, "U", 2)]
    newest = lake.commits("fact_payment")[-1]
    assert (newest.kind, newest.replayed, newest.through) == ("replay", {1: 1}, 2)
    assert str(lake.table("fact_payment").column("payment_date")[1]) == "2250-01-01"


def test_a_replay_releases_a_row_once_and_later_builds_go_on_from_it(lake: Lake, correct: Correct) -> None:
    lake.accept((1, {"payment": [row("payment", 2, payment_date="2250-01-01")]}))
    lake.build("build_facts")
    correct("payment", "payment_date", maximum="2299-12-31")
    replayed(lake)
    replayed(lake)
    assert [manifest.kind for manifest in lake.manifests("fact_payment")] == ["data", "replay"]
    lake.accept((2, {"payment": [row("payment", 3)]}))
    lake.build("build_facts")
    assert found(lake) == [(2, "I", 1), (3, "I", 2)]


def test_the_days_that_released_rows_refer_to_are_added(lake: Lake, correct: Correct) -> None:
    lake.accept((1, {"payment": [row("payment", 1), row("payment", 2, payment_date="2250-01-01")]}))
    lake.build("build_dimensions")
    lake.build("build_facts")
    correct("payment", "payment_date", maximum="2299-12-31")
    replayed(lake, "build_dimensions")
    days = lake.table("dim_date").column("date_id").to_pylist()
    assert (days[0].year, days[-1].year, len(days)) == (2023, 2251, len(set(days)))
    assert lake.commits("dim_date")[-1].years == (2023, 2251)


def test_without_anything_that_fits_nothing_is_committed(lake: Lake) -> None:
    lake.accept((1, {"payment": [row("payment", 3, payment_date="soon")], "design": [row("design", 1)]}))
    for name in ("build_facts", "build_dimensions"):
        lake.build(name)
        before = lake.keys("_commits/")
        replayed(lake, name)
        assert lake.keys("_commits/") == before


def test_every_column_comes_back_from_its_text(lake: Lake, correct: Correct) -> None:
    """A row that was quarantined and released is exactly what it would have been."""
    lake.accept((1, {"payment": [row("payment", 2, payment_date="2250-01-01"), row("payment", 3)]}))
    lake.build("build_facts")
    correct("payment", "payment_date", maximum="2299-12-31")
    replayed(lake)
    one, other = (
        {name: value for name, value in item.items() if name not in ("payment_id", "payment_date")}
        for item in lake.table("fact_payment").to_pylist()
    )
    assert one == other


def test_a_row_without_a_column_waits_although_its_other_values_fit_by_now(lake: Lake, correct: Correct) -> None:
    """A column that the row never had is not NULL, whatever else was wrong with it, and whatever was corrected."""
    gift = row("transaction", 1, transaction_type="GIFT")
    lake.accept(
        (1, {"transaction": [gift]}), types={"sales_order_id": "absent", "purchase_order_id": "absent"}, strict=True
    )
    lake.accept((2, {"transaction": [row("transaction", 2, transaction_type="GIFT")]}), strict=True)
    lake.build("build_dimensions")
    correct("transaction", "transaction_type", enum=["SALE", "PURCHASE", "GIFT"])
    replayed(lake, "build_dimensions")
    assert found(lake, "dim_transaction") == [(2, "I", 2)]
    (kept,) = [lake.parquet(key) for key in lake.keys("dead_letters/rows/star/dim_transaction/")]
    assert kept.select(["source_key", "rule", "column_name"]).to_pylist() == [
        {"source_key": 1, "rule": "missing_column", "column_name": "sales_order_id"},
        {"source_key": 2, "rule": "invalid_value", "column_name": "transaction_type"},
    ]


@pytest.mark.parametrize(("policy", "released"), [("freeze", [1]), ("evolve", [1, 2])])
def test_a_record_of_a_file_with_what_its_frozen_contract_does_not_name_still_waits(
    spark: SparkSession, policy: str, released: list[int]
) -> None:
    payment = load_contracts().table(TableId(SOURCE, "payment"))
    source = replace(payment, policy=policy, dataset=Dataset("", "json"))
    place = {"_file": "s3://x/a.json", "_line": "1", "_why": "x", "payment_id": "1"}
    payloads = [json.dumps({**place, "paid": "true"}), json.dumps({**place, "note": "x"})]
    entries = spark.createDataFrame([(1, payloads[0]), (2, payloads[1])], "source_key bigint, payload string")
    assert [row.source_key for row in without_unknown(entries, source).collect()] == released
