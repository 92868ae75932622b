"""What is made of a server's answers: each judgement with both results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest

from tests.unit.doctor.results import outcomes
from totelake.capture.blocked import not_capturable
from totelake.doctor import connection, source, warehouse
from totelake.doctor.connection import Opened, judge_encryption
from totelake.doctor.finding import NOT_CHECKED, examine
from totelake.doctor.role_limits import Limits
from totelake.doctor.warehouse_tables import Relation, judge_tables
from totelake.errors import ConfigurationError, SourceError, WarehouseError
from totelake.lake.records.batch import ServerIdentity
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime.outcome import OK, PROBLEM, WARNING, Result, ok
from totelake.warehouse import session
from totelake.warehouse.compare import Migration, Refusal, Step

PRIMARY = ServerIdentity("7000", 1, False, 10, 150000, "shop", "2026-11-24T12:00:00.000000")
ROLE = source.Role("reader", "reader", False, ())
LIMITS = Limits("role", "shop", False, -1, -1, None)
RIGHTS = warehouse.Rights("loader", "warehouse", False, True, ())
TABLE = Relation("star.dim_date", "loader", True, False, (), ())
STEP, REFUSAL = Step("make star.a", ("CREATE TABLE star.a (b int)",)), Refusal("star.a is no table", "rename it")
AS_WANTED = Migration((), (), is_first=False)
ADDRESS = PostgresAddress("db.example.com", 5432, "shop", "reader", "hunter2")


@pytest.mark.parametrize(
    ("identity", "outcome"),
    [(PRIMARY, OK), (replace(PRIMARY, in_recovery=True), OK), (replace(PRIMARY, system="unknown"), WARNING)],
)
def test_a_server_and_its_position(identity: ServerIdentity, outcome: str) -> None:
    assert outcomes(source.judge_server(identity, "grant it", [])) == [outcome]


def test_functions_that_the_role_may_not_execute_are_named() -> None:
    (found,) = source.judge_server(PRIMARY, "grant it", ["pg_current_wal_flush_lsn()"])
    assert (found.outcome, "pg_current_wal_flush_lsn()" in found.detail, found.remedy) == (WARNING, True, "grant it")


@pytest.mark.parametrize(
    ("feedback", "delays", "outcome"),
    [
        (True, ["30s", "30s"], OK),
        (False, ["-1", "-1"], OK),
        (False, ["-1", "30s"], WARNING),
        (False, ["30s", "30s"], WARNING),
    ],
)
def test_a_standby_that_cancels(feedback: bool, delays: list[str], outcome: str) -> None:
    assert outcomes(source.judge_standby(feedback, delays)) == [outcome]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (ROLE, [OK]),
        (replace(ROLE, current="owner"), [OK]),
        (replace(ROLE, is_superuser=True, changes=("public.a",)), [WARNING]),
        (replace(ROLE, changes=("public.a", "public.b", "public.c", "public.d")), [WARNING]),
    ],
)
def test_a_role(role: source.Role, expected: list[str]) -> None:
    assert outcomes(source.judge_role(role, LIMITS)) == expected


@pytest.mark.parametrize(
    ("changed", "of_source", "of_warehouse"),
    [
        ({}, [OK], [OK]),
        ({"of_role": 9, "of_database": 9, "days": 14}, [OK], [OK]),
        ({"of_role": 8, "of_database": 5}, [OK], [WARNING] * 2),
        ({"of_role": 3}, [OK], [PROBLEM]),
        ({"of_role": 2}, [WARNING], [PROBLEM]),
        ({"of_role": 4}, [OK], [PROBLEM]),
        ({"of_database": 2}, [WARNING], [PROBLEM]),
        ({"of_role": 0, "of_database": 0}, [PROBLEM] * 2, [PROBLEM] * 2),
        ({"days": 13}, [WARNING], [WARNING]),
        ({"of_role": 1, "days": 0}, [WARNING] * 2, [PROBLEM, WARNING]),
        ({"is_superuser": True, "of_role": 0, "of_database": 0}, [OK], [WARNING]),
    ],
)
def test_limits_of_a_role(changed: dict[str, Any], of_source: list[str], of_warehouse: list[str]) -> None:
    limits = replace(LIMITS, **changed)
    assert outcomes(source.judge_role(ROLE, limits)) == of_source
    assert outcomes(warehouse.judge_role(limits)) == of_warehouse


@pytest.mark.parametrize(("name", "outcome"), [("UTF8", OK), ("LATIN1", OK), ("SQL_ASCII", WARNING)])
def test_an_encoding(name: str, outcome: str) -> None:
    assert outcomes(source.judge_encoding(name)) == [outcome]


@pytest.mark.parametrize(
    ("prepared", "running", "expected"),
    [(0, 0, [OK]), (1, 0, [WARNING]), (0, 2, [WARNING]), (1, 1, [WARNING, WARNING])],
)
def test_transactions_that_are_open_for_long(prepared: int, running: int, expected: list[str]) -> None:
    assert outcomes(source.judge_transactions(prepared, running)) == expected


def test_every_blocked_table_is_a_line() -> None:
    blocked = {
        "a": not_capturable(
            "a", "UNLOGGED", "public.a is not logged: a crash empties it; ALTER TABLE public.a SET LOGGED"
        ),
        "b": not_capturable("b", "odd", "public.b is odd"),
    }
    found = list(source.judge_tables(4, blocked, ["public.c"]))
    assert outcomes(found) == [PROBLEM, PROBLEM, WARNING]
    assert (found[0].remedy, found[1].detail) == ("ALTER TABLE public.a SET LOGGED", "public.b is odd")
    assert outcomes(source.judge_tables(4, {}, ())) == [OK]


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        (RIGHTS, []),
        (replace(RIGHTS, in_recovery=True), [PROBLEM]),
        (replace(RIGHTS, makes_schemas=False), [PROBLEM]),
        (replace(RIGHTS, closed=("etl",)), [PROBLEM]),
        (replace(RIGHTS, makes_schemas=False, closed=("etl", "star")), [PROBLEM] * 2),
    ],
)
def test_the_rights_of_the_loader(rights: warehouse.Rights, expected: list[str]) -> None:
    assert outcomes(warehouse.judge_rights(rights)) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [OK]),
        ({"is_owned": False}, [PROBLEM]),
        ({"has_policies": True}, [PROBLEM]),
        ({"closed": ("SELECT", "INSERT")}, [PROBLEM]),
        ({"closed": ("UPDATE",)}, [OK]),
        ({"sequences": ("dim_date_id_seq",)}, [PROBLEM]),
    ],
)
def test_a_table_of_the_warehouse(changed: dict[str, Any], expected: list[str]) -> None:
    found = {TABLE.name: replace(TABLE, **changed)}
    assert outcomes(judge_tables("loader", [TABLE.name], (), AS_WANTED, found, ())) == expected


def test_a_view_has_to_be_the_roles_own_and_nothing_is_written_to_it() -> None:
    view = replace(TABLE, name="star.current_sales", closed=("INSERT", "UPDATE"))
    for is_owned, expected in ((True, [OK]), (False, [PROBLEM])):
        found = {view.name: replace(view, is_owned=is_owned)}
        assert outcomes(judge_tables("loader", (), [view.name], AS_WANTED, found, ())) == expected


@pytest.mark.parametrize(
    ("migration", "expected"),
    [
        (Migration((STEP,), (), is_first=True), [OK]),
        (Migration((STEP, STEP), (), is_first=False), [WARNING]),
        (Migration((), (REFUSAL, REFUSAL), is_first=False), [PROBLEM] * 2),
        (Migration((STEP,), (REFUSAL,), is_first=False), [PROBLEM, WARNING]),
    ],
)
def test_a_warehouse_that_is_not_as_the_contracts(migration: Migration, expected: list[str]) -> None:
    found = list(judge_tables("loader", [TABLE.name], (), migration, {TABLE.name: TABLE}, ()))
    assert outcomes(found) == expected
    if REFUSAL in migration.refusals:
        assert (found[0].detail, found[0].remedy) == ("star.a is no table", "rename it")
    if WARNING in expected:
        assert found[-1].detail.startswith("the warehouse is behind the contracts: make star.a")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, ""),
        ({"server_encoding": "LATIN1"}, "the warehouse has the encoding LATIN1"),
        ({"statement_timeout": "50ms"}, "the warehouse has statement_timeout = 50ms where the load asked for 0"),
        (
            {"default_transaction_isolation": "serializable"},
            "default_transaction_isolation = serializable where the load asked for read committed",
        ),
    ],
)
def test_the_session_of_a_load(changed: dict[str, str], message: str) -> None:
    asked = {name: value.replace("\\ ", " ") for name, value in session._SETTINGS.items()}
    found = list({"server_encoding": "UTF8", **asked, **changed}.values())
    if not message:
        session.refuse_other("the warehouse", found)
        return
    with pytest.raises(WarehouseError, match=message):
        session.refuse_other("the warehouse", found)


@pytest.mark.parametrize(
    ("host", "mode", "is_encrypted", "expected"),
    [
        ("127.0.0.1", "prefer", False, []),
        ("db.example.com", "verify-full", True, []),
        ("db.example.com", "require", True, [WARNING]),
        ("db.example.com", "prefer", False, [WARNING]),
    ],
)
def test_encryption(host: str, mode: str, is_encrypted: bool, expected: list[str]) -> None:
    address = replace(ADDRESS, host=host, sslmode=mode)
    assert outcomes(judge_encryption(address, is_encrypted)) == expected


def asked(opened: Opened) -> list[tuple[str, str, str]]:
    """The connection, and a check that uses it."""
    checks = (("connection", opened.connect), ("more", lambda: opened.ask(lambda _: [ok("seen")])))
    return [(item.check, item.outcome, item.sentence) for item in examine("g", checks)]


@pytest.mark.parametrize("error", [ConfigurationError("there is no secret s; create it"), SourceError("no; mend it")])
def test_without_a_connection_nothing_else_is_checked(error: Exception) -> None:
    def read() -> PostgresAddress:
        raise error

    with ExitStack() as held:
        found = asked(Opened(read, held, ", or ask elsewhere"))
    assert found == [
        ("connection", PROBLEM, f"{error}, or ask elsewhere"),
        ("more", NOT_CHECKED, "there is no connection; see the line above"),
    ]


def test_what_a_server_refuses_is_a_problem_of_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    info = SimpleNamespace(parameter_status=lambda _: "15.4 (Debian)", ssl_in_use=True)
    options: list[str] = []

    @contextmanager
    def connect(address: Any, application: str, asked: str) -> Iterator[Any]:
        options.append(asked)
        yield SimpleNamespace(info=info)

    def refusing(_: Any) -> Iterator[Result]:
        raise psycopg2.OperationalError("server closed the connection")
        yield

    monkeypatch.setattr(connection, "connect", connect)
    with ExitStack() as held:
        opened = Opened(lambda: ADDRESS, held, options="-c x=1")
        assert outcomes(opened.connect()) == [OK]
        found = examine("g", (("one", lambda: opened.ask(refusing)), ("two", lambda: opened.ask(lambda _: [ok("y")]))))
    assert [(item.check, item.outcome) for item in found] == [("one", PROBLEM), ("two", OK)]
    assert found[0].detail.endswith("server closed the connection")
    assert options == ["-c x=1"]
