"""What does not fit waits in `etl.quarantine`; all else is applied, and nothing is lost from the count."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.warehouse.conftest import Warehouse, dimensions, row
from totelake.contracts import load_contracts

pytestmark = pytest.mark.integration
PAYMENT, CURRENCY = load_contracts().find("fact_payment"), load_contracts().find("dim_currency")
OPEN = "SELECT target_table, source_key, batch, rule, column_name, value, status FROM etl.quarantine ORDER BY 1, 2, 3"
COUNTS = "SELECT batch, rows, deletions, quarantined FROM etl.batch WHERE target_table = 'fact_payment' ORDER BY 1"


def payment(key: int, **values: Any) -> dict[str, Any]:
    return row(PAYMENT, payment_id=key, **values)


def test_what_a_builder_quarantined_is_kept_with_all_that_is_known_of_it(warehouse: Warehouse) -> None:
    quarantined = {"source_key": 9, "value": "soon", "payload": '{"payment_id": "9", "paid": null}'}
    warehouse.commit(1, {"fact_payment": [quarantined]}, fact_payment=[payment(7)], **dimensions())
    warehouse.load()
    assert warehouse.rows(OPEN) == [("fact_payment", 9, 1, "invalid_date", "c", "soon", "open")]
    assert warehouse.rows("SELECT payload FROM etl.quarantine") == [({"payment_id": "9", "paid": None},)]
    assert warehouse.rows(COUNTS) == [(1, 1, 0, 1)]


def test_a_batch_of_quarantined_rows_only_is_applied(warehouse: Warehouse) -> None:
    warehouse.commit(1, **dimensions())
    warehouse.commit(2, {"fact_payment": [{"source_key": 9}, {"source_key": 10}]})
    warehouse.load()
    assert warehouse.rows(COUNTS) == [(1, 0, 0, 0), (2, 0, 0, 2)]


def test_a_fact_without_its_dimension_row_waits_and_the_others_arrive(warehouse: Warehouse) -> None:
    warehouse.commit(1, fact_payment=[payment(7), payment(8, currency_id=99)], **dimensions())
    warehouse.load()
    assert warehouse.rows("SELECT payment_id FROM fact_payment") == [(7,)]
    assert warehouse.rows(OPEN) == [("fact_payment", 8, 1, "missing_parent", "currency_id", "99", "open")]
    assert warehouse.rows(COUNTS) == [(1, 1, 0, 1)]


def test_it_is_released_with_its_own_batch_when_the_dimension_row_arrives(warehouse: Warehouse) -> None:
    late = payment(8, currency_id=99, payment_amount=Decimal("0.10"))
    warehouse.commit(1, fact_payment=[payment(7), late], **dimensions())
    warehouse.load()
    warehouse.commit(2, dim_currency=[row(CURRENCY, currency_id=99)], fact_payment=[payment(8, _op="U", paid=False)])
    warehouse.load()
    versions = "SELECT payment_id, paid, payment_amount, batch FROM history_payment ORDER BY payment_id, batch"
    assert warehouse.rows(versions) == [
        (7, True, Decimal("10.00"), 1), (8, True, Decimal("0.10"), 1), (8, False, Decimal("10.00"), 2),
    ]  # fmt: skip
    assert warehouse.rows("SELECT payment_id, paid FROM current_payment ORDER BY 1") == [(7, True), (8, False)]
    assert warehouse.rows("SELECT status, settled_at IS NOT NULL FROM etl.quarantine") == [("released", True)]
    assert warehouse.rows(COUNTS) == [(1, 2, 0, 0), (2, 1, 0, 0)]


def test_a_later_good_version_is_not_blocked_by_one_that_waits(warehouse: Warehouse) -> None:
    warehouse.commit(1, fact_payment=[payment(8, currency_id=99)], **dimensions())
    warehouse.commit(2, fact_payment=[payment(8, _op="U")])
    warehouse.load()
    assert warehouse.rows("SELECT payment_id, currency_id FROM current_payment") == [(8, 1)]
    assert warehouse.rows(COUNTS) == [(1, 0, 0, 1), (2, 1, 0, 0)]


def test_a_quarantined_version_of_a_dimension_is_superseded_by_a_newer_good_one(warehouse: Warehouse) -> None:
    warehouse.commit(1, {"dim_currency": [{"source_key": 2}, {"source_key": 3}]}, **dimensions())
    warehouse.load()
    warehouse.commit(2, dim_currency=[row(CURRENCY, currency_id=2)])
    warehouse.load()
    found = "SELECT source_key, status FROM etl.quarantine ORDER BY 1"
    assert warehouse.rows(found) == [(2, "superseded"), (3, "open")]


def test_an_empty_warehouse_catches_up_to_the_same_content(warehouse: Warehouse) -> None:
    warehouse.commit(
        1, {"fact_payment": [{"source_key": 9}]}, fact_payment=[payment(7), payment(8, currency_id=99)], **dimensions()
    )
    warehouse.load()
    warehouse.commit(2, fact_payment=[payment(6, currency_id=98)])
    warehouse.load()
    warehouse.commit(3, dim_currency=[row(CURRENCY, currency_id=99)])
    warehouse.load()
    step_by_step = warehouse.content()
    warehouse.rows("DROP SCHEMA star CASCADE; DROP SCHEMA etl CASCADE")
    warehouse.load()
    rebuilt = warehouse.content()
    waited = [found for found in step_by_step.pop("quarantine") if found[-1] != "released"]
    assert rebuilt.pop("quarantine") == waited
    assert rebuilt == step_by_step


def test_what_a_replay_brings_is_applied_with_its_own_batch_once(warehouse: Warehouse) -> None:
    warehouse.commit(1, {"fact_payment": [{"source_key": 8}]}, fact_payment=[payment(7)], **dimensions())
    warehouse.commit(2, fact_payment=[payment(8, _op="U", paid=False)])
    warehouse.load()
    warehouse.replay("fact_payment", 2, payment(8, _batch=1))
    warehouse.load()
    before = warehouse.content()
    warehouse.load()
    assert warehouse.content() == before
    assert warehouse.rows("SELECT payment_id, paid, batch FROM history_payment ORDER BY 1, 3") == [
        (7, True, 1), (8, True, 1), (8, False, 2),
    ]  # fmt: skip
    assert warehouse.rows("SELECT status FROM etl.quarantine") == [("released",)]
    assert warehouse.rows(COUNTS) == [(1, 2, 0, 0), (2, 1, 0, 0)]
    assert warehouse.rows("SELECT target_table, commit_number, rows FROM etl.replay") == [("fact_payment", 3, 1)]


def test_a_replayed_version_of_a_dimension_does_not_replace_a_newer_one(warehouse: Warehouse) -> None:
    quarantined = [{"source_key": 2}, {"source_key": 3}]
    warehouse.commit(1, {"dim_currency": quarantined}, **dimensions())
    warehouse.commit(2, dim_currency=[row(CURRENCY, currency_id=2, currency_code="NEW")])
    warehouse.load()
    replayed = [row(CURRENCY, currency_id=key, currency_code="OLD", _batch=1) for key in (2, 3)]
    warehouse.replay("dim_currency", 2, *replayed)
    warehouse.load()
    assert warehouse.rows("SELECT currency_id, currency_code FROM dim_currency WHERE currency_id > 1 ORDER BY 1") == [
        (2, "NEW"), (3, "OLD"),
    ]  # fmt: skip
    found = "SELECT source_key, status FROM etl.quarantine ORDER BY 1"
    assert warehouse.rows(found) == [(2, "superseded"), (3, "released")]


def test_a_replayed_fact_without_its_dimension_row_waits_for_it(warehouse: Warehouse) -> None:
    warehouse.commit(1, {"fact_payment": [{"source_key": 8}]}, **dimensions())
    warehouse.load()
    warehouse.replay("fact_payment", 1, payment(8, _batch=1, currency_id=99))
    warehouse.load()
    assert warehouse.rows(OPEN) == [("fact_payment", 8, 1, "missing_parent", "currency_id", "99", "open")]
    warehouse.commit(2, dim_currency=[row(CURRENCY, currency_id=99)])
    warehouse.load()
    assert warehouse.rows("SELECT payment_id FROM fact_payment") == [(8,)]
    assert warehouse.rows(COUNTS) == [(1, 1, 0, 0), (2, 0, 0, 0)]


def test_a_replay_and_the_batch_before_it_can_be_one_load(warehouse: Warehouse) -> None:
    warehouse.commit(1, {"fact_payment": [{"source_key": 8}]}, fact_payment=[payment(7)], **dimensions())
    warehouse.replay("fact_payment", 1, payment(8, _batch=1))
    warehouse.commit(2, fact_payment=[payment(9)])
    warehouse.load()
    assert warehouse.rows("SELECT payment_id FROM fact_payment ORDER BY 1") == [(7,), (8,), (9,)]
    assert warehouse.rows(COUNTS) == [(1, 2, 0, 0), (2, 1, 0, 0)]
