"""Star tables of two sources in one warehouse: each source's load goes on by itself, by its own batch numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conftest import SOURCE
from tests.integration.warehouse import conftest
from tests.integration.warehouse.conftest import Warehouse, dimensions, row
from totelake.contracts import load_contracts
from totelake.lake.commits import CommitLog
from totelake.lake.records.marks import LOADED, LoadMark
from totelake.warehouse import load as load_module
from totelake.warehouse import publish

pytestmark = pytest.mark.integration
OTHER = "other"
PAYMENT, DESIGN = load_contracts().star("fact_payment"), load_contracts().star("dim_design")
BATCHES = "SELECT source, max(batch), count(*) FROM etl.batch GROUP BY source ORDER BY source"


@pytest.fixture(autouse=True)
def designs_of_another_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contracts in which dim_design is built of a source of its own."""
    known = load_contracts()
    other = replace(known.source(SOURCE), name=OTHER)
    stars = {**known.stars, DESIGN.name: replace(DESIGN, source=OTHER)}
    contracts = replace(known, sources={**known.sources, OTHER: other}, stars=stars)
    for module in (load_module, publish, conftest):
        monkeypatch.setattr(module, "load_contracts", lambda: contracts)


def test_each_load_takes_its_own_sources_tables_up_to_their_own_batch(warehouse: Warehouse) -> None:
    warehouse.commit(7, source=OTHER, dim_design=[row(DESIGN)])
    rows = {name: found for name, found in dimensions().items() if name != DESIGN.name}
    warehouse.commit(1, source=SOURCE, fact_payment=[row(PAYMENT, payment_id=7)], **rows)
    warehouse.load()
    assert warehouse.rows(BATCHES) == [(SOURCE, 1, 10)]
    assert warehouse.rows("SELECT count(*) FROM dim_design") == [(0,)]
    warehouse.load(source=OTHER)
    assert warehouse.rows(BATCHES) == [(OTHER, 7, 1), (SOURCE, 1, 10)]
    assert warehouse.rows("SELECT design_id FROM dim_design") == [(1,)]
    noted = LoadMark.of(CommitLog(warehouse.store, LOADED).newest()).commits
    assert noted == {table.name: 1 for table in load_contracts().star_tables()}
    warehouse.commit(2, source=SOURCE, fact_payment=[row(PAYMENT, payment_id=8)])
    warehouse.load()
    warehouse.load(source=OTHER)
    assert warehouse.rows(BATCHES) == [(OTHER, 7, 1), (SOURCE, 2, 20)]


def test_a_fact_that_waits_for_a_row_of_another_source_is_released_by_that_sources_load(warehouse: Warehouse) -> None:
    sales = load_contracts().star("fact_sales_order")
    rows = {name: found for name, found in dimensions().items() if name != DESIGN.name}
    warehouse.commit(1, source=SOURCE, fact_sales_order=[row(sales, sales_order_id=5)], **rows)
    warehouse.load()
    assert warehouse.rows("SELECT rule, column_name, status FROM etl.quarantine") == [
        ("missing_parent", "design_id", "open")
    ]
    warehouse.commit(9, source=OTHER, dim_design=[row(DESIGN)])
    warehouse.load(source=OTHER)
    assert warehouse.rows("SELECT sales_order_id, design_id FROM fact_sales_order") == [(5, 1)]
    assert warehouse.rows("SELECT status FROM etl.quarantine") == [("released",)]
