"""Locks that another session keeps: they halt no load, and hold the star tables that need them alone."""

from __future__ import annotations

import threading
from contextlib import closing

import psycopg2
import pytest

from tests.integration.warehouse.conftest import Warehouse, dimensions, row
from tests.integration.warehouse.test_load import payment
from totelake.contracts import load_contracts
from totelake.warehouse import publish, session

pytestmark = pytest.mark.integration
DESIGN, LOCATION, STAFF = (load_contracts().star(name) for name in ("dim_design", "dim_location", "dim_staff"))
COUNTS = (
    "SELECT (SELECT count(*) FROM star.dim_staff), (SELECT count(*) FROM star.fact_payment), "
    "(SELECT count(*) FROM star.dim_design), (SELECT count(*) FROM star.dim_location)"
)


def test_tables_that_a_forgotten_transaction_locks_are_held_alone_and_a_turn_is_waited_for(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "OPTIONS", session.OPTIONS.replace("lock_timeout=1min", "lock_timeout=200ms"))
    monkeypatch.setitem(session._SETTINGS, "lock_timeout", "200ms")
    warehouse.commit(1, fact_payment=[payment(7)], **dimensions())
    warehouse.load()
    warehouse.commit(
        2,
        dim_design=[row(DESIGN, _op="U", file_name="new"), row(DESIGN, design_id=2)],
        dim_location=[row(LOCATION, location_id=2)],
        dim_staff=[row(STAFF, staff_id=2)],
        fact_payment=[payment(8)],
    )
    with closing(psycopg2.connect(warehouse.dsn)) as forgotten:
        forgotten.cursor().execute("SELECT FROM star.dim_design WHERE design_id = 1 FOR UPDATE")
        forgotten.cursor().execute("LOCK TABLE star.dim_location IN SHARE MODE")
        warehouse.load()
    held = warehouse.held()
    assert set(held) == {"dim_design", "dim_location"}
    assert all("due to lock timeout" in hold.reason for hold in held.values())
    assert warehouse.rows(COUNTS) == [(2, 2, 1, 1)]
    with closing(psycopg2.connect(warehouse.dsn)) as other_load:
        other_load.cursor().execute(publish.LOCK)
        turn = threading.Timer(1.5, other_load.rollback)
        turn.start()
        warehouse.load()
        turn.join()
    assert (warehouse.held(), warehouse.rows(COUNTS)) == ({}, [(2, 2, 2, 2)])
    assert warehouse.rows("SELECT file_name FROM star.dim_design WHERE design_id = 1") == [("new",)]
