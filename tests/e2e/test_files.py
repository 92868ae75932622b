"""A source of files through its own workflow: file, lake, warehouse; a record that does not fit, and its correction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.pipeline import Pipeline, running
from tests.integration.feeds.conftest import SOURCE, TABLE, target

WHOLE_CATALOG = True
CURRENT = (
    "SELECT target_month::text, department_name, currency_code, target_amount::text FROM star.current_sales_target "
    "ORDER BY 1"
)
STATUS = (
    "SELECT rule, status, payload->>'_line', payload->>'_why' FROM etl.quarantine "
    "WHERE target_table = 'fact_sales_target'"
)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A stack with the deployed pipeline."""
    with running(tmp_path_factory.mktemp("files")) as found:
        found.command("deploy")
        yield found


def put(pipeline: Pipeline, name: str, records: list[Any]) -> None:
    """Write a file of targets as its planners do."""
    body = json.dumps(records, indent=0).encode()
    pipeline.s3.put_object(Bucket="totelake-targets", Key=f"{TABLE}/{name}", Body=body)


def refreshed(pipeline: Pipeline) -> str:
    """Run the workflow of the files to its end; its outcome."""
    return str(pipeline.command("run", "--wait", "--source", SOURCE)["outcome"])


def test_files_reach_the_warehouse_and_a_corrected_file_takes_the_place_of_what_did_not_fit(pipeline: Pipeline) -> None:
    put(pipeline, "2026.json", [target(1, "100.10"), target(2, "many"), target(3, 300)])
    assert refreshed(pipeline) == "SUCCEEDED"
    assert pipeline.warehouse(CURRENT) == [
        ("2026-01-01", "Sales", "GBP", "100.10"), ("2026-03-01", "Sales", "GBP", "300.00"),
    ]  # fmt: skip
    assert pipeline.warehouse(STATUS) == [("invalid_value", "open", "8", "amount: many is no number")]
    listed = pipeline.command("quarantine", "list", "--table", "fact_sales_target")
    assert listed["total"] == 1
    put(pipeline, "2026.json", [target(1, "100.10"), target(2, 200), target(3, 333)])
    assert refreshed(pipeline) == "SUCCEEDED"
    assert [row[3] for row in pipeline.warehouse(CURRENT)] == ["100.10", "200.00", "333.00"]
    assert pipeline.warehouse("SELECT count(*) FROM star.fact_sales_target") == [(4,)]
    assert [row[1] for row in pipeline.warehouse(STATUS)] == ["superseded"]
    found = pipeline.command("reconcile", "--source", SOURCE)
    assert {item["outcome"] for item in found} == {"equal"}
    shown = pipeline.command("query", "SELECT count(*) AS n FROM current_sales_target")
    assert "3" in json.dumps(shown)
