"""A table whose lock is not to be had is blocked alone, with who holds it, and is compared whole when it is back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest

from tests.conftest import SOURCE
from tests.integration.capture.conftest import READER, Source, insert_designs, state_of
from totelake.capture.blocked import is_locked
from totelake.capture.detect import look as look_module
from totelake.capture.postgres.describe import describe
from totelake.capture.postgres.locks import Patience
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import blocked_tables
from totelake.contracts import load_contracts
from totelake.lake.records.batch import Bookmark
from totelake.operate.reconcile.finding import EQUAL, NOT_CAPTURED
from totelake.operate.reconcile.source import compare_source
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress

pytestmark = pytest.mark.integration
TABLES = load_contracts().source_tables(SOURCE)
GRANT_COLUMNS = f"GRANT SELECT ({', '.join(load_contracts().find('design').column_names)}) ON design TO {READER}"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a minute for a lock here."""
    monkeypatch.setattr(look_module, "PATIENT", Patience(tries=2, seconds=3.0, sleep=lambda _: None))


@contextmanager
def holding(source: Source, statement: str) -> Iterator[int]:
    """A session that has done a statement and forgotten its transaction; its process."""
    session = source.connect(autocommit=False)
    cursor = session.cursor()
    cursor.execute("SET application_name = 'forgotten'")
    cursor.execute(statement)
    try:
        yield session.info.backend_pid
    finally:
        session.close()


def address_of(source: Source) -> PostgresAddress:
    """Where the source is, for the reading role."""
    return PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")


@pytest.mark.parametrize(
    "statement", ["LOCK TABLE design", "ALTER TABLE design ADD COLUMN more int", "REINDEX TABLE design"]
)
def test_a_forgotten_lock_blocks_its_table_alone_and_names_the_session(filled: Source, statement: str) -> None:
    with holding(filled, statement) as pid:
        filled.sql("INSERT INTO payment_type VALUES (1, 'SALES_RECEIPT', '2024-01-01', '2024-01-01')")
        assert filled.changes(filled.run(), "payment_type") == [("I", 1)]
        ((name, blocked),) = filled.bookmark().blocked.items()
        assert name == "design" and is_locked(blocked)
        assert blocked.why == (
            f"public.design cannot be locked for reading: the session {pid} (application forgotten) has its ACCESS "
            "EXCLUSIVE lock, as a schema change, TRUNCATE or LOCK TABLE takes; end its transaction, or SELECT "
            f"pg_terminate_backend({pid})"
        )
        assert filled.run() is None
    filled.sql(insert_designs(301, 301))
    manifest = filled.run()
    assert filled.changes(manifest, "design") == [("I", 301)] and not filled.bookmark().blocked
    assert state_of(manifest).why == "it could not be captured from batch 2 on"


def test_a_session_that_waits_for_a_lock_lets_nobody_past_and_is_named(filled: Source) -> None:
    with holding(filled, "SELECT FROM design"):
        waiting = filled.connect(autocommit=False)
        changing = _in_background(waiting, "ALTER TABLE design ADD COLUMN more int")
        try:
            filled.run()
            pid = waiting.info.backend_pid
            assert f"the session {pid} waits for its" in filled.bookmark().blocked["design"].why
        finally:
            filled.sql(f"SELECT pg_terminate_backend({waiting.info.backend_pid})")
            changing.join()
            waiting.close()


def _in_background(session: Any, statement: str) -> Any:
    def run() -> None:
        with pytest.raises(psycopg2.Error):
            session.cursor().execute(statement)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.3)
    return thread


def test_a_role_with_grants_on_columns_leaves_out_a_locked_table_alone(filled: Source) -> None:
    filled.sql(f"REVOKE SELECT ON design FROM {READER}", GRANT_COLUMNS)
    filled.run()
    with holding(filled, "LOCK TABLE design"):
        manifest = filled.run()
        assert manifest is not None and is_locked(filled.bookmark().blocked["design"])
    assert state_of(filled.run()).why == "it could not be captured from batch 3 on"


def test_many_locks_are_waited_for_no_longer_than_one(filled: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_module, "PATIENT", Patience(tries=1, seconds=1.0))
    locked = [table.name for table in TABLES if table.name != "payment_type"]
    begun = time.monotonic()
    with holding(filled, f"LOCK TABLE {', '.join(locked)}"):
        filled.run()
    assert set(filled.bookmark().blocked) == set(locked)
    assert time.monotonic() - begun < 10


def test_locks_on_all_tables_end_the_run_which_may_be_tried_again(filled: Source) -> None:
    everything = ", ".join(table.name for table in TABLES)
    said = r"RetriableError: public\.\w+ cannot be locked for reading: the session"
    with holding(filled, f"LOCK TABLE {everything}"), pytest.raises(SystemExit, match=said):
        filled.run()


def test_commands_name_table_and_session_and_do_not_hang(filled: Source) -> None:
    filled.sql("ALTER TABLE design ALTER design_name SET DEFAULT 'x'")
    bookmark, begun = Bookmark.of(filled.log().newest()), time.monotonic()
    with holding(filled, "ALTER TABLE design ADD COLUMN more int") as pid, connect(address_of(filled)) as connection:
        session = Session(connection)
        described = {table.name: table for table in describe(session, ("public",))}
        blocked = blocked_tables(session, TABLES)
        findings = {item.table: item for item in compare_source(session, filled.store, TABLES, bookmark)}
    assert set(blocked) == {"design"} and f"pg_terminate_backend({pid})" in blocked["design"].why
    assert described["design"].problem == blocked["design"].why and len(described) == len(TABLES)
    assert findings["design"].outcome == NOT_CAPTURED and findings["design"].detail == blocked["design"].why
    assert {item.outcome for name, item in findings.items() if name != "design"} == {EQUAL}
    assert time.monotonic() - begun < 20
