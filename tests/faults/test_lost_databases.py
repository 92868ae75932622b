"""The source goes away in the middle of a copy, the warehouse in the middle of a load."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from tests.faults.conftest import Fresh
from tests.faults.world import INGEST, JOBS, LOAD, World
from tests.integration.star.samples import SPARK
from totelake.capture.postgres.session import Session
from totelake.contracts import load_contracts
from totelake.warehouse import load as load_job
from totelake.warehouse import publish
from totelake.warehouse.jdbc import Connection

pytestmark = SPARK
LARGE = 150_000


def end_sessions(dsn: str, application: str) -> int:
    """End all sessions of an application in a database, as a server does that fails over; how many."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = %s",
            (application,),
        )
        return int(cursor.fetchone()[0])


class _Cutting:
    """The sink of a COPY that loses its server after some rows."""

    def __init__(self, sink: Any, after: int, cut: Callable[[], None]) -> None:
        self._sink, self._left, self._cut = sink, after, cut

    def write(self, row: bytes) -> int:
        """Pass a row on, and lose the server when it is time."""
        self._left -= 1
        if self._left == 0:
            self._cut()
        return int(self._sink.write(row))


@pytest.mark.parametrize("rows", [1, 5_000])
def test_a_source_that_goes_away_in_mid_copy_loses_and_doubles_nothing(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    world = fresh()
    designs = world.source("SELECT count(*) FROM design")[0][0]
    world.run(INGEST)
    world.source(
        "INSERT INTO design SELECT i, '2024-01-01', 'Wooden', '/usr/' || i, repeat('f', 40), '2024-01-01' "
        f"FROM generate_series({designs + 1}, {LARGE}) AS i"
    )
    world.source("UPDATE sales_order SET units_sold = 1")
    ended: list[int] = []
    copy = Session.copy

    def cutting(session: Session, query: Any, sink: Any) -> None:
        cut = _Cutting(sink, rows, lambda: ended.append(end_sessions(world.source_dsn, "totelake")))
        copy(session, query, cut)

    with monkeypatch.context() as patched:
        patched.setattr(Session, "copy", cutting)
        with pytest.raises(
            SystemExit, match=r"^RetriableError: database .*; see that the server and the way to it are up"
        ):
            world.run(INGEST)
    assert (ended, world.newest()) == ([1], 1)
    batch = world.run(INGEST)
    assert {name: item.rows for name, item in batch.tables.items()} == {
        "design": LARGE - designs,
        "sales_order": world.source("SELECT count(*) FROM sales_order")[0][0],
    }


@pytest.fixture
def cut_staging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Staging tables whose writer loses its server at the second row that it writes, of each fact once."""
    create = publish.create_staging

    def cutting(run: str, table: Any) -> str:
        name, statement = publish.staging_name(run, table), create(run, table)
        if table.name != "fact_sales_order":
            return statement
        function = (
            "CREATE FUNCTION staging.cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF nextval('staging.cuts') = 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; "
            "RETURN NEW; END $$"
        )
        trigger = f"CREATE TRIGGER cut BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION staging.cut()"
        return "; ".join([statement, "CREATE SEQUENCE staging.cuts", function, trigger])

    monkeypatch.setattr(publish, "create_staging", cutting)
    yield


def test_a_warehouse_that_goes_away_while_rows_are_staged_applies_nothing(world: World, cut_staging: None) -> None:
    content, batch = world.content(), world.newest() + 1
    world.edit()
    world.chain(JOBS[:-1])
    with pytest.raises(SystemExit, match=r"^RetriableError: the warehouse .*run the job again( when it is up)?$"):
        world.run(LOAD)
    assert world.warehouse("SELECT last_value FROM staging.cuts") == [(2,)]
    assert world.content() == content
    world.warehouse("DROP SEQUENCE staging.cuts CASCADE; DROP FUNCTION staging.cut CASCADE")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(publish, "create_staging", _plain_staging)
        assert world.settle() == {}
    assert world.newest() == batch


_plain_staging = publish.create_staging


STAGED = "SELECT tablename FROM pg_tables WHERE schemaname = 'staging' ORDER BY 1"


@pytest.mark.parametrize("statement", [6, "COMMIT"])
def test_a_warehouse_that_goes_away_while_a_load_is_published_applies_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, statement: int | str
) -> None:
    content, batch = world.content(), world.newest() + 1
    staged = world.warehouse(STAGED)  # a load killed in a test before has left its own
    world.edit()
    world.chain(JOBS[:-1])
    publish_load, run, commit = load_job._Load._publish, Connection.run, Connection.commit
    seen: list[str] = []

    def cut() -> None:
        assert end_sessions(world.warehouse_dsn, "totelake") >= 1

    def cutting_run(connection: Connection, text: str) -> int:
        seen.append(text)
        if len(seen) == statement:
            cut()
        return run(connection, text)

    def cutting_commit(connection: Connection) -> None:
        if statement == "COMMIT":
            cut()
        commit(connection)

    def cutting(load: Any, connection: Connection, loads: Any, failed: Any) -> bool:
        with monkeypatch.context() as patched:
            patched.setattr(Connection, "run", cutting_run)
            patched.setattr(Connection, "commit", cutting_commit)
            return publish_load(load, connection, loads, failed)

    with monkeypatch.context() as patched:
        patched.setattr(load_job._Load, "_publish", cutting)
        with pytest.raises(SystemExit, match=r"^RetriableError: the warehouse .*run the job again( when it is up)?$"):
            world.run(LOAD)
    assert world.content() == content
    assert world.warehouse(STAGED) == staged
    assert world.settle() == {}
    assert world.newest() == batch


def test_a_warehouse_that_goes_away_right_after_the_commit_has_the_load_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.edit()
    world.chain(JOBS[:-1])
    batch, commit, done = world.newest(), Connection.commit, list[int]()

    def cutting(connection: Connection) -> None:
        commit(connection)
        if connection.rows(f"SELECT 1 FROM etl.batch WHERE batch = {batch}") and not done:
            done.append(end_sessions(world.warehouse_dsn, "totelake"))
            commit(connection)

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "commit", cutting)
        with pytest.raises(SystemExit, match=r"^RetriableError: the warehouse .*run the job again( when it is up)?$"):
            world.run(LOAD)
    assert done == [1]
    assert world.warehouse("SELECT count(*) FROM etl.batch WHERE batch = %s", batch) == [
        (len(load_contracts().star_tables()),)
    ]
    assert world.settle() == {}
    assert world.newest() == batch
