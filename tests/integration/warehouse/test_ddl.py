"""The warehouse's tables made beside a load, and what a server says that does not make them."""

from __future__ import annotations

import contextlib
from typing import Any

import psycopg2
import pytest

from tests.conftest import Postgres
from totelake.contracts import load_contracts
from totelake.errors import RetriableError, TotelakeError, WarehouseError
from totelake.warehouse import ddl

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

        monkeypatch.setattr(ddl.time, "sleep", end_the_load)
        ddl.create(dsn, load_contracts())
    assert (waited, made(dsn)) == ([0, 0, 0], 3)
    # the lock ended with the transaction
    ddl.create(dsn, load_contracts())
    assert len(waited) == 3


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
    def failing(_: Any) -> list[str]:
        return ["CREATE SCHEMA star", statement]

    monkeypatch.setattr(ddl, "statements", failing)
    with pytest.raises(kind, match=f"^the warehouse's tables cannot be created: .*{says}"):
        ddl.create(dsn, load_contracts())
    assert made(dsn) == 0
