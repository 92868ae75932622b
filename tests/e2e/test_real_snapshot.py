"""The real totesys of one day, carried to the warehouse by the deployed workflow and compared value by value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.pipeline import Pipeline, difference, running, warehouse_tables

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def pipeline(real_snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The real snapshot, refreshed once."""
    with running(tmp_path_factory.mktemp("real")) as found:
        found.command("seed", "--from", str(real_snapshot))
        found.command("deploy")
        found.command("run", "--wait")
        yield found


def test_every_fact_of_the_day_arrives(pipeline: Pipeline) -> None:
    counts = {table.name: pipeline.loaded(table).total() for table in warehouse_tables()}
    assert counts == {
        "dim_counterparty": 20,
        "dim_currency": 3,
        "dim_date": 1826,
        "dim_design": 424,
        "dim_location": 30,
        "dim_payment_type": 4,
        "dim_staff": 20,
        "dim_transaction": 13_959,
        "fact_payment": 13_959,
        "fact_purchase_orders": 4_114,
        "fact_sales_order": 9_845,
    }


@pytest.mark.parametrize("name", [table.name for table in warehouse_tables()])
def test_every_value_of_every_row_is_the_one_that_sql_derives_from_the_source(name: str, pipeline: Pipeline) -> None:
    table = next(table for table in warehouse_tables() if table.name == name)
    assert difference(pipeline.expected(table), pipeline.loaded(table)) == {}


@pytest.mark.parametrize("name", [table.name for table in warehouse_tables()])
def test_the_lake_through_its_catalogue_equals_the_warehouse(name: str, pipeline: Pipeline) -> None:
    table = next(table for table in warehouse_tables() if table.name == name)
    assert difference(pipeline.loaded(table), pipeline.in_lake(table)) == {}
