"""The warehouse's tables made beside a load, and what a server says that does not make them."""

from __future__ import annotations

import contextlib
import re
import time
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest

from tests.conftest import Postgres
from tests.silence import ANSWERED, falling_silent
from totelake.contracts import load_contracts
from totelake.errors import NoAnswerError, RetriableError, TotelakeError, WarehouseError
from totelake.ports import postgres_limits
from totelake.warehouse import ddl, migrate, tables
from totelake.warehouse.compare import Migration, Step

pytestmark = pytest.mark.integration
MADE = "SELECT count(*) FROM pg_namespace WHERE nspname IN ('star', 'etl', 'staging')"


@pytest.fixture
def dsn(postgres: Postgres) -> str:
    return postgres.new_database("totelake_loader")


def made(dsn: str) -> int:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(MADE)
        return int((cursor.fetchone() or (0,))[0])


def test_a_deploy_beside_a_load_waits_for_its_transaction(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []
    with contextlib.closing(psycopg2.connect(dsn)) as load, load.cursor() as cursor:
        cursor.execute(ddl.LOCK)

        def end_the_load(_: float) -> None:
            waited.append(made(dsn))
            if len(waited) == 3:
                load.commit()

        # this module's clock alone: other threads of the process sleep, too
        monkeypatch.setattr(tables, "time", SimpleNamespace(monotonic=time.monotonic, sleep=end_the_load))
        tables.create(dsn, load_contracts())
    assert (waited, made(dsn)) == ([0, 0, 0], 3)
    # the lock ended with the transaction
    tables.create(dsn, load_contracts())
    assert len(waited) == 3


def test_a_deploy_beside_a_load_that_does_not_end_says_whose_it_is(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_TURN", 0.3)
    with contextlib.closing(psycopg2.connect(dsn, application_name="totelake")) as load, load.cursor() as cursor:
        cursor.execute(ddl.LOCK)
        session = load.info.backend_pid
        with pytest.raises(RetriableError) as raised:
            tables.create(dsn, load_contracts())
    assert re.sub(r" for \S+ minutes", "", str(raised.value)) == (
        f"a load has kept the warehouse's tables (session {session}, totelake; if no run owns it: "
        f"SELECT pg_terminate_backend({session})); deploy again when it has ended (`totelake runs`)"
    )
    assert made(dsn) == 0


@pytest.mark.parametrize("after", [1, 3, 9], ids=["after the login", "before the turn", "amid the statements"])
def test_a_deploy_to_a_warehouse_that_falls_silent_ends_and_makes_nothing(
    dsn: str, postgres: Postgres, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_ANSWER", 1.0)
    with (
        falling_silent(("127.0.0.1", postgres.port), after, ANSWERED) as port,
        pytest.raises(NoAnswerError, match="^the warehouse gave no answer within 1 s .*, and deploy again$"),
    ):
        tables.create(dsn.replace(f":{postgres.port}/", f":{port}/"), load_contracts())
    assert made(dsn) == 0


def test_a_warehouse_that_takes_a_connection_and_is_silent_cannot_be_reached(
    dsn: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_limits, "LOGIN", 2)
    with (
        falling_silent(("127.0.0.1", postgres.port), 0) as port,
        pytest.raises(
            WarehouseError, match="^the warehouse cannot be reached: .*timeout expired; .* whether the server ans"
        ),
    ):
        tables.create(dsn.replace(f":{postgres.port}/", f":{port}/"), load_contracts())


@pytest.mark.parametrize(
    ("statement", "kind", "says"),
    [
        ("SELECT pg_terminate_backend(pg_backend_pid())", RetriableError, "the server and the way to it are up"),
        ("DO $$ BEGIN RAISE disk_full; END $$", RetriableError, "make room on the server's disk"),
        ("DO $$ BEGIN RAISE insufficient_privilege; END $$", WarehouseError, "; grant it to totelake_loader$"),
        ("DO $$ BEGIN RAISE read_only_sql_transaction; END $$", WarehouseError, "name the primary"),
        ("CREATE TABLE star.dim_date (a int); CREATE TABLE star.dim_date (a int)", WarehouseError, "see the server's"),
    ],
    ids=["lost", "disk full", "no right", "standby", "another"],
)
def test_an_error_of_the_server_has_the_remedy_of_its_sqlstate(
    dsn: str, statement: str, kind: type[TotelakeError], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> Migration:
        return Migration((Step("fail", ("CREATE SCHEMA star", statement)),), (), is_first=True)

    monkeypatch.setattr(migrate, "migration", failing)
    with pytest.raises(kind, match=f"^the warehouse's tables cannot be created or changed: .*{says}"):
        tables.create(dsn, load_contracts())
    assert made(dsn) == 0
