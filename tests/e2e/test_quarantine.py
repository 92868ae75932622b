"""Bad values and a bad schema in a deployed pipeline: every run succeeds, only what is bad waits, and comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.e2e.clone import Clone
from tests.e2e.here import RefreshHere
from tests.e2e.pipeline import ORACLE, Pipeline, difference, running, warehouse_tables
from tests.integration.star.samples import OPEN_SOCKETS
from totelake.contracts import load_contracts

pytestmark = [pytest.mark.e2e, OPEN_SOCKETS]
OPEN = "SELECT target_table, source_key, rule, column_name, value, status FROM etl.quarantine ORDER BY 1, 2"


@dataclass(frozen=True)
class Bad:
    """The keys of what was spoilt."""

    order: int
    payment: int
    stranger: int


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A small source and the deployed pipeline."""
    with running(tmp_path_factory.mktemp("quarantine")) as found:
        found.command("seed", "--orders", "30")
        found.command("deploy")
        yield found


@pytest.fixture(scope="module")
def refresh(pipeline: Pipeline, spark: Any) -> RefreshHere:
    """A refresh by the deployed jobs."""
    return RefreshHere(pipeline, spark)


@pytest.fixture(scope="module")
def bad(pipeline: Pipeline, refresh: RefreshHere) -> Bad:
    """A text that is no date, an amount that is no number, a currency that nobody knows and an order in it."""
    ((order, payment),) = pipeline.source(
        "SELECT (SELECT max(sales_order_id) FROM sales_order), max(payment_id) FROM payment"
    )
    pipeline.source("UPDATE sales_order SET agreed_payment_date = 'soon' WHERE sales_order_id = %s", order)
    pipeline.source("UPDATE payment SET payment_amount = 'NaN' WHERE payment_id = %s", payment)
    pipeline.source("INSERT INTO currency VALUES (99, 'ZZZ', now(), now())")
    stranger = order - 1
    pipeline.source("UPDATE sales_order SET currency_id = 99 WHERE sales_order_id = %s", stranger)
    refresh()
    return Bad(order, payment, stranger)


@pytest.fixture(scope="module")
def mended(pipeline: Pipeline, bad: Bad, refresh: RefreshHere) -> None:
    """The source corrected, and another run."""
    pipeline.source("UPDATE sales_order SET agreed_payment_date = '2026-01-31' WHERE sales_order_id = %s", bad.order)
    pipeline.source("UPDATE payment SET payment_amount = 1 WHERE payment_id = %s", bad.payment)
    pipeline.source("UPDATE currency SET currency_code = 'JPY' WHERE currency_id = 99")
    refresh()


def test_one_bad_value_stops_nothing(pipeline: Pipeline, bad: Bad) -> None:
    orders = [row[0] for row in pipeline.warehouse("SELECT sales_order_id FROM current_sales_order ORDER BY 1")]
    expected = [row[0] for row in pipeline.source("SELECT sales_order_id FROM sales_order ORDER BY 1")]
    assert orders == [key for key in expected if key not in (bad.order, bad.stranger)]


def test_what_does_not_fit_waits_with_its_rule_and_value(pipeline: Pipeline, bad: Bad) -> None:
    assert pipeline.warehouse(OPEN) == [
        ("dim_currency", 99, "unknown_code", "currency_code", "ZZZ", "open"),
        ("fact_payment", bad.payment, "unreadable", "payment_amount", "NaN", "open"),
        ("fact_sales_order", bad.stranger, "missing_parent", "currency_id", "99", "open"),
        ("fact_sales_order", bad.order, "invalid_date", "agreed_payment_date", "soon", "open"),
    ]


def test_the_catalogue_has_a_table_over_what_was_set_apart(pipeline: Pipeline, bad: Bad) -> None:
    partitions = pipeline.glue.get_partitions(DatabaseName="totelake_processed", TableName="quarantine")["Partitions"]
    assert sorted(item["Values"][0] for item in partitions) == ["dim_currency", "fact_payment", "fact_sales_order"]


def test_events_are_rows_deletions_and_quarantined_in_every_batch(pipeline: Pipeline, bad: Bad) -> None:
    counted = pipeline.warehouse(
        "SELECT rows + deletions + quarantined FROM etl.batch WHERE target_table = 'fact_sales_order' AND batch = 1"
    )
    assert counted == pipeline.source("SELECT count(*) FROM sales_order")


def test_a_corrected_source_is_the_warehouse_again(pipeline: Pipeline, mended: None) -> None:
    found = {
        table.name: difference(pipeline.expected(table), pipeline.loaded_now(table)) for table in warehouse_tables()
    }
    assert {name: rows for name, rows in found.items() if rows} == {}


def test_what_waited_is_released_superseded_or_still_told(pipeline: Pipeline, bad: Bad, mended: None) -> None:
    assert [(row[0], row[1], row[5]) for row in pipeline.warehouse(OPEN)] == [
        ("dim_currency", 99, "superseded"),
        ("fact_payment", bad.payment, "open"),
        ("fact_sales_order", bad.stranger, "released"),
        ("fact_sales_order", bad.order, "open"),
    ]


def test_source_lake_and_warehouse_reconcile(pipeline: Pipeline, mended: None) -> None:
    found = pipeline.command("reconcile")
    assert {item["outcome"] for item in found} == {"equal"}
    assert len(found) == 2 * 11 + 8 + 11 + 11 + 3


def test_a_row_that_somebody_changed_in_the_warehouse_fails_the_reconciliation(
    pipeline: Pipeline, mended: None
) -> None:
    one = "WHERE payment_record_id = (SELECT min(payment_record_id) FROM fact_payment)"
    pipeline.warehouse(f"UPDATE fact_payment SET payment_amount = payment_amount + 1 {one}")
    status, _, shown = pipeline.attempt("reconcile")
    pipeline.warehouse(f"UPDATE fact_payment SET payment_amount = payment_amount - 1 {one}")
    assert status == 1
    assert "1 comparisons differ, the first is star log = warehouse of fact_payment" in shown


def test_a_fact_that_is_gone_from_the_warehouse_fails_the_reconciliation_and_all_of_it_is_told(
    pipeline: Pipeline, mended: None
) -> None:
    pipeline.warehouse("UPDATE etl.batch SET rows = rows - 1 WHERE target_table = 'fact_payment' AND batch = 1")
    status, _, shown = pipeline.attempt("reconcile")
    pipeline.warehouse("UPDATE etl.batch SET rows = rows + 1 WHERE target_table = 'fact_payment' AND batch = 1")
    assert status == 1
    assert "captured = applied of fact_payment" in shown and "in the batches [1]" in shown
    assert pipeline.job("totelake-watch-totesys")["JobRunState"] == "SUCCEEDED"
    told = [item["subject"] for item in pipeline.command("alerts")]
    for subject in ("dim_currency in quarantine", "fact_sales_order in quarantine", "differ in 1 comparison"):
        assert any(line.endswith(subject) for line in told), told


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone whose contracts are corrected."""
    return Clone(tmp_path_factory.mktemp("clone"))


def test_a_renamed_column_holds_its_fact_alone_until_its_contract_is_mended_and_deployed(
    pipeline: Pipeline, mended: None, refresh: RefreshHere, release: Clone
) -> None:
    """As docs/drift.md walks through it."""
    pipeline.source("ALTER TABLE purchase_order RENAME COLUMN item_quantity TO quantity")
    pipeline.source("UPDATE purchase_order SET quantity = quantity + 1 WHERE purchase_order_id = 1")
    pipeline.source("UPDATE sales_order SET units_sold = units_sold + 1 WHERE sales_order_id = 1")
    assert pipeline.attempt("drift", "--against", "source")[0] == 3
    refresh()
    held = "SELECT target_table FROM etl.batch WHERE held > 0 ORDER BY 1"
    assert pipeline.warehouse(held) == [("dim_date",), ("fact_purchase_orders",)]
    sales, purchases = load_contracts().find("fact_sales_order"), load_contracts().find("fact_purchase_orders")
    assert difference(pipeline.expected(sales), pipeline.loaded_now(sales)) == {}
    assert pipeline.attempt("drift", "purchase_order")[0] == 3
    assert pipeline.job("totelake-watch-totesys")["JobRunState"] == "SUCCEEDED"
    mails = [
        message_from_bytes(file.read_bytes(), policy=policy.default) for file in pipeline.stack.outbox.glob("*.eml")
    ]
    (told,) = (mail for mail in mails if "purchase_order held" in mail["Subject"])
    assert told["Subject"] == "totesys.purchase_order held: column renamed (suspected)"
    for used in ("fact_purchase_orders.item_quantity", "purchase_spend_by_item"):
        assert used in told.get_content()
    release.edit("catalog/sources/totesys/purchase_order.yaml", "- name: item_quantity", "- name: quantity")
    release.edit(
        "catalog/warehouse/fact_purchase_orders.yaml", "[purchase_order.item_quantity]", "[purchase_order.quantity]"
    )
    assert release.run("deploy") == 0
    assert release.run("quarantine", "replay", "--wait", "--source", SOURCE) == 0
    assert release.run("drift") == 0
    assert pipeline.warehouse(held) == []
    wanted = (ORACLE / "fact_purchase_orders.sql").read_text(encoding="utf-8").replace("item_quantity", "quantity")
    assert difference(Counter(pipeline.source(wanted)), pipeline.loaded_now(purchases)) == {}
    for table in warehouse_tables():
        assert difference(pipeline.loaded(table), pipeline.in_lake(table)) == {}, table.name
