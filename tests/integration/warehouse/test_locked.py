"""Locks that another session keeps: they halt no load, and hold the star tables that need them alone."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing
from typing import Any

import psycopg2
import pytest

from tests.integration.warehouse.conftest import Warehouse, dimensions, row
from tests.integration.warehouse.test_load import payment
from totelake.contracts import load_contracts
from totelake.warehouse import publish, session
from totelake.warehouse.load import _Load
from totelake.warehouse.stage import Stage

pytestmark = pytest.mark.integration
DESIGN, LOCATION, STAFF = (load_contracts().star(name) for name in ("dim_design", "dim_location", "dim_staff"))
COUNTS = (
    "SELECT (SELECT count(*) FROM star.dim_staff), (SELECT count(*) FROM star.fact_payment), "
    "(SELECT count(*) FROM star.dim_design), (SELECT count(*) FROM star.dim_location)"
)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions that wait a moment for a lock."""
    monkeypatch.setattr(session, "OPTIONS", session.OPTIONS.replace("lock_timeout=1min", "lock_timeout=200ms"))
    monkeypatch.setitem(session._SETTINGS, "lock_timeout", "200ms")


@pytest.mark.usefixtures("short")
def test_a_backup_of_a_staging_table_halts_no_load_even_when_it_looks_again(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, publishing, kept = Stage._copy, _Load._publish, list[str]()
    with ExitStack() as backups:

        def backed_up(stage: Stage, load: Any, target: str, *more: Any) -> None:
            if load.table.name == "fact_payment" and not kept:
                backup = backups.enter_context(closing(psycopg2.connect(warehouse.dsn)))
                backup.cursor().execute(f"LOCK TABLE {target} IN ACCESS SHARE MODE")
                kept.append(target)
            copy(stage, load, target, *more)

        def passed_by(load: _Load, *more: Any) -> bool:
            monkeypatch.setattr(_Load, "_publish", publishing)
            return False

        monkeypatch.setattr(Stage, "_copy", backed_up)
        monkeypatch.setattr(_Load, "_publish", passed_by)
        warehouse.commit(1, fact_payment=[payment(7)], **dimensions())
        warehouse.load()
        assert warehouse.rows(f"SELECT (SELECT count(*) FROM star.fact_payment), (SELECT count(*) FROM {kept[0]})") == [
            (1, 1)
        ]
    assert warehouse.held() == {}


@pytest.mark.usefixtures("short")
def test_tables_that_a_forgotten_transaction_locks_are_held_alone_and_a_turn_is_waited_for(
    warehouse: Warehouse,
) -> None:
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
