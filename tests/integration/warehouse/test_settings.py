"""What role, database and server set for every session changes nothing in a load, nor in a deployment."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import psycopg2
import pytest

from tests.conftest import Postgres
from tests.integration.warehouse.conftest import NOON, Warehouse, dimensions, row
from totelake.contracts import load_contracts
from totelake.deploy.deploy import _warehouse

pytestmark = pytest.mark.integration
PAYMENT = load_contracts().find("fact_payment")
HOSTILE = {
    "statement_timeout": "50ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "1ms",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "standard_conforming_strings": "off",
    "search_path": "pg_catalog",
    "synchronous_commit": "off",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "extra_float_digits": "-3",
    "client_min_messages": "debug1",
    "enable_seqscan": "off",
}


def hostile(postgres: Postgres) -> dict[str, str]:
    """The settings that the server knows."""
    with closing(psycopg2.connect(postgres.dsn("postgres"))) as connection:
        newer = {"transaction_timeout": "50ms"} if connection.server_version >= 170000 else {}
    return {**HOSTILE, **newer}


@pytest.mark.parametrize("of", ["ROLE totelake_loader IN DATABASE {}", "DATABASE {}"])
def test_what_role_and_database_set_for_every_session_changes_nothing(warehouse: Warehouse, of: str) -> None:
    database = warehouse.dsn.rsplit("/", 1)[1]
    settings = hostile(warehouse.postgres)
    for name, value in settings.items():
        warehouse.postgres.run(f"ALTER {of.format(database)} SET {name} = '{value}'")
    warehouse.commit(1, fact_payment=[row(PAYMENT, payment_id=7, payment_amount=Decimal("12.30"))], **dimensions())
    warehouse.load()
    warehouse.commit(2, fact_payment=[{"payment_id": 7, "_op": "D"}])
    warehouse.load()
    for name in settings:
        warehouse.postgres.run(f"ALTER {of.format(database)} RESET {name}")
    assert warehouse.rows("SELECT payment_id, payment_amount, payment_date FROM star.fact_payment") == [
        (7, Decimal("12.30"), NOON.date())
    ]
    assert warehouse.rows("SELECT source_key, captured_at FROM etl.deletion") == [(7, NOON.replace(hour=14))]


@pytest.mark.parametrize("of", ["ROLE totelake_loader IN DATABASE {}", "DATABASE {}"])
def test_what_role_and_database_set_for_every_session_stops_no_deployment(postgres: Postgres, of: str) -> None:
    dsn = postgres.new_database("totelake_loader")
    for name, value in {**hostile(postgres), "statement_timeout": "1ms"}.items():
        postgres.run(f"ALTER {of.format(dsn.rsplit('/', 1)[1])} SET {name} = '{value}'")
    changes = [_warehouse(dsn, print).outcome for _ in range(2)]
    assert changes == ["created", "unchanged"]
