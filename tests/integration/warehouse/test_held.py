"""Tables that the load cannot take on real PostgreSQL, Spark and S3: each is held alone, and loaded when it can be."""

from __future__ import annotations

import pytest

from tests.integration.warehouse.conftest import Warehouse, dimensions, row
from tests.integration.warehouse.test_load import payment, taken
from totelake.contracts import load_contracts

pytestmark = pytest.mark.integration
DESIGN, TRANSACTION = load_contracts().find("dim_design"), load_contracts().find("dim_transaction")


def test_a_log_that_promises_more_than_it_has_holds_its_table(warehouse: Warehouse) -> None:
    warehouse.commit(1, fact_payment=[payment(7), payment(7)], **dimensions())
    warehouse.load()
    said = "fact_payment: 1 rows were staged of 2 that its log names to batch 1; nothing was applied"
    assert said in warehouse.held()["fact_payment"].reason
    found = warehouse.content()
    assert (len(found["dim_design"]), found["fact_payment"], taken(warehouse)["dim_design"]) == (1, [], 1)
    assert "fact_payment" not in taken(warehouse)


def test_an_object_that_is_gone_holds_its_table_until_it_is_back(warehouse: Warehouse) -> None:
    key = "fact_payment/000000000001-0.parquet"
    warehouse.commit(1, fact_payment=[payment(7)], **dimensions())
    body = warehouse.s3.get_object(Bucket=warehouse.bucket, Key=key)["Body"].read()
    warehouse.s3.delete_object(Bucket=warehouse.bucket, Key=key)
    warehouse.load()
    said = f"nor is its copy {key}; restore one from the bucket's version history"
    assert said in warehouse.held()["fact_payment"].reason
    assert warehouse.rows("SELECT count(*) FROM dim_design") == [(1,)]
    # one that is there, and no parquet, is found when it is staged
    warehouse.s3.put_object(Bucket=warehouse.bucket, Key=key, Body=b"x" * len(body))
    warehouse.load()
    assert set(warehouse.held()) == {"fact_payment"}
    warehouse.s3.put_object(Bucket=warehouse.bucket, Key=key, Body=body)
    warehouse.load()
    assert (warehouse.held(), warehouse.rows("SELECT payment_id FROM fact_payment")) == ({}, [(7,)])


def test_a_table_that_is_not_there_holds_itself_alone(warehouse: Warehouse) -> None:
    warehouse.commit(1, **dimensions())
    warehouse.load()
    warehouse.rows("ALTER TABLE star.dim_transaction RENAME TO gone")
    warehouse.commit(2, dim_transaction=[row(TRANSACTION, transaction_id=2)], dim_design=[row(DESIGN, design_id=2)])
    warehouse.load()
    assert 'relation "star.dim_transaction" does not exist' in warehouse.held()["dim_transaction"].reason
    assert warehouse.rows("SELECT count(*) FROM dim_design") == [(2,)]
    warehouse.rows("ALTER TABLE star.gone RENAME TO dim_transaction")
    warehouse.load()
    assert (warehouse.held(), warehouse.rows("SELECT count(*) FROM dim_transaction")) == ({}, [(2,)])
